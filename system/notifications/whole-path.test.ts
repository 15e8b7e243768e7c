import { afterEach, describe, expect, it, vi } from 'vitest';
import { openHttpTexter } from '../../notifier/texter/http/http.ts';
import { startProvider } from '../../notifier/texter/http/provider.fixture.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { type Chance, chanceOf } from '../../platform/event-bus/unreliable.fixture.ts';
import { type Answer, type Got, type MailServer, notificationHistories, openRig, type Rig, startMailServer } from './whole-path.fixture.ts';

let server: MailServer;
let rig: Rig;

async function begin(answer?: (mail: Got, before: number) => Answer, distort?: (bus: EventBus) => EventBus): Promise<void> {
  server = await startMailServer(answer);
  rig = await openRig(server.url, distort);
}

afterEach(async () => {
  await rig.close();
  await server.stop();
});

/** Offers get lost and come twice. */
function carelessOffers(bus: EventBus, chance: Chance): EventBus {
  return {
    ...bus,
    offer: async (queue, offer) => {
      const what = chance();
      if (what < 0.2) return;
      await bus.offer(queue, offer);
      if (what < 0.4) await bus.offer(queue, offer);
    },
  };
}

const timesById = (mails: readonly Got[]) => [...Map.groupBy(mails, ({ id }) => id).values()].map((some) => some.length);

describe('a task', () => {
  it('becomes a mail to its user that holds its title and description', async () => {
    await begin();
    await rig.startNotifier();
    await rig.makeTask(7, await rig.register(1));
    await rig.decided(2);
    const mail = server.taken.find(({ raw }) => raw.includes('Subject: New task'));
    expect(mail?.to).toBe('person-1@example.org');
    expect(mail?.raw).toContain('Subject: New task: Mend lift 7');
    expect(mail?.raw).toContain('It squeaks on floor 7');
  });
});

describe('invariant 11: one mail for each notification', () => {
  it('whatever offers get lost or come twice, though five workers compete, the window is small and the server is busy now and then', async () => {
    const chance = chanceOf(11);
    const seen = new Set<string>();
    // Each tenth mail is refused for now when it comes first.
    const busy = ({ id }: Got, before: number): Answer => {
      const first = !seen.has(id);
      seen.add(id);
      return first && before % 10 === 0 ? 451 : 'take';
    };
    await begin(busy, (bus) => carelessOffers(bus, chance));
    await rig.startNotifier({ workers: { email: 5 }, window: 12, again: 50 });
    const userIds = await Promise.all([1, 2, 3].map((n) => rig.register(n)));
    await Promise.all(Array.from({ length: 57 }, (_, n) => rig.makeTask(n, userIds[n % 3] as string)));
    await rig.decided(60);
    expect(timesById(server.taken)).toEqual(Array(60).fill(1));
    expect(server.given.length).toBeGreaterThan(60);
  });

  it('also when the notifier ends while mails are under way, and another one takes over', async () => {
    await begin();
    const [first, userId] = await Promise.all([rig.startNotifier(), rig.register(1)]);
    await Promise.all(Array.from({ length: 20 }, (_, n) => rig.makeTask(n, userId)));
    await Promise.all([first.stop(), rig.makeTask(20, userId)]);
    await rig.startNotifier();
    await rig.decided(22);
    expect(timesById(server.taken)).toEqual(Array(22).fill(1));
  });
});

describe('a mail server that hangs', () => {
  it('delays no other channel and no projection, however many mails wait for it', async () => {
    await begin(() => 'hang');
    const provider = await startProvider();
    try {
      await rig.startNotifier({ texter: openHttpTexter({ url: provider.url, from: 'taskledger' }), window: 5, grace: 50 });
      for (let n = 0; n < 30; n++) await rig.send('email', `person-${n}@example.org`, `Mail ${n}`);
      await vi.waitFor(() => expect(server.given.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
      for (let n = 0; n < 20; n++) await rig.send('sms', `+49151000000${n}`, `SMS ${n}`);
      await vi.waitFor(
        async () => {
          const ends = [...(await notificationHistories(rig.store, 'sms')).values()].map((events) => events.at(-1)?.type);
          expect(ends).toEqual(Array(20).fill('NotificationSent'));
        },
        { timeout: 20_000 },
      );
      expect(provider.taken.map(({ body }) => body).toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `SMS ${n}`).toSorted());
      await vi.waitFor(async () =>
        expect((await rig.projections.status()).map(({ lag }) => lag)).toSatisfy((lags: number[]) => lags.every((lag) => lag === 0)),
      );
      expect(server.taken).toEqual([]);
    } finally {
      await provider.stop();
    }
  });
});

describe('no mail is caused', () => {
  it('invariant 7: by what happened before the notifier was first there', async () => {
    await begin();
    const userId = await rig.register(1);
    await rig.makeTask(1, userId);
    await rig.startNotifier();
    await rig.makeTask(2, userId);
    await rig.decided(1);
    expect(server.given.map(({ raw }) => /Subject: (.*)/.exec(raw)?.[1])).toEqual(['New task: Mend lift 2']);
  });

  it('invariants 1 and 7: by a rebuild of the read models, by their loss, nor by a dispatcher that begins without them', async () => {
    await begin();
    const first = await rig.startNotifier();
    const userId = await rig.register(1);
    for (let n = 0; n < 5; n++) await rig.makeTask(n, userId);
    await rig.decided(6);
    for (const { name } of await rig.projections.status()) await rig.projections.rebuild(name, () => {});
    await first.stop();
    await rig.loseReadModels();
    const second = await rig.startNotifier({ again: 20 });
    await rig.makeTask(5, userId);
    await rig.decided(7);
    await second.stop();
    const third = await rig.startNotifier({ again: 20, readModels: await rig.emptyReadModels() });
    await rig.makeTask(6, userId);
    await rig.decided(8);
    await vi.waitFor(() => expect(third.waiting()).toBe(0));
    expect(timesById(server.given)).toEqual(Array(8).fill(1));
  });
});

describe('no event and no line of the log', () => {
  it('holds the code of a confirmation, or the address of anybody but in the person’s own events', async () => {
    // A server that repeats the address in its refusals, and that hangs up; what comes again it takes.
    const seen = new Set<string>();
    await begin(({ id }, before) => {
      const first = !seen.has(id);
      seen.add(id);
      return (first && ([451, 550, 'drop'] as const)[before % 4]) || 'take';
    });
    await rig.startNotifier();
    for (let n = 0; n < 8; n++) await rig.register(n);
    await rig.decided(8);
    expect(rig.codes.length).toBeGreaterThanOrEqual(8);
    const kept: string[] = [...rig.logged];
    for (const log of ['events', 'bookkeeping'] as const)
      for await (const page of rig.store.readAll({ log }))
        kept.push(...page.filter(({ type }) => type !== 'UserCreated').map((one) => JSON.stringify(one)));
    for (const code of rig.codes) expect(kept.filter((line) => line.includes(code))).toEqual([]);
    expect(kept.filter((line) => line.includes('@example.org'))).toEqual([]);
    // Of what the server said its codes are kept.
    expect(kept.some((line) => /"error":"[^"]*\b(451|550)\b/.test(line))).toBe(true);
    expect(server.given.every(({ raw }) => raw.includes('confirm=3Dsecret-') || raw.includes('confirm=secret-'))).toBe(true);
  });
});
