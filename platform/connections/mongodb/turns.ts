/**
 * Turns: one writer at a time, among all processes, on a server that does not update in one step (FerretDB).
 *
 * Such a server does insert in one step a document whose _id must not be there yet. So a turn is a document `<name>/<n>`: the process that
 * inserts the next number has the turn, unless a higher one is there (then the process knew an old one). A turn is given back by marking it free,
 * and the highest is never deleted. A holder says that it lives (`beat`); after two seconds without a beat, counted by answers so that a server
 * that stood still does not look like a dead holder, another process may insert the next number. A holder that could not write its beat for
 * 1.2 s writes nothing any more.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoNetworkError } from 'mongodb';
import { type Mutex, mutex } from '../../concurrency/mutex.ts';
import type { MongoServer } from './connect.ts';
import { type HeldTurn, type TurnDocument, takeTurn } from './one-turn.ts';

/** Called before each write: throws, as for a lost connection, where somebody else may have the turn. */
export type StillOurs = () => void;

export interface Turns {
  /**
   * Runs work that reads and then writes the thing called `name`, while no other process does. Before each write the work calls `stillOurs`. `unbroken`
   * is the same object in all turns between which nobody else had one.
   */
  inTurn<T>(name: string, work: (stillOurs: StillOurs, unbroken: object) => Promise<T>): Promise<T>;
  /** `unbroken` of this process's last turn; undefined where it had none, or where there are none. */
  unbroken(name: string): object | undefined;
  /** Gives back the turns that this process holds. */
  close(): Promise<void>;
}

/** Milliseconds that an idle turn is kept for the next work of this process; and those after which a turn is given back to let others have it. */
const IDLE = 10;
const MOST_HELD = 250;
/** Milliseconds that this process then waits before it takes the turn again: long enough for others, who look every 5 ms. */
const AFTER_YOU = 20;

/** Opens the turns of a server; where its updates are atomic, work runs at once. */
export function openTurns({ db, atomic }: Pick<MongoServer, 'db' | 'atomic'>): Turns {
  if (atomic) return { inTurn: (_, work) => work(() => {}, {}), unbroken: () => undefined, close: async () => {} };
  const turns = db.collection<TurnDocument>('_turns');
  const me = randomUUID();
  const keepers = new Map<string, Keeper>();

  function keeperOf(name: string): Keeper {
    const known = keepers.get(name) ?? keep(() => takeTurn(turns, name, me));
    keepers.set(name, known);
    return known;
  }

  return {
    inTurn: (name, work) => keeperOf(name).run(work),
    unbroken: (name) => keepers.get(name)?.unbroken(),
    close: async () => {
      await Promise.all([...keepers.values()].map((keeper) => keeper.giveBack()));
    },
  };
}

interface Keeper {
  run<T>(work: (stillOurs: StillOurs, unbroken: object) => Promise<T>): Promise<T>;
  unbroken(): object | undefined;
  giveBack(): Promise<void>;
}

/** Keeps a turn between pieces of work that follow each other closely: taking it costs more than most of them. */
function keep(take: () => Promise<HeldTurn>): Keeper {
  const one: Mutex = mutex();
  let held: HeldTurn | undefined;
  let idle: NodeJS.Timeout | undefined;
  let heldLong = false;
  let last: { n: number; unbroken: object } | undefined;

  async function giveBack(): Promise<void> {
    const turn = held;
    held = undefined;
    await turn?.giveBack();
  }

  async function ours(): Promise<HeldTurn> {
    if (held && !held.isFresh()) await giveBack();
    if (!held && heldLong) await delay(AFTER_YOU);
    held ??= await taken();
    return held;
  }

  async function taken(): Promise<HeldTurn> {
    const turn = await take();
    last = { n: turn.n, unbroken: last?.n === turn.n - 1 ? last.unbroken : {} };
    return turn;
  }

  async function run<T>(work: (stillOurs: StillOurs, unbroken: object) => Promise<T>): Promise<T> {
    clearTimeout(idle);
    const turn = await ours();
    const stillOurs = () => {
      if (!turn.isFresh()) throw new MongoNetworkError('the turn to write was lost');
    };
    try {
      const result = await work(stillOurs, last?.unbroken ?? {});
      stillOurs();
      return result;
    } finally {
      heldLong = turn.age() > MOST_HELD;
      if (heldLong) await giveBack();
      else idle = setTimeout(() => void one(giveBack), IDLE);
    }
  }

  return { run: (work) => one(() => run(work)), unbroken: () => last?.unbroken, giveBack: () => one(giveBack) };
}
