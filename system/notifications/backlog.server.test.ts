/** A backlog of mails, while the mail server is away, on real servers and with the memory of docker-compose.yml. */
import { expect, it } from 'vitest';
import { describeWith, ferretDb, rabbitMq, redis } from '../../servers/for-tests.fixture.ts';
import { freePort } from '../../servers/free-port.ts';
import { openBacklogRig } from './backlog.fixture.ts';

/** 1,000 in `npm test`, 100,000 in `npm run faults`. */
const COUNT = Number(process.env.BACKLOG ?? 200);

describeWith([rabbitMq, ferretDb, redis], 'a notifier with 128 MB of heap, whose mail server is away', () => {
  it(`stands with a backlog of ${COUNT} and a kill in between, answers /readyz, and sends each mail once when the mail server is back`, {
    timeout: 600_000 + COUNT * 200,
  }, async () => {
    const rig = await openBacklogRig(await freePort());
    try {
      await rig.send(0, COUNT / 2);
      await rig.killNotifier();
      await rig.send(COUNT / 2, COUNT);
      const { taken } = await rig.startMailServer();
      await expect.poll(() => taken.length, { timeout: 300_000 + COUNT * 100, interval: 500 }).toBeGreaterThanOrEqual(COUNT);
      await rig.settled(COUNT);
      const { silent, figures } = rig.seen();
      process.stdout.write(`${figures(COUNT)}\n`);
      expect(new Set(taken.map(({ to }) => to)).size).toBe(COUNT);
      expect(taken).toHaveLength(COUNT);
      expect(silent).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});
