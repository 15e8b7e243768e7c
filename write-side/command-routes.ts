/** HTTP commands: one route for every command of the catalog. */

import { z } from 'zod';
import type { AggregateContract, Command, CommandContract } from '../contracts/aggregate.ts';
import { catalog } from '../contracts/catalog.ts';
import { mailboxOf } from '../contracts/email.ts';
import type { CommandContext, CommandHandler, Outcome } from '../platform/command-handler.ts';
import { badHeader, idempotencyKey } from '../platform/http/idempotency.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import { type LimitPoints, takeTogether } from '../platform/http/limits/together.ts';
import type { Answer, Caller, RouteRequest, RouteRow, RouteWith } from '../platform/http/route.ts';
import { validId } from '../platform/http/validate.ts';
import { stableId } from '../platform/stable-id.ts';
import type { UserState } from './deciders/user.ts';
import { asksToErase, deletionQuery, eraseUser, erasureAnswers, erasureRequest, type UserErasing } from './erase-user.ts';

export interface CommandRouteOptions {
  commands: CommandHandler;
  /** Hashes a text under a key of the installation, so that a body's hash tells nothing about the body. */
  hmac(text: string): string;
  /** The present time in ISO 8601, UTC; injected by tests. */
  now?: () => string;
  /** The limits that a command counts against; missing: it counts against none. */
  limits?: Pick<Limits, 'consume' | 'refund'>;
  /** Rejects with ProblemError `forbidden` unless a caller has proved lately who they are; missing: nobody is asked. */
  expectFresh?(caller: Caller): Promise<void>;
  /** The erasing of people; missing: nobody is erased here, as by an operator’s command. */
  erasing?: UserErasing;
  /** Called after a command changed something. */
  changed?(type: string, id: string): Promise<void> | void;
}

/** The answer of every command. */
export const commandAnswer = z.strictObject({
  id: z.guid().meta({ description: 'The aggregate’s id.' }),
  revision: z.int().nonnegative().meta({ description: 'Its revision; also the ETag.' }),
  position: z.string().meta({ description: 'Position of the last event; give it to a query as Read-After to see this change.' }),
});

/** The answer of a command whose effect comes later. */
export const acceptedAnswer = commandAnswer.extend({ status: z.string().meta({ description: 'Where it stands: what was asked for comes later.' }) });

/** A row of the catalog: a command with its type and its aggregate. */
export interface CommandRow {
  aggregate: AggregateContract;
  type: string;
  contract: CommandContract;
}

/** Commands whose routes are the gateway's: they come with a password, want a fresh login, or to know whether there is an account, or are answered with a code: none of the write side's business. */
const ELSEWHERE: readonly string[] = ['RegisterUser', 'EditUser', 'MakeInvitation', 'ExpectVisitor'];

/** The plurals that are not the category with an s. */
const PLURALS: Readonly<Record<string, string>> = { media: 'media', visit: 'visitors', blocklist: 'visitors' };

/** The routes of all commands of the catalog but those of ELSEWHERE. */
export const commandRoutes: readonly RouteWith<CommandRouteOptions>[] = catalog.flatMap((aggregate) =>
  Object.entries<CommandContract>(aggregate.commands)
    .filter(([type]) => !ELSEWHERE.includes(type))
    .map(([type, contract]) => (type === 'DeleteUser' ? deletionRoute : commandRoute)({ aggregate, type, contract })),
);

/** The row of a command by its type, as `RegisterUser`. */
export function commandRow(type: string): CommandRow {
  const aggregate: AggregateContract | undefined = catalog.find((one) => type in one.commands);
  const contract = aggregate?.commands[type];
  if (!aggregate || !contract) throw new Error(`no such command: ${type}`);
  return { aggregate, type, contract };
}

function commandRoute(command: CommandRow): RouteWith<CommandRouteOptions> {
  const { method, path, who, summary, body, example, audit, unnamed } = command.contract;
  const answered = answeredWith(command.contract);
  return {
    row: {
      method,
      path,
      who,
      summary,
      tag: pluralOf(command.aggregate),
      body,
      ...answered,
      example,
      ...(audit ? { audit } : {}),
      ...(unnamed ? { unnamed } : {}),
    },
    answer: (options, request) => carryOut(command, options, request),
  };
}

