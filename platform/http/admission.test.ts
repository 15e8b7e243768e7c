import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Admission, openAdmission, type RouteGate, type RoutePlace } from './admission.ts';

let refused: string[];
let admission: Admission;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  refused = [];
  admission = openAdmission({ refused: (route) => refused.push(route) });
  return () => vi.useRealTimers();
});

interface Asked {
  /** The places of those that were let in and are not over. */
  places: RoutePlace[];
  /** The number of those that were refused. */
  refused: number;
}

const PRESENT = () => false;

function ask(gate: RouteGate, count: number, isGone = PRESENT): Asked {
  const asked: Asked = { places: [], refused: 0 };
  const refuse = () => asked.refused++;
  for (let n = 0; n < count; n++)
    if (gate.isFull()) refuse();
    else gate.enter({ isGone, begin: (place) => asked.places.push(place), refuse });
  return asked;
}

interface Load {
  seconds: number;
  /** Requests that arrive in a second. */
  arrive: number;
  /** Requests that the server completes in a second, in their order; with 0 those at work stay so for good. */
  complete: number;
  /** Milliseconds that each takes at least. */
  least?: number;
  /** Seconds from the beginning whose requests are not told of. */
  after?: number;
}

const STEP = 10;

/** A server under load. Resolves to the milliseconds from asking to the answer, and from asking to the refusal. */
async function load(gate: RouteGate, { seconds, arrive, complete, least = 0, after = 0 }: Load): Promise<{ took: number[]; waits: number[] }> {
  const took: number[] = [];
  const waits: number[] = [];
  const working: { asked: number; begun: number; place: RoutePlace }[] = [];
  let room = 0;
  const begun = performance.now();
  const tell = (all: number[], asked: number) => {
    if (asked >= begun + after * 1_000) all.push(performance.now() - asked);
  };

  function come(): void {
    const asked = performance.now();
    const refuse = () => tell(waits, asked);
    if (gate.isFull()) refuse();
    else gate.enter({ isGone: PRESENT, begin: (place) => working.push({ asked, begun: performance.now(), place }), refuse });
  }

  async function step(due: number): Promise<void> {
    for (let n = 0; n < due; n++) come();
    // A server is at work for all of the time.
    for (let ms = 0; ms < STEP; ms++) await vi.advanceTimersByTimeAsync(1);
    room = Math.min(room + (complete * STEP) / 1_000, Math.max(1, (complete * STEP) / 1_000));
    for (; room >= 1 && working[0] && performance.now() - working[0].begun >= least; room--) {
      const [{ asked, place }] = working.splice(0, 1) as [(typeof working)[number]];
      place.leave(true);
      tell(took, asked);
    }
  }

  for (let ms = 0; ms < seconds * 1_000; ms += STEP) await step(Math.floor(((ms + STEP) * arrive) / 1_000) - Math.floor((ms * arrive) / 1_000));
  while (complete > 0 && working.length > 0) await step(0);
  return { took, waits };
}

const percentile = (all: readonly number[], share: number) => all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * share)] ?? 0;
const GATE = 'POST /api/tasks';

describe('a burst at an idle process', () => {
  it('is let in whole where it is small', async () => {
    const asked = ask(admission.gate(GATE), 60);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked.places).toHaveLength(60);
  });

  it('waits, and is answered where the server is fast enough', async () => {
    const { took, waits } = await load(admission.gate(GATE), { seconds: STEP / 1_000, arrive: 80_000, complete: 2_000 });
    expect([took.length, waits.length]).toEqual([800, 0]);
  });

  it('is answered or refused within a second or so, and what can be answered by then is', async () => {
    const { took, waits } = await load(admission.gate(GATE), { seconds: STEP / 1_000, arrive: 200_000, complete: 300 });
    expect(Math.max(...waits)).toBeLessThan(1_000);
    expect(Math.max(...took)).toBeLessThan(1_200);
    expect(took.length).toBeGreaterThan(200);
  });

  it('is refused within a second where nothing is answered', async () => {
    const asked = ask(admission.gate(GATE), 2_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked.places.length + asked.refused).toBe(2_000);
    expect(asked.places.length).toBeLessThan(70);
    expect(refused).toHaveLength(asked.refused);
  });

  it('is begun in turns, so that others are heard meanwhile', () => {
    expect(ask(admission.gate(GATE), 60).places).toHaveLength(16);
  });
});

