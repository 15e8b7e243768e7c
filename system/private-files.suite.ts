/** Who fetches a private file, on whatever store: its user, for a while, and nobody else. The address of anybody else is 403, and leads nowhere. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logIn, problemOf, type User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const MINUTE = 60_000;
const PRELOADED = new URL('./movable-clock.fixture.ts', import.meta.url).href;

/** `env`: the variables of the store of files. */
export function describePrivateFiles(store: string, env: () => Promise<Record<string, string>>): void {
  describe(`the address of a private file ${store}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'clock-'));
    const clock = join(folder, 'clock');
    const setClock = (by: number) => writeFileSync(clock, new Uint8Array(new Float64Array([by]).buffer));
    let system: Installation;
    let user: User;
    let task: string;
    let files: [string, string];
    beforeAll(async () => {
      setClock(0);
      system = await openInstallation({ ...(await env()), NODE_OPTIONS: `--import ${PRELOADED}`, CLOCK_FILE: clock });
      user = await system.register('Uma');
      task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
      files = [await picture('hall.png'), await picture('door.png')];
    }, 300_000);
    afterAll(async () => {
      await system?.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Uploads a picture; resolves to its id once it is on the task. */
    async function picture(name: string): Promise<string> {
      const { status, body, text } = await uploadPatiently({ url: system.url(), user }, { task, file: { name, bytes: png(80, 60) } });
      expect(status, text).toBe(202);
      const isThere = async () => expect((await user.ok(`GET /api/media/${body.id}`)).body.status).toBe('attached');
      await vi.waitFor(isThere, { timeout: 100_000, interval: 100 });
      return body.id;
    }
    const addressOf = async (id: string, as = user) => new URL((await as.ok(`GET /api/media/${id}/url?size=320`)).body.url, system.url());

    /** The bytes at an address, or the problem. Nothing but the answer says where a file is. */
    async function fetched(address: URL): Promise<'its bytes' | ReturnType<typeof problemOf>> {
      const first = await fetch(address, { redirect: 'manual' });
      if (first.status >= 400) {
        expect(first.headers.get('location')).toBeNull();
        const text = await first.text();
        return problemOf({ status: first.status, headers: first.headers, text, body: JSON.parse(text) });
      }
      const answer = first.status === 302 ? await fetch(first.headers.get('location') ?? '') : first;
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).toString('latin1', 8, 12)).toBe('WEBP');
      return 'its bytes';
    }
    const refused = { status: 403, code: 'forbidden', pointers: [] };

    it('gives its bytes', async () => {
      expect(await fetched(await addressOf(files[0]))).toBe('its bytes');
    });

    it('is 403 where anything in it is forged, or where it is that of another file, size, user or session', async () => {
      const [good, ofOther] = [await addressOf(files[0]), await addressOf(files[1])];
      const changed = (change: (it: URL) => void) => {
        const it = new URL(good);
        change(it);
        return it;
      };
      const forged: Record<string, URL> = {
        'another file': changed((it) => {
          it.pathname = ofOther.pathname;
        }),
        'another size': changed((it) => {
          it.pathname = it.pathname.replace('/320', '/full');
        }),
        'the signature of another file': changed((it) => it.searchParams.set('signature', ofOther.searchParams.get('signature') ?? '')),
        'a later end': changed((it) => it.searchParams.set('expires', String(Number(it.searchParams.get('expires')) + 300))),
        'no session, as in a mail': changed((it) => it.searchParams.delete('session')),
        'another user': changed((it) => it.searchParams.set('user', system.admin.id)),
        'another way to show it': changed((it) => it.searchParams.set('disposition', 'attachment')),
        'a key that is none': changed((it) => it.searchParams.set('key', 'none')),
        'no signature': changed((it) => it.searchParams.delete('signature')),
      };
      for (const [why, address] of Object.entries(forged)) expect(await fetched(address), why).toEqual(refused);
      expect(await fetched(good)).toBe('its bytes');
    });

    it('is good until its end where the key is changed, and addresses of then are of the new key', async () => {
      const before = await addressOf(files[0]);
      const { key } = (await system.admin.ok('POST /api/admin/media/url-keys')).body;
      const after = await addressOf(files[0]);
      expect([before.searchParams.get('key') === key, after.searchParams.get('key')]).toEqual([false, key]);
      expect([await fetched(before), await fetched(after)]).toEqual(['its bytes', 'its bytes']);
    });

    it('is none without a signature', async () => {
      expect(await fetched(new URL((await addressOf(files[0])).pathname, system.url()))).toMatchObject({ status: 404 });
    });

    it('is 403 for who lost the right, whose session has ended, who was deleted, and once the file is', async () => {
      const resident = await system.register('Rita');
      await system.admin.ok(`PUT /api/users/${resident.id}/role`, { role: 'resident' });
      await user.ok(`PUT /api/tasks/${task}/assignee`, { userId: resident.id });
      const lost = await addressOf(files[0], resident);
      expect(await fetched(lost)).toBe('its bytes');
      await user.ok(`PUT /api/tasks/${task}/assignee`, { userId: null });
      expect(await fetched(lost)).toEqual(refused);

      const again = await logIn(system.url, user);
      const ofSession = await addressOf(files[0], again);
      await again.ok('POST /api/logout');
      expect(await fetched(ofSession)).toEqual(refused);

      const leaving = await system.register('Lea');
      const ofDeleted = await addressOf(files[0], leaving);
      expect(await fetched(ofDeleted)).toBe('its bytes');
      await leaving.ok(`DELETE /api/users/${leaving.id}`);
      expect(await fetched(ofDeleted)).toEqual(refused);

      const ofGone = await addressOf(files[1]);
      await user.ok(`DELETE /api/media/${files[1]}`);
      expect(await fetched(ofGone)).toEqual(refused);
    });

    it('is 403 once it has ended', async () => {
      const address = await addressOf(files[0]);
      expect(await fetched(address)).toBe('its bytes');
      setClock(16 * MINUTE);
      expect(await fetched(address)).toEqual(refused);
    });
  });
}
