/** The routes of one's own choices: on which channels one is told of what. */
import { z } from 'zod';
import { CHOOSABLE, type Choices, choicesByKind, defaultChannels } from '../../contracts/notification-choices.ts';
import { CHANNELS, type Channel } from '../../contracts/notifications/kind.ts';
import { type Kind, kinds } from '../../contracts/notifications/kinds.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { idempotencyKey } from '../../platform/http/idempotency.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { stableId } from '../../platform/stable-id.ts';
import { contextOf } from '../../write-side/command-routes.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { limitOfChoices } from './choice-limit.ts';
import { callerIn } from './session-routes.ts';
import type { Users } from './users.ts';

const choice = z.strictObject({
  kind: z.string(),
  words: z.string().meta({ description: 'What it tells, for people.' }),
  channels: z.array(z.enum(CHANNELS)),
  chosen: z.boolean().meta({ description: 'False where these are the channels of the role, and the user has chosen nothing.' }),
});
const choicesView = z.strictObject({
  items: z.array(choice),
  sms: z.enum(['ready', 'needs-phone', 'none']).meta({
    description:
      'What becomes of SMS that are chosen: `ready`; `needs-phone`: none are sent until a phone number is confirmed; `none`: this installation sends none.',
  }),
});

export interface ChoiceRoutesOptions {
  users: Users;
  commands: CommandHandler;
  limits: Limits;
  /** True where this installation sends SMS. */
  sendsSms: boolean;
  hmac(text: string): string;
  now(): Date;
}

/** Routes of the choices of a user. */
export const choiceRoutes: readonly RouteWith<ChoiceRoutesOptions>[] = [
  {
    row: {
      method: 'GET',
      path: '/api/me/notifications',
      who: 'user',
      summary: 'On which channels one is told of what. Confirmations, resets and security notices are not in the list: they cannot be turned off.',
      tag: 'users',
      profile: true,
      response: choicesView,
    },
    answer: async ({ users, sendsSms }, { caller }) => answerOf(await userIn(users, callerIn(caller).id), sendsSms),
  },
  {
    row: {
      method: 'PUT',
      path: '/api/me/notifications',
      who: 'user',
      summary:
        'Choose the channels of kinds of notification; kinds that are not named stay as they are. What happened before is told as it was chosen then.',
      tag: 'users',
      body: choicesByKind,
      response: choicesView,
      example: { comment_added: ['email', 'in-app'], due_soon: [] },
    },
    answer: put,
  },
];

async function put({ users, commands, limits, hmac, now, sendsSms }: ChoiceRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { id, role, seesAll } = callerIn(request.caller);
  const command = {
    ...{ type: 'ChooseNotifications', stream: `user-${id}`, id, data: request.body as Choices },
    commandId: stableId('ChooseNotifications', id, idempotencyKey(request)),
    ...{ actor: { id, role, seesAll }, now: now().toISOString() },
  };
  const limiting = limitOfChoices(limits, id, id);
  await commands.handle(command, { ...contextOf(request, hmac), admit: limiting.admit });
  const answer = answerOf(await userIn(users, id), sendsSms);
  return { ...answer, headers: { ...answer.headers, ...(await limiting.headers()) } };
}

async function userIn(users: Users, id: string) {
  const user = await users.get(id);
  if (!user) throw new ProblemError('not_found', 'You are no user of this installation.');
  return user;
}

function answerOf({ state, revision, position }: { state: UserState; revision: number; position: string }, sendsSms: boolean): Answer {
  const items = CHOOSABLE.map((kind) => ({ kind, words: wordsOf(kind), ...channelsOf(kind, state) }));
  return {
    headers: { ETag: `"${revision}"`, Position: position },
    body: { items, sms: sendsSms ? (state.phone ? 'ready' : 'needs-phone') : 'none' },
  };
}

function channelsOf(kind: Kind, { choices, role }: UserState): { channels: readonly Channel[]; chosen: boolean } {
  const own = choices[kind];
  return { channels: own ?? defaultChannels(kind, role), chosen: own !== undefined };
}

function wordsOf(kind: Kind): string {
  const record: { choice?: string } = kinds[kind];
  return record.choice ?? '';
}
