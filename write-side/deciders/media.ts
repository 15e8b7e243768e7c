/** Media: the rules of receiving, looking at, attaching and deleting a file. */
import type { Actor, Command } from '../../contracts/aggregate.ts';
import {
  FILES_OF,
  isFiledThing,
  type MediaEvent,
  type MediaRefusal,
  type MediaRequest,
  type MediaStatus,
  type MediaSubject,
  mayReadFile,
  mayWithFilesOf,
  type PictureSize,
  streamOfSubject,
} from '../../contracts/media.ts';
import type { FiledThing } from '../../contracts/media-kinds.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import { decider, type Facts } from '../decider.ts';
import { isDue, isOver } from './due.ts';
import type { UserState } from './user.ts';

export interface MediaState {
  exists: boolean;
  status: MediaStatus;
  maker: string;
  of: MediaSubject;
  name: string;
  type: string;
  bytes: number;
  /** SHA-256 of the bytes as they came, in hexadecimal. */
  sha256: string;
  access: 'private' | 'public';
  /** The sizes that were made of a picture. */
  sizes: readonly PictureSize[];
  /** The media type of each of them. */
  types: Readonly<Partial<Record<PictureSize, string>>>;
  /** The number of bytes of each of them. */
  lengths: Readonly<Partial<Record<PictureSize, number>>>;
  /** True where a scanner found it clean. */
  scanned: boolean;
  /** True where the bytes of a picture as uploaded were kept when it was ready. */
  kept: boolean;
  /** Number of attempts begun. */
  attempts: number;
  /** Always 0: no operator has a file tried again. */
  forgiven: number;
  /** Number of attempts for whose end the file was not to blame, as when the file store was away. */
  uncounted: number;
  /** The worker that leased the file, and the lease's end (ISO 8601); null without a lease. */
  lease: { worker: string; until: string } | null;
  /** The time before which no attempt may begin (ISO 8601); null: at once. */
  nextAttemptAt: string | null;
}

export const initial: MediaState = {
  exists: false,
  status: 'pending',
  maker: '',
  of: { kind: 'task', id: '' },
  name: '',
  type: '',
  bytes: 0,
  sha256: '',
  access: 'private',
  sizes: [],
  types: {},
  lengths: {},
  scanned: false,
  kept: false,
  attempts: 0,
  forgiven: 0,
  uncounted: 0,
  lease: null,
  nextAttemptAt: null,
};

type Data<T extends MediaEvent['type']> = Extract<MediaEvent, { type: T }>['data'];

/**
 * The commands of the media part: what it received, and what its workers want and found. `attempts`: the most attempts in all; `waited`: the time for
 * which the offer has waited.
 */
export type MediaWorkCommand =
  | Command<'LeaseMedia', { worker: string; until: string; lease: number; waited?: string; attempts: number }>
  | Command<'RenewMedia', { attempt: number; worker: string; until: string; lease: number }>
  | Command<'RenderMedia', Data<'MediaRendered'>>
  | Command<'DeferMedia', Data<'MediaDeferred'>>
  | Command<'RefuseMedia', { attempt: number; rule: MediaRefusal; detail: string }>
  /** `seeing`: the roles whose users may read every task, as this installation has it. */
  | Command<'FinishMedia', Data<'MediaReady'> & { seeing: readonly Role[] }>;
export type MediaCommand =
  | MediaRequest
  | MediaWorkCommand
  /** What a scanner found in a file that was ready before there was one; null: it is clean. */
  | Command<'ScanMedia', { found: string | null }>
  /** `maker` is the actor. */
  | Command<'ReceiveMedia', Omit<Data<'MediaReceived'>, 'maker'>>
  /** What belonged to nothing, or to what was deleted, for too long is deleted; its If-Match is the revision that the sweep saw, so that nothing came between. */
  | Command<'SweepMedia', null>;

type CommandOf<T extends MediaCommand['type']> = Extract<MediaCommand, { type: T }>;
type Decision = MediaEvent[] | Refusal;