/** The status and schema of a command's answer. */
function answeredWith({ accepted, makes }: CommandContract): Pick<RouteRow, 'status' | 'response'> {
  if (accepted) return { status: 202, response: acceptedAnswer };
  if (makes === undefined) return { response: commandAnswer };
  return { response: commandAnswer.extend({ [makes]: z.guid().meta({ description: `The id of the ${makes} that was made.` }) }) };
}

/** The route that deletes a user, and may erase them. */
function deletionRoute(command: CommandRow): RouteWith<CommandRouteOptions> {
  const { row, answer } = commandRoute(command);
  const { contract } = command;
  // A path of its own, so that the Idempotency-Key of a deletion is not that of an erasure.
  const erasing: CommandRow = { ...command, type: 'EraseUser', contract: { ...contract, path: `${contract.path}?erase=true` } };
  return {
    row: { ...row, query: deletionQuery, response: z.union([commandAnswer, ...erasureAnswers]), otherStatus: 202 },
    answer: (options, request) =>
      asksToErase(request) ? eraseUser(options, request, () => carryOut(erasing, options, erasureRequest(request))) : answer(options, request),
  };
}

/** The plural of a category: the group of its rows in the docs, and its path. */
function pluralOf({ category }: AggregateContract): string {
  return PLURALS[category] ?? `${category}s`;
}

async function carryOut(row: CommandRow, options: CommandRouteOptions, request: RouteRequest): Promise<Answer> {
  if (row.contract.fresh && request.caller) await options.expectFresh?.(request.caller);
  const unnamedBy = row.contract.unnamed && options.hmac(`unnamed:${request.caller?.id}`);
  const command = commandOf(row, request, options.now, unnamedBy);
  const limiting = limitOfCommand(row.contract, command, options);
  const outcome = await options.commands.handle(command, { ...contextOf(request, options.hmac), admit: limiting.admit });
  if (outcome.changed) await options.changed?.(row.type, command.id);
  const answer = answerOf(row, command, outcome);
  return { ...answer, headers: { ...answer.headers, ...limiting.headers() } };
}

/** Where the limits of commands are counted, and where their callers' addresses are looked up. */
export type CommandLimits = Pick<CommandRouteOptions, 'limits'> & { commands: Pick<CommandHandler, 'load'> };

/** A command counts once against its caller's limits, however often it is decided anew, and a repeat of it does not count. */
export function limitOfCommand(contract: CommandContract, command: Command, { limits, commands }: CommandLimits) {
  let taken: Promise<Record<string, string>> | undefined;
  let headers: Record<string, string> = {};
  return {
    admit: async () => {
      if (!limits) return;
      taken ??= mailedTo(contract, command, commands).then((mails) => takeTogether(limits, [...mails, ...pointsOf(contract, command)]));
      headers = await taken;
    },
    headers: () => headers,
  };
}

/** What a command takes from the limits, the last being the one that its answer tells of. */
function pointsOf({ limit, limitedWith = () => true, path }: CommandContract, { actor, stream, data }: Command): LimitPoints[] {
  const isLimited = limit && limitedWith(data) && !(limit === 'mails' && isTrusted(actor));
  const own: LimitPoints[] = isLimited ? [{ name: limit, key: actor.id }] : [];
  return path.includes(':id') ? [...own, { name: 'stream-commands', key: `${actor.id} ${stream}` }] : own;
}

/** What a command takes that mails an address which its body names: nothing where that is the caller's own. */
async function mailedTo({ mailsTo }: CommandContract, { actor, data }: Command, commands: CommandLimits['commands']): Promise<LimitPoints[]> {
  if (!mailsTo || isTrusted(actor)) return [];
  const { state } = await commands.load<UserState>(`user-${actor.id}`);
  return mailboxOf(mailsTo(data)) === mailboxOf(state.email) ? [] : [{ name: 'mails', key: actor.id }];
}

const isTrusted = ({ role }: Command['actor']) => role === 'admin' || role === 'service';

