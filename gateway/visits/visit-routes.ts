/** The routes of visits that are the gateway's, since they give out a code or take one: POST /api/visitors, …/:id/code, POST /api/sites/:id/arrivals. */
import { z } from 'zod';
import type { Actor } from '../../contracts/aggregate.ts';
import { rolesAt } from '../../contracts/post.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { idempotencyKey } from '../../platform/http/idempotency.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { stableId } from '../../platform/stable-id.ts';
import { answerOf, commandAnswer, commandOf, commandRow, contextOf, limitOfCommand } from '../../write-side/command-routes.ts';
import { noSite, type SiteState } from '../../write-side/deciders/site-state.ts';
import { refusalOfNewCode } from '../../write-side/deciders/visit.ts';
import type { VisitState } from '../../write-side/deciders/visit-state.ts';
import { callerIn } from '../identity/session-routes.ts';
import { isInLetters, type VisitCode, type VisitCodes } from './visit-codes.ts';

export interface VisitRoutesOptions {
  commands: CommandHandler;
  codes: VisitCodes;
  limits: Limits;
  hmac(text: string): string;
  now(): Date;
}

const expecting = commandRow('ExpectVisitor');
const { method, path, who, summary, body, example } = expecting.contract;

const code = z
  .strictObject({
    qr: z.string().meta({ description: '128 bits, for a QR code.' }),
    letters: z.string().meta({ description: 'The same in eight letters, to say aloud.' }),
  })
  .meta({ description: 'Good at this site within the time of the visit. It is shown here only: another one ends it.' });
const expectedAnswer = commandAnswer.extend({ code: code.nullable().meta({ description: 'Null where a repeated command comes after the visit.' }) });
const codeAnswer = z.strictObject({ id: z.guid(), code });
const arrival = z.strictObject({ code: z.string().min(1, 'must not be empty').max(100) });

/** The rows, as the docs and the proxy know them. */
export const visitRoutes: readonly RouteWith<VisitRoutesOptions>[] = [
  { row: { method, path, who, summary, tag: 'visitors', body, response: expectedAnswer, example }, answer: expect },
  {
    row: {
      method: 'POST',
      path: '/api/visitors/:id/code',
      who: 'user',
      summary: 'Another code of a visit, as its host or as staff of the site; the one before ends.',
      tag: 'visitors',
      response: codeAnswer,
    },
    answer: renew,
  },
  {
    row: {
      method: 'POST',
      path: '/api/sites/:id/arrivals',
      who: 'user',
      summary:
        'Let somebody in by the code of the visit, in either form, as staff or security of the site. The answer has the id of the visit; a repeat gets the same.',
      tag: 'visitors',
      body: arrival,
      status: 200,
      response: commandAnswer,
      example: { code: 'HBQT-MXKW' },
    },
    answer: arrive,
  },
];

/**
 * Expects somebody, and makes the code once that is recorded: a repeat whose first answer was lost gets another one, which is the one that is good; or none,
 * where who repeats it may not have one any more.
 */
async function expect({ commands, codes, limits, hmac, now }: VisitRoutesOptions, request: RouteRequest): Promise<Answer> {
  const command = commandOf(expecting, request, () => now().toISOString());
  const limiting = limitOfCommand(expecting.contract, command, { limits, commands });
  const outcome = await commands.handle(command, { ...contextOf(request, hmac), admit: limiting.admit });
  const { state, refused } = await visitForCode(commands, command.stream, { actor: command.actor, now: command.now });
  const made: VisitCode | null = refused ? null : await codes.issue({ id: command.id, ...state });
  const answer = answerOf(expecting, command, outcome);
  return { ...answer, headers: { ...answer.headers, ...limiting.headers(), ...SECRET }, body: { ...(answer.body as object), code: made } };
}

/** An answer that has a code is kept nowhere. */
const SECRET = { 'Cache-Control': 'no-store' };

/** The visit, and the refusal of a code to who wants one. */
async function visitForCode(commands: CommandHandler, visit: string, { actor, now }: { actor: Actor; now: string }) {
  const { state } = await commands.load<VisitState>(visit);
  const site = state.exists ? (await commands.load<SiteState>(`site-${state.site}`)).state : noSite;
  return { state, refused: refusalOfNewCode(actor, state, { site, now }) };
}

async function renew({ commands, codes, limits, now }: VisitRoutesOptions, request: RouteRequest): Promise<Answer> {
  const caller = callerIn(request.caller);
  const id = request.params.id ?? '';
  const { state, refused } = await visitForCode(commands, `visit-${id}`, { actor: caller, now: now().toISOString() });
  if (refused) throw new ProblemError(refused.refused, refused.detail);
  const headers = await limits.consume('stream-commands', `${caller.id} visit-${id}`);
  return { headers: { ...headers, ...SECRET }, body: { id, code: await codes.issue({ id, ...state }) } };
}

async function arrive(options: VisitRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { commands, hmac, now } = options;
  const caller = callerIn(request.caller);
  const site = request.params.id ?? '';
  expectDesk(caller, site);
  const id = await triedAtDesk(options, { desk: `${caller.id} ${site}`, site, code: (request.body as z.infer<typeof arrival>).code });
  if (id === null) throw unknownCode();
  const { role, seesAll, posts } = caller;
  const command = {
    ...{ type: 'ArriveByCode', stream: `visit-${id}`, id, data: null },
    commandId: stableId(caller.id, 'POST', `/api/sites/${site}/arrivals`, idempotencyKey(request)),
    actor: { id: caller.id, role, seesAll, ...(posts ? { posts } : {}) },
    now: now().toISOString(),
  };
  const { revision, position } = await commands.handle(command, contextOf(request, hmac));
  return { headers: { Position: position }, body: { id, revision, position } };
}

/** Only who is at the desk of the site; to whoever has no role there it is no site. */
function expectDesk(caller: Caller, site: string): void {
  const roles: readonly string[] = rolesAt(caller, site);
  if (caller.role === 'admin' || roles.includes('staff') || roles.includes('security')) return;
  if (roles.length === 0) throw new ProblemError('not_found', 'There is no such site.');
  throw new ProblemError('forbidden', 'Only the staff and the security of the site may do this.');
}

/**
 * Resolves to the visit of a code. Wrong ones count for this desk alone, so that nobody locks out another; of letters each counts before it is looked
 * for, so that no number of tries finds one, and those that are right are given back. Error: ProblemError `limited`.
 */
async function triedAtDesk(
  { codes, limits }: Pick<VisitRoutesOptions, 'codes' | 'limits'>,
  { desk, site, code: tried }: { desk: string; site: string; code: string },
): Promise<string | null> {
  const isGuessable = isInLetters(tried);
  if (isGuessable) await limits.consume('visit-codes', desk);
  const found = await codes.find(site, tried);
  if (isGuessable && found !== null) await limits.refund('visit-codes', desk);
  if (!isGuessable && found === null) await limits.consume('visit-codes', desk);
  return found;
}

function unknownCode(): ProblemError {
  return new ProblemError('invalid', 'This is no code of a visit at this site, or it has ended. Look for the visit by the name.', {
    errors: [{ pointer: '/code', detail: 'has ended, was replaced, is of another site, or is not ours' }],
  });
}
