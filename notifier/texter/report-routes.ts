/** Where a provider says what became of an SMS: signed by it, so anyone may call. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { Answer, Route, RouteRequest } from '../../gateway/route.ts';
import type { CommandHandler } from '../../write-side/decider.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';
import { stableId } from '../../write-side/stable-id.ts';
import { isSignedBy } from './signature.ts';

export interface ReportContext {
  commands: CommandHandler;
  /** The account's token; null where no provider sends SMS: then nobody reports. */
  token: string | null;
  /** Where people, and the provider, reach us; without a slash at the end. */
  publicUrl(): string;
  /** ISO 8601, UTC; injected by tests. */
  now?: () => string;
}

/** The row's path, and the address that a provider is given for a notification. */
const PATH = '/api/notifications/:id/sms-status';
export const reportUrl = (publicUrl: string, id: string) => `${publicUrl}${PATH.replace(':id', id)}`;

/** Words that are the last ones, and whether they mean that it arrived. Others (`queued`, `sending`, `sent`) are on the way there. */
const FINAL: Readonly<Record<string, boolean>> = { delivered: true, read: true, undelivered: false, failed: false };
/** Milliseconds between two looks whether the worker has recorded that it was taken, and looks: providers are fast. */
const LOOK = 100;
const LOOKS = 100;

const fields = z.record(z.string(), z.string());

/** The row. */
export function reportRoutes(context: ReportContext | null): Route[] {
  return [
    {
      method: 'POST',
      path: PATH,
      who: 'anyone',
      summary: 'For the SMS provider: what became of a message. Signed with the account’s token (X-Twilio-Signature).',
      tag: 'notifications',
      body: fields,
      form: true,
      example: { MessageSid: 'SM0123456789abcdef0123456789abcdef', MessageStatus: 'delivered' },
      handle: (request) => (context ? report(request, context) : notHere()),
    },
  ];
}

function notHere(): never {
  throw new ProblemError('not_found', 'Another part takes these reports.');
}

async function report(request: RouteRequest, context: ReportContext): Promise<Answer> {
  const { id = '' } = request.params;
  const form = request.body as z.infer<typeof fields>;
  checkSignature(request, form, context);
  const { MessageSid: sid = '', MessageStatus: status = '', ErrorCode: code } = form;
  const delivered = Object.hasOwn(FINAL, status) ? FINAL[status] : undefined;
  // A word that is not the last one is heard, and changes nothing.
  if (delivered === undefined || !(await isOf(`notification-${id}`, sid, context))) return {};
  const stream = `notification-${id}`;
  const data = { status, delivered, ...(!delivered && code ? { error: `error ${code.slice(0, 20)}` } : {}) };
  const commandId = stableId('sms-status', stream, sid, status);
  const actor = { id: 'provider:sms', role: 'system', seesAll: true } as const;
  const { now = () => new Date().toISOString() } = context;
  await context.commands.handle({ type: 'ReportNotification', stream, id, data, commandId, actor, now: now() }, { correlationId: request.requestId });
  return {};
}

/** By the address that the provider was given, not by the one that this request names. Error: ProblemError `forbidden`. */
function checkSignature({ params, header }: RouteRequest, form: Record<string, string>, { token, publicUrl }: ReportContext): void {
  const url = reportUrl(publicUrl(), params.id ?? '');
  const signature = header('x-twilio-signature') ?? '';
  if (token === null || !isSignedBy(token, { url, form, signature }))
    throw new ProblemError('forbidden', 'This is for the SMS provider, and its signature (X-Twilio-Signature) is missing or wrong.');
}

/**
 * Whether the message is the notification's last one: of an earlier attempt nobody needs to hear. A report may come before the worker has recorded
 * that the message was taken; that is waited for. Errors: ProblemError `not_found`; `unavailable` where it is still at work.
 */
async function isOf(stream: string, sid: string, { commands }: ReportContext): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const { state } = await commands.load<NotificationState>(stream);
    if (!state.exists || state.channel !== 'sms') throw new ProblemError('not_found', 'There is no such SMS.');
    if (state.status !== 'processing') return isLast(sid, state);
    await delay(LOOK);
  }
  throw new ProblemError('unavailable', 'It is still being sent. Report it again.', { headers: { 'Retry-After': '1' } });
}

/** Where a worker died before it could record what the message is called, it is whatever is not known from before. */
function isLast(sid: string, { providerId, formerIds }: NotificationState): boolean {
  return providerId === null ? !formerIds.includes(sid) : providerId === sid;
}