/**
 * The command that a request asks for. Its id is made of the caller and the Idempotency-Key: `stranger` tells those apart who are not logged in, by a
 * keyed hash of what only one of them would send; of a caller who is not to be named it is a keyed hash of who that is.
 */
export function commandOf(row: CommandRow, request: RouteRequest, now: () => string = () => new Date().toISOString(), stranger?: string): Command {
  const { contract, type } = row;
  const { category } = row.aggregate;
  const actor = actorOf(request.caller);
  const path = contract.path.replace(/:(\w+)/g, (_, name: string) => idOfPath(request, name));
  const isNameless = request.caller === null || contract.unnamed;
  const asker = isNameless && stranger !== undefined ? ['stranger', stranger] : [actor.id];
  const commandId = stableId(...asker, contract.method, path, idempotencyKey(request));
  const id = request.params.id ?? stableId(commandId, category);
  return {
    type,
    stream: `${category}-${id}`,
    id,
    data: dataOf(contract, request),
    commandId,
    actor,
    now: now(),
    ...(contract.unnamed ? { unnamed: true as const } : {}),
  };
}

/** What the decider gets: the body, and with it the ids of things inside the aggregate that the path names. */
function dataOf({ parameters }: CommandContract, request: RouteRequest): unknown {
  if (!parameters) return request.body ?? null;
  return { ...(request.body as object | undefined), ...Object.fromEntries(parameters.map((name) => [name, idOfPath(request, name)])) };
}

/** An id of the path in lower case, as `:id` is already: the same thing is the same command, however it is written. Error: ProblemError `invalid` (400). */
function idOfPath({ params }: RouteRequest, name: string): string {
  const id = params[name] ?? '';
  return name === 'id' ? id : validId(id);
}

function actorOf(caller: Caller | null): Command['actor'] {
  if (!caller) return { id: 'anonymous', role: 'anonymous', seesAll: false };
  const { id, role, seesAll, posts } = caller;
  return { id, role, seesAll, ...(posts ? { posts } : {}) };
}

/** The context of a command from its request: correlation, the body's keyed hash, If-Match. */
export function contextOf(request: RouteRequest, hmac: (text: string) => string): CommandContext {
  const ifMatch = parseIfMatch(request.header('if-match'));
  const traceparent = request.header('traceparent');
  return {
    correlationId: request.requestId,
    bodyHash: hmac(`body:${JSON.stringify(request.body ?? null)}`),
    ...(ifMatch ? { ifMatch } : {}),
    ...(traceparent && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent) ? { traceparent } : {}),
  };
}

/** The answer to a command: the aggregate's path, revision and position. A POST with a body is answered 201, or 202 where its effect comes later. */
export function answerOf(
  { contract, aggregate }: CommandRow,
  { id, data, commandId }: Pick<Command, 'id' | 'data' | 'commandId'>,
  { revision, position }: Outcome,
): Answer {
  const headers = { Location: `${collectionOf(contract, aggregate)}/${id}`, ETag: `"${revision}"`, Position: position };
  const { makes } = contract;
  const body = { id, revision, position, ...(makes === undefined ? {} : { [makes]: stableId(commandId, makes) }) };
  if (contract.accepted) return { status: 202, headers, body: { ...body, ...contract.accepted(data) } };
  return { status: contract.method === 'POST' && contract.body ? 201 : 200, headers, body };
}

/** The path under which aggregates of a category are read, also for commands below `/api/admin/` and those that end in a verb. */
function collectionOf({ path }: CommandContract, aggregate: AggregateContract): string {
  const collection = `/api/${pluralOf(aggregate).replace('_', '-')}`;
  return path.startsWith(collection) || path.startsWith('/api/admin/') ? collection : (path.split('/:id')[0] ?? path);
}

/** The revisions that If-Match names. Weak tags match none (RFC 9110, 13.1.1); `*` is no condition: a command on nothing is not found anyway. */
function parseIfMatch(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) throw badHeader('If-Match', 'must be an ETag in quotes, like "3", or *');
  return tags.filter((tag) => /^"\d{1,15}"$/.test(tag)).map((tag) => Number(tag.slice(1, -1)));
}
