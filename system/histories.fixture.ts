/**
 * Random histories of everything in the catalog: commands in any order, decided by the real deciders; and events of other origin
 * (workers, policies, the scheduler, sessions), each where every read model can fold it.
 */
import fc from 'fast-check';
import type { Actor, AggregateContract, Command, CommandContract, DecidedEvent } from '../contracts/aggregate.ts';
import { type Category, catalog, eventContract } from '../contracts/catalog.ts';
import { mediaContract } from '../contracts/media.ts';
import { categoryOf, idOf, type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { ROLES } from '../contracts/role.ts';
import { visitContract } from '../contracts/visit.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { eventId, stableId } from '../platform/stable-id.ts';
import { OutOfPlace } from '../projections/projector.ts';
import { projectors } from '../projections/projectors.ts';
import type { AnyDecider, Facts } from '../write-side/decider.ts';
import { deciders } from '../write-side/deciders.ts';
import { varied } from './varied-data.fixture.ts';

/** One event on its way into a stream of a history. */
export interface Step {
  stream: string;
  expected: number;
  event: NewEvent;
}

const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
/** The ids of streams that commands go to, and that all data names. */
export const IDS: readonly string[] = [1, 2, 3].map(uuid);
/** Streams of events that come from elsewhere: a decider would not have decided just these. */
const ELSEWHERE = [4, 5].map(uuid);
const TIME = '2026-11-21T09:00:00.000Z';
const ADMIN: Actor = { id: '00000000-0000-4000-8000-0000000000ad', role: 'admin', seesAll: true };

/** The next action of a history: a command to an aggregate, or an event from elsewhere. */
interface Action {
  what: 'command' | 'event';
  stream: string;
  type: string;
  data: unknown;
}

function anyOf(what: Action['what'], ids: readonly string[], { category }: AggregateContract, types: [string, fc.Arbitrary<unknown>][]) {
  const weighted = types.map(([type, data], index) => ({
    // The first one begins the aggregate; without it the others come to nothing.
    weight: index === 0 ? 3 : 1,
    arbitrary: fc.record({
      what: fc.constant(what),
      stream: fc.constantFrom(...ids.map((id) => `${category}-${id}`)),
      type: fc.constant(type),
      data,
    }),
  }));
  return fc.oneof(...weighted);
}

const commands = (aggregate: AggregateContract) =>
  anyOf('command', IDS, aggregate, [
    ...(FROM_INSIDE[aggregate.category] ?? []),
    ...Object.entries(aggregate.commands).map(([type, contract]): [string, fc.Arbitrary<unknown>] => [type, dataOf(contract)]),
  ]);

/** What a decider gets of a command: its body, and the ids of things inside the aggregate. */
function dataOf({ body, example, parameters }: CommandContract): fc.Arbitrary<unknown> {
  const sent = body ? varied(body, example, IDS) : fc.constant(null);
  if (!parameters) return sent;
  const named = fc.record(Object.fromEntries(parameters.map((name) => [name, fc.constantFrom(...IDS)])));
  return fc.tuple(sent, named).map(([data, ids]) => ({ ...(data as object | null), ...ids }));
}

const { schema: received, example: receivedExample } = mediaContract.events.MediaReceived;
const { body, example: ofExample } = visitContract.commands.ExpectVisitor;
const { from, until } = ofExample;
/** Commands that are no rows of the catalog, or need more than an example says, of aggregates that begin with one of them. */
const FROM_INSIDE: Readonly<Record<string, [string, fc.Arbitrary<unknown>][]>> = {
  media: [
    ['ReceiveMedia', varied(received, receivedExample, IDS).map((data) => ({ ...(data as object), maker: undefined }))],
    ['LeaseMedia', fc.constant({ worker: 'media-1', until: TIME, lease: 60_000, attempts: 5 })],
    ['FinishMedia', fc.constant({ attempt: 1, scanned: false, seeing: ROLES })],
  ],
  // With whom and when they come as in the example: a unit and a host would have to be of the site.
  visit: [
    ['ExpectVisitor', varied(body, ofExample, IDS).map((data) => ({ ...(data as object), unit: undefined, host: undefined, from, until }))],
    ...(['ArriveByCode', 'MissVisitor', 'EraseVisit'] as const).map((type): [string, fc.Arbitrary<null>] => [type, fc.constant(null)]),
  ],
};
const events = (aggregate: AggregateContract) =>
  anyOf(
    'event',
    ELSEWHERE,
    aggregate,
    Object.entries(aggregate.events).map(([type, { schema, example }]) => [type, varied(schema, example, IDS)]),
  );

const aggregates: readonly AggregateContract[] = catalog;
/** The actions of each category, with their weights. */
const actions = aggregates.map((aggregate) => ({
  category: aggregate.category,
  weighted: [
    ...(Object.keys(aggregate.commands).length > 0 ? [{ weight: 3, arbitrary: commands(aggregate) }] : []),
    { weight: 2, arbitrary: events(aggregate) },
  ],
}));

/** Histories of up to `maxLength` commands and events, of one category or of all. Refused commands, and events out of place, leave nothing. */
export function histories(maxLength = 60, category?: Category): fc.Arbitrary<Step[]> {
  const some = actions.filter((one) => category === undefined || one.category === category);
  const action = fc.oneof(...some.flatMap(({ weighted }) => weighted));
  return fc.array(action, { maxLength, minLength: 1, size: 'max' }).map(happen);
}

function happen(actions: readonly Action[]): Step[] {
  const revisions = new Map<string, number>();
  const states = new Map<string, unknown>();
  const digest = digestion();
  return actions.flatMap(({ what, stream, type, data }, n) => {
    const commandId = stableId('histories', String(n));
    const recorded = (event: DecidedEvent, topics: string[] = [], index = 0): RecordedEvent => {
      const ids = { $correlationId: commandId, $causationId: commandId, commandId };
      const metadata = { ...ids, actor: ADMIN.id, schema: eventContract(event.type)?.version ?? 1, topics };
      const revision = (revisions.get(stream) ?? NO_STREAM) + 1;
      return { id: eventId(commandId, stream, index), ...event, stream, revision, metadata, position: String(n), time: TIME };
    };
    const keep = (event: RecordedEvent): Step => {
      revisions.set(stream, event.revision);
      return { stream, expected: event.revision - 1, event: { id: event.id, type: event.type, data: event.data, metadata: event.metadata } };
    };
    if (what === 'event') {
      const event = recorded({ type, data });
      return digest.takes(event) ? [keep(event)] : [];
    }
    return decided({ type, stream, id: idOf(stream), data, commandId, actor: ADMIN, now: TIME }, states).map(({ event, topics }, index) => {
      const it = recorded(event, topics, index);
      digest.fold(it);
      return keep(it);
    });
  });
}

/** The events that a command adds, with their topics; none where it is refused. */
function decided(command: Command, states: Map<string, unknown>): { event: DecidedEvent; topics: string[] }[] {
  const { stream } = command;
  const decider = deciderOf(stream);
  if (!decider) throw new Error(`no decider for ${stream}`);
  const facts: Facts = {};
  for (const [name, needed] of Object.entries(decider.needs?.(command, states.get(stream) ?? decider.initial) ?? {}))
    facts[name] = states.get(needed) ?? usualState(needed);
  const found = decider.decide(command, states.get(stream) ?? decider.initial, facts);
  if ('refused' in found) return [];
  return found.map((event) => {
    const before = states.get(stream) ?? decider.initial;
    const after = decider.evolve(before, event);
    states.set(stream, after);
    return { event, topics: decider.topics(stream, { before, event, after, facts }) };
  });
}

function deciderOf(stream: string): AnyDecider | undefined {
  return (deciders as Readonly<Record<string, AnyDecider | undefined>>)[categoryOf(stream)];
}

/** Events that an aggregate has, too, before others can name what is in it. */
const FURTHER: Readonly<Record<string, readonly string[]>> = { site: ['AssetKindsSet'] };

/** The state of an aggregate that the history has not: as the examples of its first event, and of those that others need, leave it. */
function usualState(stream: string): unknown {
  const aggregate = aggregates.find(({ category }) => category === categoryOf(stream));
  const [first = ''] = Object.keys(aggregate?.events ?? {});
  const decider = deciderOf(stream);
  return [first, ...(FURTHER[categoryOf(stream)] ?? [])].reduce<unknown>(
    (state, type) => decider?.evolve(state, { type, data: aggregate?.events[type]?.example }),
    decider?.initial,
  );
}

/** All read models, as folds. */
function digestion() {
  const documents = new Map<string, object | null>();
  function after(event: RecordedEvent): [string, object | null][] {
    return projectors.flatMap(({ model, events: types, key, evolve }): [string, object | null][] => {
      const id = types.includes(event.type) ? key(event) : undefined;
      return id === undefined ? [] : [[`${model.name} ${id}`, evolve(documents.get(`${model.name} ${id}`) as never, event)]];
    });
  }
  /** Folds an event. Error: OutOfPlace where a read model cannot digest it. */
  function fold(event: RecordedEvent): void {
    for (const [key, document] of after(event)) documents.set(key, document);
  }
  /** Folds an event where all can digest it; else answers false. */
  function takes(event: RecordedEvent): boolean {
    try {
      fold(event);
      return true;
    } catch (error) {
      if (error instanceof OutOfPlace) return false;
      throw error;
    }
  }
  return { fold, takes };
}

/** Appends a history, event by event. */
export async function append(store: EventStore, history: readonly Step[]): Promise<void> {
  for (const { stream, expected, event } of history) await store.append(stream, expected, [event]);
}