const NOT_FOUND: Refusal = { refused: 'not_found', detail: 'There is no such file.' };
const NOT_YOURS: Refusal = {
  refused: 'forbidden',
  detail: 'Only who uploaded it, an admin, or who may change the thing it is on, may do this.',
};
const GONE: Refusal = { refused: 'forbidden', detail: 'This account was deleted: nothing is taken from it any more.' };
const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });

function decide(command: MediaCommand, state: MediaState, facts: Facts): Decision {
  if (command.type === 'ReceiveMedia') return receive(command, state, facts);
  if (!state.exists || state.status === 'deleted') return NOT_FOUND;
  switch (command.type) {
    case 'AttachMedia':
    case 'DetachMedia':
    case 'ChangeMediaAccess':
    case 'DeleteMedia':
      return asked(command, state, facts);
    case 'SweepMedia':
      return isOrphan(state, facts.before) ? [deleted('orphan')] : conflict(`It is ${state.status}.`);
    case 'ScanMedia':
      return scanned(command, state);
    case 'LeaseMedia':
      return lease(command, state);
    default:
      return outcome(command, state, facts);
  }
}

/** True for a file that is on nothing that is there, as things are now: what it is on may have been put back since a sweep found it. */
function isOrphan({ status }: MediaState, thing: unknown): boolean {
  return status === 'detached' || status === 'refused' || (status === 'attached' && !isFiledThing(thing));
}

function receive({ data, actor }: CommandOf<'ReceiveMedia'>, state: MediaState, facts: Facts): Decision {
  if (state.exists) return conflict('This file exists already.');
  // An upload takes long enough for its user to be deleted meanwhile.
  if ((facts.uploader as Partial<UserState> | undefined)?.deleted) return GONE;
  const refused = refusalToAdd(actor, { of: data.of, pointer: `/${data.of.kind}` }, facts.thing);
  return refused ?? [{ type: 'MediaReceived', data: { ...data, maker: actor.id } }];
}

/** The refusal of a file on a thing; undefined where the actor may add it. `pointer`: where the request names the thing; `thing`: the state that decides. */
function refusalToAdd(actor: Actor, { of, pointer }: { of: MediaSubject; pointer: string }, thing: unknown): Refusal | undefined {
  const { kind } = of;
  const may = mayWithFilesOf(actor, of, thing);
  if (!may.read) return nothingThere(kind, pointer, `is no ${kind} that you can read`);
  // A comment is found by the task that is named beside it, whose rights decide.
  if (FILES_OF[kind].holds?.(thing, of.id) === false) return nothingThere(kind, pointer, `is no ${kind} of what is named beside it`);
  return may.attach ? undefined : { refused: 'forbidden', detail: `You may not add files to this ${kind}.` };
}

function nothingThere(kind: MediaSubject['kind'], pointer: string, detail: string): Refusal {
  return { refused: 'invalid', detail: `There is no such ${kind}.`, errors: [{ pointer, detail }] };
}

function asked(command: MediaRequest, state: MediaState, facts: Facts): Decision {
  const { actor } = command;
  // It counts in its maker's room until it is gone, also where they may no longer read what it is on, or that was deleted.
  if (command.type === 'DeleteMedia' && isOwn(actor, state)) return [deleted('asked')];
  if (!mayReadFile(actor, state, facts.before)) return NOT_FOUND;
  if (!isOwn(actor, state) && !mayWithFilesOf(actor, state.of, facts.before).takeAway) return NOT_YOURS;
  switch (command.type) {
    case 'DeleteMedia':
      return [deleted('asked')];
    case 'DetachMedia':
      return state.status === 'attached' ? [detached(state)] : notOnAnything(state);
    case 'ChangeMediaAccess':
      return changeAccess(command, state);
    case 'AttachMedia':
      return attach(command, state, facts);
    default:
      return command satisfies never;
  }
}

function isOwn({ id, role }: Command['actor'], { maker }: MediaState): boolean {
  return role === 'admin' || role === 'system' || id === maker;
}

