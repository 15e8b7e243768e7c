/** A history of megabytes, asked for by many at once, through the whole process. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installation, openInstallation } from './system.fixture.ts';

const EDITS = 120;
let system: Installation;
beforeAll(async () => {
  system = await openInstallation();
});
afterAll(() => system?.remove());

it('twenty who ask at once for a history of megabytes get a page of one each, and the process answers others in between', async () => {
  const user = await system.register('Hal');
  const { id } = (await user.ok('POST /api/tasks', { title: 'Long' })).body;
  // Four bytes a character, as large as a description may be.
  for (let n = 0; n < EDITS; n++) await user.ok(`PATCH /api/tasks/${id}`, { description: `${n}`.padStart(4, '0') + '😀'.repeat(4_990) });
  let done = false;
  const asking = Promise.all(Array.from({ length: 20 }, () => user.ok(`GET /api/tasks/${id}/history?limit=1000`))).finally(() => {
    done = true;
  });
  while (!done) expect((await system.call('GET /livez')).status).toBe(200);
  const pages = await asking;
  for (const { text, body } of pages) {
    expect(Buffer.byteLength(text)).toBeLessThan(2_500_000);
    expect(body.items.length).toBeLessThan(EDITS);
    expect(body.next).toEqual(expect.any(String));
  }
});