describe('a load of five times what is completed', () => {
  it.each([50, 100, 300])('is answered within a second, at %d a second, and as much as can be', async (complete) => {
    const gate = admission.gate(GATE);
    const { took, waits } = await load(gate, { seconds: 10, arrive: 5 * complete, complete, after: 5 });
    expect(percentile(took, 0.99)).toBeLessThan(1_000);
    expect(percentile(waits, 0.5)).toBeLessThan(150);
    expect(took.length).toBeGreaterThan(5 * complete * 0.9);
  });

  it('leaves a route that is fast as it is', async () => {
    const [crowded, fast] = [admission.gate(GATE), admission.gate('GET /api/tasks')];
    const both = load(crowded, { seconds: 3, arrive: 500, complete: 100 });
    const { took, waits } = await load(fast, { seconds: 3, arrive: 100, complete: 1_000 });
    await both;
    expect([took.length, waits.length]).toEqual([300, 0]);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((route) => route === GATE)).toBe(true);
  });
});

describe('a route that is slow by nature', () => {
  it.each([400, 1_500])('is not crowded where each request takes %d ms and none waits for another', async (least) => {
    const gate = admission.gate(GATE);
    await load(gate, { seconds: 5, arrive: 4, complete: 1_000, least });
    await load(gate, { seconds: 5, arrive: 50, complete: 1_000, least });
    expect(refused).toHaveLength(0);
  });

  it('is never refused while little is at work', async () => {
    const gate = admission.gate(GATE);
    await load(gate, { seconds: 20, arrive: 1, complete: 1_000, least: 7_000 });
    expect(refused).toHaveLength(0);
  });
});

describe('a route whose server is away', () => {
  it('is open again soon after its return, also where those that it has at work stand for good', async () => {
    const gate = admission.gate(GATE);
    await load(gate, { seconds: 2, arrive: 100, complete: 1_000 });
    await load(gate, { seconds: 60, arrive: 20, complete: 0 });
    await load(gate, { seconds: 2, arrive: 100, complete: 1_000 });
    refused = [];
    const { took } = await load(gate, { seconds: 2, arrive: 100, complete: 1_000 });
    expect([took.length, refused.length]).toEqual([200, 0]);
  });

  it('is open again soon after its return where each request failed after a long time', async () => {
    const gate = admission.gate(GATE);
    let before = ask(gate, 100);
    for (let times = 0; times < 20; times++) {
      await vi.advanceTimersByTimeAsync(4_000);
      const now = ask(gate, 100);
      for (const place of before.places) place.leave(false);
      before = now;
    }
    for (const place of before.places) place.leave(false);
    await load(gate, { seconds: 2, arrive: 100, complete: 1_000 });
    refused = [];
    await load(gate, { seconds: 2, arrive: 100, complete: 1_000 });
    expect(refused).toHaveLength(0);
  });
});

describe('a place', () => {
  it('goes to the next one, and to none whose client has gone', async () => {
    const gate = admission.gate(GATE);
    const first = ask(gate, 64);
    await vi.advanceTimersByTimeAsync(10);
    const gone = ask(gate, 10, () => true);
    const last = ask(gate, 1);
    await vi.advanceTimersByTimeAsync(100);
    first.places[0]?.leave(true);
    first.places[0]?.leave(true);
    expect([gone.places.length, gone.refused, last.places.length]).toEqual([0, 10, 1]);
  });

  it('is lent while its request waits for the client, and that counts as no time at work', async () => {
    const gate = admission.gate(GATE);
    for (let n = 0; n < 20; n++) {
      const { places } = ask(gate, 64);
      await vi.advanceTimersByTimeAsync(10);
      const back = places.map((place) => place.lend());
      const others = ask(gate, 60);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(others.places).toHaveLength(60);
      for (const takeBack of back) takeBack();
      for (const place of [...places, ...others.places]) place.leave(true);
    }
    expect(refused).toHaveLength(0);
  });
});
