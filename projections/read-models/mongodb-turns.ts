/**
 * Turns: one writer at a time, among all processes, on a server whose updates are no single steps (FerretDB).
 *
 * What such a server does in one step is to insert a document with an _id that must not be there yet. So a turn is a document
 * `<name>/<n>`: who inserts the next number has the turn, unless a higher one is there (then its own knowledge was old). It is given back by
 * marking it free, and the highest is never deleted. A holder says that it lives (`beat`); after three seconds without a beat, counted by
 * answers so that a server that stood still does not look like a dead holder, the next number may be taken over it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Collection, MongoNetworkError } from 'mongodb';
import { type Mutex, mutex } from '../mutex.ts';
import type { MongoServer } from './mongodb-connect.ts';
import { isDuplicate } from './mongodb-errors.ts';

/** Runs work that reads and then writes what is called `name`, while nobody else does. */
export type InTurn = <T>(name: string, work: () => Promise<T>) => Promise<T>;

interface Turn {
  _id: string;
  of: string;
  n: number;
  /** Who has it; null when it is free. */
  holder: string | null;
  beat: number;
}

const POLL = 5;
/** Milliseconds without a beat after which a holder counts as dead; one answer counts as no more than 50. */
const SILENCE = 3_000;
const MOST_PER_ANSWER = 50;
const BEAT = 500;
/** A holder whose last beat is older than this does not trust its turn any more. */
const FRESH = 1_500;

/** Turns on a server that needs them; elsewhere nobody waits. */
export function openTurns({ db, atomic }: Pick<MongoServer, 'db' | 'atomic'>): InTurn {
  if (atomic) return (_, work) => work();
  const turns = db.collection<Turn>('_turns');
  const me = randomUUID();
  const here = new Map<string, Mutex>();

  function mutexOf(name: string): Mutex {
    const known = here.get(name) ?? mutex();
    here.set(name, known);
    return known;
  }

  return (name, work) =>
    mutexOf(name)(async () => {
      const turn = await take(turns, name, me);
      const beating = keepBeating(turns, turn);
      try {
        const result = await work();
        if (!beating.fresh()) throw new MongoNetworkError('the turn to write was lost');
        return result;
      } finally {
        await beating.stop();
        await turns.replaceOne({ _id: turn._id }, { ...turn, holder: null }).catch(() => {});
      }
    });
}

async function take(turns: Collection<Turn>, name: string, me: string): Promise<Turn> {
  for (;;) {
    const before = await untilFree(turns, name);
    const n = (before?.n ?? 0) + 1;
    const turn: Turn = { _id: `${name}/${n}`, of: name, n, holder: me, beat: 0 };
    if (!(await inserted(turns, turn))) continue;
    const highest = await highestOf(turns, name);
    if (highest?.n !== n) {
      await turns.deleteOne({ _id: turn._id });
      continue;
    }
    if (before) await turns.deleteOne({ _id: before._id });
    return turn;
  }
}

async function inserted(turns: Collection<Turn>, turn: Turn): Promise<boolean> {
  try {
    await turns.insertOne(turn);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** The highest turn, as soon as it is free or its holder has been silent for too long. */
async function untilFree(turns: Collection<Turn>, name: string): Promise<Turn | undefined> {
  let silent = 0;
  let seen = '';
  for (let asked = performance.now(); ; asked = performance.now()) {
    const highest = await highestOf(turns, name);
    if (!highest?.holder) return highest;
    const now = `${highest._id} ${highest.beat}`;
    await delay(POLL);
    silent = now === seen ? silent + Math.min(performance.now() - asked, MOST_PER_ANSWER) : 0;
    if (silent > SILENCE) return highest;
    seen = now;
  }
}

async function highestOf(turns: Collection<Turn>, name: string): Promise<Turn | undefined> {
  const all = await turns.find({ of: name }).toArray();
  return all.sort((a, b) => b.n - a.n)[0];
}

/** Says now and then that the holder lives. `stop` resolves when nothing of it is under way any more. */
function keepBeating(turns: Collection<Turn>, turn: Turn): { fresh(): boolean; stop(): Promise<void> } {
  let last = performance.now();
  let beating: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    const sent = performance.now();
    turn.beat++;
    const { matchedCount } = await turns.replaceOne({ _id: turn._id }, { ...turn });
    if (matchedCount === 1) last = sent;
  }

  const timer = setInterval(() => {
    beating = beating.then(beat).catch(() => {});
  }, BEAT);
  return {
    fresh: () => performance.now() - last < FRESH,
    stop: () => {
      clearInterval(timer);
      return beating;
    },
  };
}
