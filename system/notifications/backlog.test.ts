/** A backlog of mails, while the mail server is away, in one process on embedded stores. */
import { it } from 'vitest';
import { freePort } from '../../servers/free-port.ts';
import { standWithBacklog } from './backlog.fixture.ts';
import { openProcessBacklog } from './backlog-process.fixture.ts';

/** 200 in `npm test`, 100,000 in `npm run faults`. */
const COUNT = Number(process.env.BACKLOG ?? 200);
const HEAP = 256;

it(`one process with ${HEAP} MB of heap stands with a backlog of ${COUNT} and a kill in between, answers /readyz, and sends each mail once when the mail server is back`, {
  timeout: 600_000 + COUNT * 200,
}, async () => {
  await standWithBacklog(await openProcessBacklog(await freePort(), HEAP), COUNT);
});