function changeAccess({ actor, data }: CommandOf<'ChangeMediaAccess'>, state: MediaState): Decision {
  if (!isOwn(actor, state)) return NOT_YOURS;
  return data.access === state.access ? [] : [{ type: 'MediaAccessChanged', data }];
}

function notOnAnything({ status }: MediaState): Decision {
  return status === 'detached' ? [] : conflict(`It is ${status}, and on nothing that it could be taken off.`);
}

function attach({ data: { of }, actor }: CommandOf<'AttachMedia'>, state: MediaState, facts: Facts): Decision {
  const refused = refusalToAdd(actor, { of, pointer: '/of/id' }, facts.thing);
  if (refused) return refused;
  if (state.status === 'pending' || state.status === 'refused') return conflict(`It is ${state.status}; a file is attached when it is ready.`);
  if (state.status !== 'attached') return [{ type: 'MediaAttached', data: { of } }];
  const isThere = streamOfSubject(of) === streamOfSubject(state.of) && of.kind === state.of.kind && of.id === state.of.id;
  return isThere ? [] : [detached(state), { type: 'MediaAttached', data: { of } }];
}

const detached = ({ of }: MediaState): MediaEvent => ({ type: 'MediaDetached', data: { of } });
const deleted = (reason: 'asked' | 'orphan'): MediaEvent => ({ type: 'MediaDeleted', data: { reason } });

function lease({ data, now }: CommandOf<'LeaseMedia'>, state: MediaState): Decision {
  if (state.status !== 'pending') return conflict(`It is ${state.status} already.`);
  if (state.lease && !isOver(state.lease, now, data.waited)) return conflict('Another worker has leased it.');
  if (!isDue(state.nextAttemptAt, now, data.waited)) return conflict('Its next attempt is not due.');
  const { worker, until, lease: length, attempts } = data;
  // Nobody knows why the last attempts had no outcome: a file that kills every worker would otherwise go on for ever.
  if (state.attempts - state.uncounted >= attempts)
    return [{ type: 'MediaRefused', data: { attempt: state.attempts, rule: 'unreadable', detail: NO_OUTCOME } }];
  return [{ type: 'MediaProcessing', data: { attempt: state.attempts + 1, worker, until, lease: length } }];
}

/** A file that is refused stays so, and one that is looked at is scanned by whoever looks at it. */
function scanned({ data: { found } }: CommandOf<'ScanMedia'>, state: MediaState): Decision {
  if (!isReady(state)) return conflict(`It is ${state.status}.`);
  if (found !== null) return [{ type: 'MediaRefused', data: { rule: 'infected', detail: infectedDetail(found) } }];
  return state.scanned ? [] : [{ type: 'MediaScanned', data: {} }];
}

/** True for a file that was looked at to the end and found good, whatever it is on. */
export function isReady({ status }: Pick<MediaState, 'status'>): boolean {
  return status === 'ready' || status === 'attached' || status === 'detached';
}

/** What is told of a file in which a scanner found this. */
export function infectedDetail(found: string): string {
  return `A scanner found ${found} in it.`;
}

const NO_OUTCOME = 'It could not be looked at in several attempts. Save it anew in another program, and upload that.';

function outcome(command: Exclude<MediaWorkCommand, { type: 'LeaseMedia' }>, state: MediaState, facts: Facts): Decision {
  const { data } = command;
  if (state.status !== 'pending' || data.attempt !== state.attempts) return conflict(`Attempt ${data.attempt} is not the one at work.`);
  switch (command.type) {
    case 'RenewMedia':
      return state.lease?.worker === command.data.worker
        ? [{ type: 'MediaProcessing', data: command.data }]
        : conflict('Another worker has leased it.');
    case 'RenderMedia':
      return state.sizes.includes(command.data.size) ? [] : [{ type: 'MediaRendered', data: command.data }];
    case 'DeferMedia':
      return [{ type: 'MediaDeferred', data: command.data }];
    case 'RefuseMedia':
      return [{ type: 'MediaRefused', data: command.data }];
    case 'FinishMedia':
      return finish(command.data, state, facts);
    default:
      return command satisfies never;
  }
}

