/** Everybody who had a role right after an event: the question of policies that tell all of them. */
import { isKnown, upcast } from '../contracts/catalog.ts';
import type { Position, RecordedEvent } from '../contracts/message.ts';
import type { Role } from '../contracts/role.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { holds } from '../platform/followers/checkpoint.ts';
import type { Find, ModelState, ReadModels, Stored } from '../platform/read-models/read-models.ts';
import type { Folded } from './projector.ts';
import { holdsAt, type RoleHolderDocument, type RolePeriod, roleHolders } from './projectors/role-holders.ts';

/** The ids of the users who had the role right after the event at the position: sorted, in pages of at most 1,000, each read when it is asked for. */
export type HoldersAsOf = (role: Role, position: Position) => AsyncIterable<string[]>;

export interface HoldersAsOfContext {
  store: EventStore;
  readModels: ReadModels;
  /** Ends the waiting, and the reading before the next page. The error is the signal's reason. */
  signal: AbortSignal;
  /** Milliseconds to wait until the read model has reached the position; default 2,000. */
  patience?: number;
}

/** The read model cannot tell everybody who had the role: it is missing, behind, or waits for a rebuild or an operator. Ask again later. */
export class HoldersUnknown extends Error {
  override readonly name = 'HoldersUnknown';
}

const PAGE = 1_000;
const { model } = roleHolders;

/**
 * Opens the question. Answers come from the generation that queries read, once it has reached the position.
 *
 *     for await (const userIds of holders('security', event.position)) await tell(userIds);
 *
 * Errors: HoldersUnknown, before the first page; those of the read models (NoSuchGeneration where a rebuild was done meanwhile) and of the store.
 */
export function holdersAsOf({ store, readModels, signal, patience = 2_000 }: HoldersAsOfContext): HoldersAsOf {
  async function generationPast(position: Position): Promise<number> {
    await orAborted(readModels.reached(model, position, patience), signal);
    signal.throwIfAborted();
    const state = await readModels.state(model);
    const why = reasonAgainst(state, position) ?? ((await ofThisLog(state)) ? undefined : 'is of another log');
    if (state && !why) return state.generation;
    throw new HoldersUnknown(`${model.name} ${why}`);
  }

  const ofThisLog = async (state: ModelState | null) => state !== null && holds(store, state.checkpoint);

  async function page(role: Role, generation: number, after: string | undefined): Promise<Stored[]> {
    const find: Find = { where: [{ field: 'roles', op: 'eq', value: role }], sort: [], limit: PAGE };
    return readModels.find(model, generation, after === undefined ? find : { ...find, after: { values: [], id: after } });
  }

  async function holdersIn(found: readonly Stored[], role: Role, position: Position): Promise<string[]> {
    const holders: string[] = [];
    for (const { id, document } of found) {
      const { periods, knownFrom } = document as RoleHolderDocument;
      const then = position < knownFrom ? await periodsThen(id, position) : periods;
      if (holdsAt(then, role, position)) holders.push(id);
    }
    return holders;
  }

  /** The periods that the document had at the position, folded from the user's stream: the document itself no longer keeps them. */
  async function periodsThen(id: string, position: Position): Promise<readonly RolePeriod[]> {
    const isFolded = (event: RecordedEvent) => event.position <= position && roleHolders.events.includes(event.type) && isKnown(event);
    let document: Folded<RoleHolderDocument>;
    for await (const events of store.readStream(`user-${id}`)) {
      for (const event of events.filter(isFolded)) document = roleHolders.evolve(document, upcast(event));
    }
    return document?.periods ?? [];
  }

  return async function* (role, position) {
    const generation = await generationPast(position);
    let last: string | undefined;
    do {
      signal.throwIfAborted();
      const found = await page(role, generation, last);
      last = found.length === PAGE ? found.at(-1)?.id : undefined;
      const holders = await holdersIn(found, role, position);
      if (holders.length > 0) yield holders;
    } while (last !== undefined);
  };
}

/** The reason why a read model in this state cannot tell everybody who had a role at the position; undefined where it can. */
function reasonAgainst(state: ModelState | null, position: Position): string | undefined {
  if (!state) return 'is not there yet';
  if (state.version !== model.version) return 'waits for its rebuild';
  if (state.parked > 0) return 'has streams that wait for an operator';
  return state.checkpoint.position < position ? `is at ${state.checkpoint.position}, not yet at ${position}` : undefined;
}
