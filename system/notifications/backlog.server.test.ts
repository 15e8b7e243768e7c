/** A backlog of mails, while the mail server is away, on real servers and with the memory of docker-compose.yml. */
import { it } from 'vitest';
import { describeWith, ferretDb, rabbitMq, redis } from '../../servers/for-tests.fixture.ts';
import { freePort } from '../../servers/free-port.ts';
import { standWithBacklog } from './backlog.fixture.ts';
import { openServersBacklog } from './backlog-servers.fixture.ts';

/** 200 in `npm test`, more in `npm run faults`. */
const COUNT = Number(process.env.BACKLOG_ON_SERVERS ?? 200);

describeWith([rabbitMq, ferretDb, redis], 'a notifier with 128 MB of heap, whose mail server is away', () => {
  it(`stands with a backlog of ${COUNT} and a kill in between, answers /readyz, and sends each mail once when the mail server is back`, {
    timeout: 600_000 + COUNT * 200,
  }, async () => {
    await standWithBacklog(await openServersBacklog(await freePort()), COUNT);
  });
});
