/** Who may fetch which file now: asked anew with each request, so that a lost right, a deletion or a logout ends every URL. */
import type { Actor } from '../../contracts/aggregate.ts';
import { isFiledThing, mayReadFile, streamOfSubject } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { grantNamed, isSigned, MOST_SECONDS, type ServedSize, type UrlGrant, type UrlQuery } from './signed-url.ts';
import type { UrlKeys } from './url-keys.ts';

/** How a URL's user is found. */
export interface UrlUsers {
  /** Resolves to the user of a session that lives; null where it has ended, or is another's. */
  ofSession(user: string, session: string): Promise<Actor | null>;
  /** Resolves to a user, whose sessions do not matter; null where there is none. */
  ofMail(user: string): Promise<Actor | null>;
}

export interface FetchContext {
  commands: Pick<CommandHandler, 'load'>;
  urlKeys: Pick<UrlKeys, 'verifying'>;
  users: UrlUsers;
  now(): Date;
}

/** The most seconds for which a link in a mail is good. */
export const MAIL_SECONDS = 24 * 3_600;
/** Seconds by which the clocks of two machines may differ before a URL of one is refused by the other. */
const CLOCKS_DIFFER = 5 * 60;

const forbidden = (detail: string) => new ProblemError('forbidden', detail, { headers: { 'Referrer-Policy': 'no-referrer' } });

/** The state of a file as it is now. */
export async function fileState({ commands }: Pick<FetchContext, 'commands'>, id: string): Promise<MediaState> {
  return (await commands.load<MediaState>(`media-${id}`)).state;
}

/** True where the user may read a file as things are now. */
export async function readsFile({ commands }: Pick<FetchContext, 'commands'>, actor: Actor, state: MediaState): Promise<boolean> {
  if (!state.exists || state.status === 'deleted') return false;
  const thing = await commands.load<unknown>(streamOfSubject(state.of));
  return mayReadFile(actor, state, thing.state);
}

/** True where everybody may fetch a file as things are now: a public one, on a thing that is there. One that is on nothing is its maker's alone. */
export async function isForEverybody({ commands }: Pick<FetchContext, 'commands'>, state: MediaState): Promise<boolean> {
  const { exists, access, status, of } = state;
  if (!exists || access !== 'public' || !(status === 'attached' || status === 'ready')) return false;
  return isFiledThing((await commands.load<unknown>(streamOfSubject(of))).state);
}

/** The state of the file that a request may fetch. Errors: ProblemError `forbidden`, and `not_found` without a signature. */
export async function fetched(context: FetchContext, file: { id: string; size: ServedSize }, query: UrlQuery): Promise<MediaState> {
  const isUnsigned = [query.user, query.session, query.expires, query.key, query.signature].every((one) => one === undefined);
  if (isUnsigned && query.disposition !== '') return publicFile(context, file.id);
  const grant = await signedGrant(context, grantNamed(file.id, file.size, query), query);
  const user = await (grant.session === null ? context.users.ofMail(grant.user) : context.users.ofSession(grant.user, grant.session));
  if (!user) throw forbidden('The session for which this address was made has ended.');
  const state = await fileState(context, file.id);
  if (!(await readsFile(context, user, state))) throw forbidden('You may not fetch this file, or it is not there any more.');
  return state;
}

async function publicFile(context: FetchContext, id: string): Promise<MediaState> {
  const state = await fileState(context, id);
  if (await isForEverybody(context, state)) return state;
  throw new ProblemError('not_found', 'There is no such file for everybody.');
}

async function signedGrant(context: FetchContext, grant: UrlGrant | undefined, { key = '', signature }: UrlQuery): Promise<UrlGrant> {
  const known = grant && (await context.urlKeys.verifying(key));
  if (!grant || !known || !isSigned(grant, signature, known)) throw forbidden('This address was not made here, or not for this file.');
  const left = grant.expires - context.now().getTime() / 1_000;
  const most = grant.session === null ? MAIL_SECONDS : MOST_SECONDS;
  if (left <= 0) throw forbidden('This address has ended. Ask for a new one.');
  // The clock was set back meanwhile: the address would end too late by as much.
  if (left > most + CLOCKS_DIFFER) throw forbidden('This address is of a time that has not come. Ask for a new one.');
  return grant;
}