/**
 * A file that is ready goes on the thing that it was uploaded for, where its maker may add files to that now: while it was looked at, they may have lost
 * the right, or been deleted, and the thing, too. Then it belongs to nothing.
 */
function finish({ seeing, ...data }: CommandOf<'FinishMedia'>['data'], { of, maker }: MediaState, { before, maker: user }: Facts): MediaEvent[] {
  const actor = makerNow(maker, user as UserState | undefined, seeing);
  const type = actor && mayWithFilesOf(actor, of, before).attach ? 'MediaAttached' : 'MediaDetached';
  return [
    { type: 'MediaReady', data },
    { type, data: { of } },
  ];
}

/** Who made a file, as that user is now; null where there is no such user any more. */
function makerNow(id: string, user: UserState | undefined, seeing: readonly Role[]): Actor | null {
  if (!user?.exists || user.deleted) return null;
  return { id, role: user.role, seesAll: seeing.includes(user.role), posts: user.posts };
}

/** The fields of a file on which no worker is at work. */
const idle = { lease: null, nextAttemptAt: null };

export function evolve(state: MediaState, event: MediaEvent): MediaState {
  switch (event.type) {
    case 'MediaReceived': {
      const { maker, of, name, type, bytes, sha256, access } = event.data;
      return { ...initial, exists: true, maker, of, name, type, bytes, sha256, access };
    }
    case 'MediaProcessing': {
      const { attempt, worker, until } = event.data;
      return { ...state, attempts: attempt, lease: { worker, until }, nextAttemptAt: null };
    }
    case 'MediaDeferred':
      return {
        ...state,
        lease: null,
        nextAttemptAt: event.data.nextAttemptAt,
        uncounted: state.uncounted + (event.data.uncounted ? 1 : 0),
      };
    case 'MediaRendered':
      return rendered(state, event.data);
    case 'MediaReady':
      return { ...state, ...idle, status: 'ready', scanned: event.data.scanned, kept: event.data.kept === true };
    case 'MediaScanned':
      return { ...state, scanned: true };
    case 'MediaRefused':
      return { ...state, ...idle, status: 'refused' };
    case 'MediaAttached':
      return { ...state, status: 'attached', of: event.data.of };
    case 'MediaDetached':
      return { ...state, status: 'detached' };
    case 'MediaAccessChanged':
      return { ...state, access: event.data.access };
    case 'MediaDeleted':
      return { ...state, ...idle, status: 'deleted' };
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      event satisfies never;
      return state;
  }
}

function rendered(state: MediaState, { size, type, bytes, scanned }: Data<'MediaRendered'>): MediaState {
  return {
    ...state,
    scanned: state.scanned || scanned === true,
    sizes: [...state.sizes, size],
    types: { ...state.types, [size]: type },
    lengths: { ...state.lengths, [size]: bytes },
  };
}

export const media = decider<MediaState, MediaCommand, MediaEvent>({
  initial,
  stateVersion: 2,
  decide,
  evolve,
  needs: (command, state) => ({
    ...(state.exists ? { before: streamOfSubject(state.of) } : {}),
    ...(command.type === 'ReceiveMedia' && command.actor.role !== 'system' ? { uploader: `user-${command.actor.id}` } : {}),
    ...(command.type === 'FinishMedia' ? { maker: `user-${state.maker}` } : {}),
    ...(command.type === 'ReceiveMedia' || command.type === 'AttachMedia' ? { thing: streamOfSubject(command.data.of) } : {}),
  }),
  topics: (_stream, { before, after, facts }) => {
    const of = [...(before.exists ? [{ of: before.of, thing: facts.before }] : []), { of: after.of, thing: facts.thing ?? facts.before }];
    return [...new Set([`user:${after.maker}`, ...of.flatMap(({ of, thing }) => topicsOf(of, thing))])];
  },
});

function topicsOf(of: MediaSubject, thing: unknown): string[] {
  const state = thing as FiledThing | undefined;
  return state?.exists ? FILES_OF[of.kind].topics(streamOfSubject(of), state) : [];
}
