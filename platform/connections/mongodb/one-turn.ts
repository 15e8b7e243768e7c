/** One turn (turns.ts): taken, kept alive, given back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { unlessThere } from './insert.ts';

export interface TurnDocument {
  _id: string;
  of: string;
  n: number;
  /** The process that has the turn; null when it is free. */
  holder: string | null;
  beat: number;
}

export interface HeldTurn {
  /** Its number: where it is one more than that of another turn, nobody had one between the two. */
  n: number;
  /** False where the holder could not write its beat for 1.2 s: somebody else may soon take over. */
  isFresh(): boolean;
  /** Milliseconds since the turn was taken. */
  age(): number;
  giveBack(): Promise<void>;
}

/** Milliseconds between two looks at a turn that somebody else has. */
const POLL = 5;
/**
 * Milliseconds without a beat after which a holder counts as dead; each look counts for 100 at most, so that a hung server kills nobody. A standby waits
 * at least so long after a `kill -9`.
 */
const SILENCE = 2_000;
const MOST_PER_ANSWER = 100;
const BEAT = 300;
/** Milliseconds since its last beat within which a holder writes. What is left to SILENCE is for writes on their way. */
const FRESH = 1_200;

/** Waits for the turn called `name` and takes it for the process `me`. */
export async function takeTurn(turns: Collection<TurnDocument>, name: string, me: string): Promise<HeldTurn> {
  const before = await untilFree(turns, name);
  const n = (before?.n ?? 0) + 1;
  const turn: TurnDocument = { _id: `${name}/${n}`, of: name, n, holder: me, beat: 0 };
  const sent = performance.now();
  if (!(await unlessThere(() => turns.insertOne(turn)))) return takeTurn(turns, name, me);
  if ((await highestOf(turns, name))?.n !== n) {
    await turns.deleteOne({ _id: turn._id });
    return takeTurn(turns, name, me);
  }
  if (before) await turns.deleteOne({ _id: before._id });
  return keepAlive(turns, turn, sent);
}

/** The highest turn, as soon as it is free or its holder has been silent for too long. */
async function untilFree(turns: Collection<TurnDocument>, name: string): Promise<TurnDocument | undefined> {
  let silent = 0;
  let seen = '';
  let asked = performance.now();
  for (;;) {
    const highest = await highestOf(turns, name);
    if (!highest?.holder) return highest;
    const now = `${highest._id} ${highest.beat}`;
    silent = now === seen ? silent + Math.min(performance.now() - asked, MOST_PER_ANSWER) : 0;
    if (silent > SILENCE) return highest;
    seen = now;
    asked = performance.now();
    await delay(POLL);
  }
}

async function highestOf(turns: Collection<TurnDocument>, name: string): Promise<TurnDocument | undefined> {
  const all = await turns.find({ of: name }).toArray();
  return all.sort((a, b) => b.n - a.n)[0];
}

function keepAlive(turns: Collection<TurnDocument>, turn: TurnDocument, begun: number): HeldTurn {
  let last = begun;
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
    n: turn.n,
    isFresh: () => performance.now() - last < FRESH,
    age: () => performance.now() - begun,
    giveBack: async () => {
      clearInterval(timer);
      // A beat that came later would make it look held.
      await beating;
      // Where this fails, others wait until the turn has been silent for SILENCE ms.
      await turns.replaceOne({ _id: turn._id }, { ...turn, beat: turn.beat + 1, holder: null }).catch(() => {});
    },
  };
}
