/** The route on which a provider reports the fate of an SMS. Anyone may call it, because the provider signs its reports. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';
import { isAbout, isCutAnew } from './http/report-form.ts';
import { isSignedBy } from './http/signature.ts';

export interface ReportContext {
  commands: CommandHandler;
  /** The tokens of the providers' accounts; none where no provider sends SMS, so that every report is refused. */
  tokens: readonly string[];
  /** The address where people, and the provider, reach us; without a slash at the end. */
  publicUrl(): string;
  /** The present time in ISO 8601, UTC; injected by tests. */
  now?: () => string;
}

const PATH = '/api/notifications/:id/sms-status';
/** The address that a provider is given for its reports of a notification's attempt. */
export const reportUrl = (publicUrl: string, id: string, attempt?: number) =>
  `${publicUrl}${PATH.replace(':id', id)}${attempt === undefined ? '' : `?attempt=${attempt}`}`;

/** The provider's final statuses: true for those of an SMS that arrived. Others (`queued`, `sending`, `sent`) come before a final one. */
const FINAL: Readonly<Record<string, boolean>> = { delivered: true, read: true, undelivered: false, failed: false };
/** Milliseconds between two looks whether the worker has recorded the attempt, and the number of looks: a report may come first. */
const LOOK = 100;
const LOOKS = 100;

const fields = z.record(z.string(), z.string());
const query = z.strictObject({
  attempt: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a number')
    .transform(Number)
    .optional()
    .meta({ description: 'Which attempt it is about; it is part of the address that the provider is given.' }),
});

/** POST /api/notifications/:id/sms-status. */
export const reportRoute: RouteWith<ReportContext> = {
  row: {
    method: 'POST',
    path: PATH,
    who: 'anyone',
    summary: 'For the SMS provider: what became of a message. Signed with the account’s token (X-Twilio-Signature).',
    tag: 'notifications',
    query,
    body: fields,
    form: true,
    example: { MessageSid: 'SM0123456789abcdef0123456789abcdef', MessageStatus: 'delivered' },
  },
  answer: report,
};

async function report(context: ReportContext, request: RouteRequest): Promise<Answer> {
  const { id = '' } = request.params;
  const form = request.body as z.infer<typeof fields>;
  const { attempt } = request.query as z.output<typeof query>;
  checkSignature(request, form, { ...context, attempt });
  if (isCutAnew(form)) throw notTheirs();
  const { MessageSid: sid = '', MessageStatus: status = '', ErrorCode: code } = form;
  const delivered = Object.hasOwn(FINAL, status) ? FINAL[status] : undefined;
  // A status that is not final changes nothing.
  if (delivered === undefined) return {};
  const stream = `notification-${id}`;
  const state = await settled(stream, context);
  if (!concerns({ attempt, sid, delivered }, state)) return {};
  if (!isAbout(form, state, attempt)) throw notTheirs();
  const data = { status, delivered, ...(!delivered && code ? { error: `error ${code.slice(0, 20)}` } : {}) };
  const commandId = stableId('sms-status', stream, sid, status, String(attempt ?? ''));
  const actor = { id: 'provider:sms', role: 'system', seesAll: true } as const;
  const { now = () => new Date().toISOString() } = context;
  await context.commands.handle({ type: 'ReportNotification', stream, id, data, commandId, actor, now: now() }, { correlationId: request.requestId });
  return {};
}

function notTheirs(): ProblemError {
  return new ProblemError('forbidden', 'The signature is right, but the fields are not those of a report of this SMS.');
}

/** Checks the signature for the address that the provider was given, not the one in this request. Error: ProblemError `forbidden`. */
function checkSignature(
  { params, header }: RouteRequest,
  form: Record<string, string>,
  { tokens, publicUrl, attempt }: ReportContext & { attempt: number | undefined },
): void {
  const url = reportUrl(publicUrl(), params.id ?? '', attempt);
  const signature = header('x-twilio-signature') ?? '';
  if (!tokens.some((token) => isSignedBy(token, { url, form, signature })))
    throw new ProblemError('forbidden', 'This is for the SMS provider, and its signature (X-Twilio-Signature) is missing or wrong.');
}

/**
 * The notification's state once no worker is at work on it: a report may come before the worker has recorded that the message was taken.
 * Errors: ProblemError `not_found`; `unavailable` where a worker is at work for longer than ten seconds.
 */
async function settled(stream: string, { commands }: ReportContext): Promise<NotificationState> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const { state } = await commands.load<NotificationState>(stream);
    if (!state.exists || state.channel !== 'sms') throw new ProblemError('not_found', 'There is no such SMS.');
    if (state.status !== 'processing') return state;
    await delay(LOOK);
  }
  throw new ProblemError('unavailable', 'It is still being sent. Report it again.', { headers: { 'Retry-After': '1' } });
}

/**
 * True where a report counts. A failed delivery counts for the last attempt alone, a delivery also for earlier ones, but not for those before an
 * operator's last retry: they may have gone to somebody else.
 */
function concerns({ attempt, sid, delivered }: { attempt: number | undefined; sid: string; delivered: boolean }, state: NotificationState): boolean {
  if (attempt === undefined) return state.providerId === null || state.providerId === sid;
  return delivered ? attempt > state.forgiven : attempt === state.attempts;
}
