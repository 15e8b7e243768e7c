/** Everybody who had a role, or had it at a site, right after an event: the question of policies that tell all of them. */
import { isKnown, upcast } from '../contracts/catalog.ts';
import { idOf, type Position, type RecordedEvent } from '../contracts/message.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { holds } from '../platform/followers/checkpoint.ts';
import { openParking } from '../platform/followers/parking.ts';
import type { Condition, Find, ModelState, ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { projectionName } from './projection.ts';
import type { Folded } from './projector.ts';
import { holdsAt, type RoleHolderDocument, type RolePeriod, roleHolders, type Sought } from './projectors/role-holders.ts';
import { workAt } from './projectors/workers.ts';

/** The ids of the users who had the role, or had it at the site, right after the event at the position: in pages, each read when it is asked for. */
export type HoldersAsOf = (sought: Sought, position: Position) => AsyncIterable<string[]>;

export interface HoldersAsOfContext {
  store: EventStore;
  readModels: ReadModels;
  /** Ends the waiting, and the reading before the next page. The error is the signal's reason. */
  signal: AbortSignal;
  /** Milliseconds to wait until the read model has reached the position; default 2,000. */
  patience?: number;
}

/** The read model cannot tell everybody who had the role: it is missing, behind, or waits for a rebuild. Ask again later. */
export class HoldersUnknown extends Error {
  override readonly name = 'HoldersUnknown';
}

const PAGE = 1_000;
const { model } = roleHolders;

/**
 * Opens the question. Answers come from the generation that queries read, once it has reached the position. Of a user whose stream is parked there, the
 * stream itself is asked, for all in it that can be folded: one broken event keeps nobody else's answer waiting.
 *
 *     for await (const userIds of holders({ role: 'security', site }, event.position)) await tell(userIds);
 *
 * Errors: HoldersUnknown, before the first page; those of the read models (NoSuchGeneration where a rebuild was done meanwhile) and of the store.
 */
export function holdersAsOf({ store, readModels, signal, patience = 2_000 }: HoldersAsOfContext): HoldersAsOf {
  async function statePast(position: Position): Promise<ModelState> {
    await orAborted(readModels.reached(model, position, patience), signal);
    signal.throwIfAborted();
    const state = await readModels.state(model);
    const why = reasonAgainst(state, position) ?? ((await ofThisLog(state)) ? undefined : 'is of another log');
    if (state && !why) return state;
    throw new HoldersUnknown(`${model.name} ${why}`);
  }

  const ofThisLog = async (state: ModelState | null) => state !== null && holds(store, state.checkpoint);

  async function page(sought: Sought, generation: number, after: string | undefined): Promise<Stored[]> {
    const find: Find = { where: [everHeld(sought)], sort: [], limit: PAGE };
    return readModels.find(model, generation, after === undefined ? find : { ...find, after: { values: [], id: after } });
  }

  async function holdersIn(found: readonly Stored[], sought: Sought, position: Position): Promise<string[]> {
    const holders: string[] = [];
    for (const { id, document } of found) {
      const { periods, knownFrom } = document as RoleHolderDocument;
      const then = position < knownFrom ? await periodsThen(id, position) : periods;
      if (holdsAt(then, sought, position)) holders.push(id);
    }
    return holders;
  }

  /** The periods that the document had at the position, folded from the user's stream: the document itself no longer keeps them. */
  async function periodsThen(id: string, position: Position): Promise<readonly RolePeriod[]> {
    const isFolded = (event: RecordedEvent) => event.position <= position && roleHolders.events.includes(event.type) && isKnown(event);
    let document: Folded<RoleHolderDocument>;
    for await (const events of store.readStream(`user-${id}`)) {
      for (const event of events.filter(isFolded)) document = foldedOr(document, event);
    }
    return document?.periods ?? [];
  }

  /** The ids of the users whose streams the read model has parked. */
  async function parkedIn({ parked }: ModelState): Promise<ReadonlySet<string>> {
    if (parked === 0) return new Set();
    const parking = await openParking(store, projectionName(model));
    return new Set(parking.list().map(({ stream }) => idOf(stream)));
  }

  async function holdersAmong(ids: ReadonlySet<string>, sought: Sought, position: Position): Promise<string[]> {
    const holders: string[] = [];
    for (const id of [...ids].sort()) if (holdsAt(await periodsThen(id, position), sought, position)) holders.push(id);
    return holders;
  }

  /** The holders by the documents of a generation, but for these users. */
  async function* holdersBut(parked: ReadonlySet<string>, generation: number, sought: Sought, position: Position): AsyncGenerator<string[]> {
    let last: string | undefined;
    do {
      signal.throwIfAborted();
      const found = await page(sought, generation, last);
      last = found.length === PAGE ? found.at(-1)?.id : undefined;
      const whole = found.filter(({ id }) => !parked.has(id));
      yield await holdersIn(whole, sought, position);
    } while (last !== undefined);
  }

  async function* holdersOf(sought: Sought, position: Position): AsyncGenerator<string[]> {
    const state = await statePast(position);
    const parked = await parkedIn(state);
    yield* holdersBut(parked, state.generation, sought, position);
    if (parked.size > 0) yield await holdersAmong(parked, sought, position);
  }

  return async function* (sought, position) {
    for await (const holders of holdersOf(sought, position)) if (holders.length > 0) yield holders;
  };
}

/** The condition of all who ever had what is sought. */
function everHeld({ role, site }: Sought): Condition {
  if (site === undefined) return { field: 'roles', op: 'eq', value: role };
  return { field: 'at', op: 'in', value: [workAt(role, site), workAt(role, '*')] };
}

/** The document after an event; as it was where the event cannot be folded. */
function foldedOr(document: Folded<RoleHolderDocument>, event: RecordedEvent): Folded<RoleHolderDocument> {
  try {
    return roleHolders.evolve(document, upcast(event));
  } catch {
    return document;
  }
}

/** The reason why a read model in this state cannot tell everybody who had a role at the position; undefined where it can. */
function reasonAgainst(state: ModelState | null, position: Position): string | undefined {
  if (!state) return 'is not there yet';
  if (state.version !== model.version) return 'waits for its rebuild';
  return state.checkpoint.position < position ? `is at ${state.checkpoint.position}, not yet at ${position}` : undefined;
}
