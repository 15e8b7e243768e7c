/** Clients that append to streams and read them at the same time, while the process that has the store is killed and started again. */
import type { NewEvent } from '../../../contracts/message.ts';
import { AppendUnknown, type EventStore, WrongExpectedRevision } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { type AppendAnswer, type Operation, violations } from './history.fixture.ts';

/** A store that may be killed at any moment. */
export interface Mortal {
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendAnswer>;
  /** The ids of a stream's events; undefined where it could not be read. */
  read(stream: string): Promise<string[] | undefined>;
  /** Kills it, and starts it again. */
  killAndStart(): Promise<void>;
}

export interface Work {
  operations: number;
  kills: number;
}

/** What became of it. */
export interface Outcome {
  operations: number;
  streams: number;
  events: number;
  kills: number;
  refused: number;
  unknown: number;
  /** What was not linearizable, by stream. */
  violations: string[];
}

const WRITERS = 8;
/** Streams that all of them work on at the same time, and the number of operations until those are others. */
const STREAMS = 4;
const TOGETHER = 400;

/** What an append to a store was told. */
export async function answerOf(store: EventStore, stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendAnswer> {
  try {
    return await store.append(stream, expected, events);
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return { actual: error.actual };
    return error instanceof AppendUnknown ? 'unknown' : 'nothing';
  }
}

/** The ids of a stream's events. */
export async function idsOf(store: EventStore, stream: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.readStream(stream)) ids.push(...page.map(({ id }) => id));
  return ids;
}

/** Works on a store, then compares what its clients saw with its streams. */
export async function workOn(store: Mortal, { operations, kills }: Work): Promise<Outcome> {
  const seen = new Map<string, Operation[]>();
  const batches = Math.ceil(operations / TOGETHER);
  const streams = Array.from({ length: batches * STREAMS }, () => `task-${crypto.randomUUID()}`);
  let begun = 0;
  let ended = 0;
  let killed = 0;

  async function writer(): Promise<void> {
    /** The revisions that this one knows of: those of others it does not. */
    const known = new Map<string, number>();
    while (begun < operations) {
      const batch = Math.floor(begun++ / TOGETHER);
      const stream = streams[batch * STREAMS + Math.floor(Math.random() * STREAMS)] as string;
      const operation = Math.random() < 0.4 ? await reading(stream, known) : await appending(stream, known);
      ended++;
      if (operation) seen.set(stream, [...(seen.get(stream) ?? []), operation]);
    }
  }

  async function reading(stream: string, known: Map<string, number>): Promise<Operation | undefined> {
    const since = performance.now();
    const read = await store.read(stream);
    if (!read) return undefined;
    known.set(stream, read.length - 1);
    return { begun: since, ended: performance.now(), did: { read } };
  }

  async function appending(stream: string, known: Map<string, number>): Promise<Operation> {
    const expected = known.get(stream) ?? -1;
    const events = Array.from({ length: Math.random() < 0.2 ? 3 : 1 }, () => anEvent());
    const since = performance.now();
    let answer = await store.append(stream, expected, events);
    // Who repeats it learns what became of it, and some do not.
    while (answer === 'unknown' && Math.random() < 0.7) answer = await store.append(stream, expected, events);
    if (typeof answer === 'object') known.set(stream, 'revision' in answer ? answer.revision : answer.actual);
    return { begun: since, ended: performance.now(), did: { append: events.map(({ id }) => id), expected, answer } };
  }

  /** At random moments, one in each part of the work. */
  async function killer(): Promise<void> {
    for (; killed < kills; killed++) {
      const moment = ((killed + Math.random()) / kills) * operations;
      while (ended < moment && ended < operations) await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
      await store.killAndStart();
    }
  }

  await Promise.all([killer(), ...Array.from({ length: WRITERS }, writer)]);
  return { ...(await compared(store, seen)), kills };
}

async function compared(store: Mortal, seen: ReadonlyMap<string, readonly Operation[]>): Promise<Omit<Outcome, 'kills'>> {
  const outcome = { operations: 0, streams: seen.size, events: 0, refused: 0, unknown: 0, violations: [] as string[] };
  for (const [stream, operations] of seen) {
    const log = await store.read(stream);
    if (!log) throw new Error(`${stream} cannot be read`);
    const answers = operations.flatMap(({ did }) => ('append' in did ? did.answer : []));
    outcome.operations += operations.length;
    outcome.events += log.length;
    outcome.unknown += answers.filter((answer) => answer === 'unknown').length;
    outcome.refused += answers.filter((answer) => typeof answer === 'object' && 'actual' in answer).length;
    outcome.violations.push(...violations(log, operations).map((text) => `${stream}: ${text}`));
  }
  return outcome;
}
