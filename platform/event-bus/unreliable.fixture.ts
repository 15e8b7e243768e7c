/** For tests: a bus that loses, repeats and reorders the messages of followers, and whose consumers get lost. */
import type { BusMessage, EventBus } from './event-bus.ts';

/** Decides by chance: an endless supply of numbers from 0 (inclusive) to 1 (exclusive). */
export type Chance = () => number;

/** Numbers that are the same for the same seed (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function unreliableBus(bus: EventBus, chance: Chance): EventBus {
  return {
    ...bus,
    follow: async function* (queue, options) {
      const late: BusMessage[] = [];
      for await (const batch of bus.follow(queue, options)) {
        if (batch.length === 0) yield batch;
        yield* inPieces(distorted(batch, late, chance), options.max, chance);
        if (chance() < 0.02) return;
      }
    },
  };
}

/** The messages in batches of at most `max`, sometimes later ones first. */
function* inPieces(messages: BusMessage[], max: number, chance: Chance): Generator<BusMessage[]> {
  while (messages.length > 0) yield messages.splice(chance() < 0.2 ? Math.floor(chance() * messages.length) : 0, max);
}

function distorted(batch: BusMessage[], late: BusMessage[], chance: Chance): BusMessage[] {
  return [...batch.flatMap((message) => garbled(message, late, chance)), ...late.splice(0, chance() < 0.3 ? 1 : 0)];
}

function garbled(message: BusMessage, late: BusMessage[], chance: Chance): BusMessage[] {
  const what = chance();
  if (what < 0.15) return [];
  if (what < 0.3) return [message, message];
  if (what >= 0.45) return [message];
  late.push(message);
  return [];
}
