/** The link of mails that can be turned off: opened it asks, since mail scanners open links; posted, as by a mail program (RFC 8058), it does it. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CHOOSABLE, defaultChannels } from '../../contracts/notification-choices.ts';
import type { Kind } from '../../contracts/notifications/kinds.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { smallPage } from '../../platform/http/html.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { UNSUBSCRIBE_PATH, unsubscribeLinks } from '../../platform/unsubscribe-link.ts';
import { limitOfChoices } from './choice-limit.ts';
import { SYSTEM_ITSELF } from './record-of-account.ts';
import type { Users } from './users.ts';

export interface UnsubscribeOptions {
  users: Users;
  commands: CommandHandler;
  limits: Limits;
  hmac(text: string): string;
  now(): Date;
}

/** A link that was cut off is told of in the same words as one that is not ours, wherever it was cut. */
const query = z.strictObject({ token: z.string().default('') });

/** Routes of links that stop mails of a kind. */
export const unsubscribeRoutes: readonly RouteWith<UnsubscribeOptions>[] = [
  {
    row: {
      ...{ method: 'GET', path: UNSUBSCRIBE_PATH, who: 'anyone', tag: 'users', query },
      summary: 'A page that asks whether to stop mails of the kind of one that holds this link. Opening it changes nothing.',
    },
    answer: ({ hmac }, request) => {
      tokenIn(request, hmac);
      return page('Stop mails like this one?', '<form method="post"><button name="List-Unsubscribe" value="One-Click">Stop them</button></form>');
    },
  },
  {
    row: {
      ...{ method: 'POST', path: UNSUBSCRIBE_PATH, who: 'anyone', tag: 'users', query, form: 'ignored' },
      summary: 'Stop mails of the kind of one that holds this link, without logging in (RFC 8058). A repeat changes nothing.',
      body: z.record(z.string(), z.string()),
      example: { 'List-Unsubscribe': 'One-Click' },
    },
    answer: stop,
  },
];

async function stop({ users, commands, limits, hmac, now }: UnsubscribeOptions, request: RouteRequest): Promise<Answer> {
  const { userId: id, kind } = tokenIn(request, hmac);
  const user = await users.get(id);
  if (user) {
    const { choices, role } = user.state;
    const channels = (choices[kind] ?? [...defaultChannels(kind, role)]).filter((channel) => channel !== 'email');
    const command = { type: 'ChooseNotifications', stream: `user-${id}`, id, data: { [kind]: channels } };
    const commandId = randomUUID();
    const { admit } = limitOfChoices(limits, SYSTEM_ITSELF.id, id);
    await commands.handle({ ...command, commandId, actor: SYSTEM_ITSELF, now: now().toISOString() }, { correlationId: request.requestId, admit });
  }
  return page('Done', '<p>There will be no more mails like this one. What else you are told of, you choose on your page.</p>');
}

/** The user and the kind of the request's token. Error: ProblemError `invalid`. */
function tokenIn({ query: given }: RouteRequest, hmac: (text: string) => string): { userId: string; kind: Kind } {
  const read = unsubscribeLinks(hmac).read((given as z.infer<typeof query>).token);
  const kind = CHOOSABLE.find((one) => one === read?.kind);
  if (read && kind) return { userId: read.userId, kind };
  throw new ProblemError(
    'invalid',
    'This link is not whole, or not ours. Open it again from the mail, or choose on your page what you are told of by mail.',
    { errors: [{ pointer: '?token', detail: 'is not whole, or not ours' }] },
  );
}

const CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

function page(title: string, body: string): Answer {
  return {
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': CSP, 'Cache-Control': 'no-store' },
    body: smallPage(title, body),
  };
}
