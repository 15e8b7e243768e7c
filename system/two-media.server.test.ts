/** Two processes of the part media on real servers: what one begins the other has, and one that is killed leaves nothing that the other does not make good. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { halves } from '../media/pictures/pictures.fixture.ts';
import { openFiles } from '../platform/files/open.ts';
import { describeWith, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import { caller, type Reply, type User } from './client.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed, type PartProcess } from './distributed.fixture.ts';
import { upload, uploadPatiently } from './form.fixture.ts';
import { type Program, runProgram, runScript } from './program.fixture.ts';

const DYING = fileURLToPath(new URL('./killed-media.fixture.ts', import.meta.url));
/** A worker's lease of a minute has to run out, on a machine that may be slow. */
const PATIENCE = { timeout: 400_000, interval: 300 };

describeWith([...DISTRIBUTED, versityGw], 'two processes of media', () => {
  const folder = mkdtempSync(join(tmpdir(), 'two-media-'));
  /** A line for each file that a scanner was given: its hash. */
  const scanned = join(folder, 'scanned');
  let bucket: string;
  let system: Distributed;
  let user: User;
  let task: string;
  let one: PartProcess;
  let other: PartProcess;

  beforeAll(async () => {
    const scanner = join(folder, 'scanner');
    writeFileSync(scanned, '');
    writeFileSync(scanner, `#!/bin/sh\nsha256sum < "$1" | cut -c 1-64 >> ${scanned}\n`);
    chmodSync(scanner, 0o700);
    bucket = await versityGw.bucket();
    system = await openDistributed({
      copies: { media: 2 },
      env: {
        // Browsers reach this store, so that files may be posted to it.
        FILES_URL: `${bucket}&public=${new URL(bucket).searchParams.get('endpoint')}`,
        S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
        S3_SECRET_KEY: S3_ACCOUNT.secretKey,
        MEDIA_SCAN: `command:${scanner}`,
      },
    });
    [one, other] = system.of('media') as [PartProcess, PartProcess];
    user = await system.register('Kim');
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  }, 600_000);
  afterAll(async () => {
    await system?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const picture = (width: number) => halves(width, 300).png().toBuffer();
  const send = (to: string, name: string, bytes: Uint8Array, key: string = crypto.randomUUID()) =>
    uploadPatiently({ url: to, user }, { task, file: { name, bytes } }, { headers: { 'idempotency-key': key } });
  const on = ({ url }: PartProcess) => caller(url, user.accessToken);

  async function filesOfTask(): Promise<{ id: string; status: string; sha256: string; name: string }[]> {
    return (await user.ok(`GET /api/media?task=${task}`)).body.items;
  }
  const named = async (name: string) => (await filesOfTask()).filter((file) => file.name === name);
  const attached = (name: string, id: string) => expect.poll(() => named(name), PATIENCE).toMatchObject([{ id, status: 'attached' }]);

  /** The bytes of a file as this process gives them. */
  async function bytesBy(process: PartProcess, id: string, size: string): Promise<string> {
    const { status, body, text } = await on(process)(`GET /api/media/${id}/url${size}`);
    expect(status, text).toBe(200);
    const { pathname, search } = new URL(body.url, process.url());
    const answer = await fetch(`${process.url()}${pathname}${search}`);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer()).toString('base64');
  }

  /** What is in the bucket of a file, and what was posted and not received. */
  async function keys(): Promise<string[]> {
    const files = await openFiles(bucket, { dataDir: '/nowhere', ...S3_ACCOUNT });
    const found: string[] = [];
    for (const area of ['incoming/', 'media/']) for await (const { key } of files.list(area)) found.push(key);
    await files.close();
    return found;
  }
  const keysOf = async (id: string) => (await keys()).filter((key) => key.startsWith(`media/${id}/`)).map((key) => key.split('/')[2]);

  async function expectNoDifference(): Promise<void> {
    const program = runProgram(['media', 'verify'], system.env);
    const { code } = await program.ended;
    expect([code, program.stdout()], program.stderr()).toEqual([0, expect.stringContaining(': 0 differences')]);
  }

  /** A process of media in the other's place that is killed when it has stored an object whose key ends so. */
  function dying(end: string): Program {
    return runScript(DYING, ['media'], { NODE_ENV: 'test', ...system.env, PORT: '0', KILL_AT: end });
  }

  it('both give what either took, and each file was scanned once', { timeout: 500_000 }, async () => {
    const ids = new Map<string, string>();
    for (const [n, to] of [one, other, one, other].entries()) {
      for (const [name, bytes] of [
        [`${n}.png`, await picture(400 + n)],
        [`${n}.txt`, Buffer.from(`the plan ${n}`)],
      ] as const) {
        const answer = await send(to.url(), name, bytes);
        expect(answer.status, answer.text).toBe(202);
        ids.set(name, answer.body.id);
      }
    }
    for (const [name, id] of ids) {
      await attached(name, id);
      const size = name.endsWith('.png') ? '?size=320' : '';
      expect(await bytesBy(one, id, size)).toBe(await bytesBy(other, id, size));
    }
    const hashes = (await filesOfTask()).map(({ sha256 }) => sha256);
    expect(readFileSync(scanned, 'utf8').trim().split('\n').toSorted()).toEqual(hashes.toSorted());
    await expectNoDifference();
  });

  it('receive a posted file once, and answer alike', { timeout: 500_000 }, async () => {
    const bytes = await picture(500);
    const type = 'image/png';
    const offer = (await on(one)('POST /api/media/direct', { name: 'posted.png', type, bytes: bytes.length, task })).body;
    const form = new FormData();
    for (const [field, value] of Object.entries(offer.fields as Record<string, string>)) form.append(field, value);
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), 'posted.png');
    expect((await fetch(offer.url, { method: 'POST', body: form })).ok).toBe(true);
    const finish = async (by: PartProcess): Promise<Reply> => {
      for (;;) {
        const answer = await on(by)('POST /api/media/direct/finish', { ticket: offer.ticket });
        if (answer.status !== 503 && answer.body.status !== 'arriving') return answer;
      }
    };
    for (const { status, body, text } of await Promise.all([finish(one), finish(other)])) expect([status, body.id], text).toEqual([202, offer.id]);
    await attached('posted.png', offer.id);
    expect((await keys()).filter((key) => key.startsWith('incoming/'))).toEqual([]);
    await expectNoDifference();
  });

  it('of which one is killed with half of an upload: sent to the other with the same key it is one file', { timeout: 500_000 }, async () => {
    const { pid } = other.program();
    const spools = () => readdirSync(join(system.env.DATA_DIR ?? '', 'spool')).filter((name) => name.includes(`.${pid}.`));
    const arriving = () => spools().flatMap((name) => readdirSync(join(system.env.DATA_DIR ?? '', 'spool', name)));
    const headers = {
      authorization: `Bearer ${user.accessToken}`,
      'idempotency-key': 'the list, once',
      'content-type': 'multipart/form-data; boundary=b',
    };
    const sending = request(`${other.url()}/api/media?task=${task}`, { method: 'POST', headers });
    const cut = new Promise((resolve) => sending.once('error', resolve).once('response', resolve));
    sending.write('--b\r\nContent-Disposition: form-data; name="file"; filename="list.txt"\r\n\r\nhalf of it');
    await expect.poll(arriving, PATIENCE).toHaveLength(1);
    await other.kill();
    expect(await cut).toBeInstanceOf(Error);
    const before = await keys();
    await expectNoDifference();
    const again = await send(one.url(), 'list.txt', Buffer.from('all of it'), 'the list, once');
    expect(again.status, again.text).toBe(202);
    await attached('list.txt', again.body.id);
    expect((await keys()).length).toBe(before.length + 1);
    await other.start();
    expect(spools()).toEqual([]);
    expect(await bytesBy(other, again.body.id, '')).toBe(Buffer.from('all of it').toString('base64'));
  });

  it('of which one is killed between bytes and event: the other makes one file of them', { timeout: 500_000 }, async () => {
    const third = dying('/original');
    const bytes = await picture(600);
    const cut = await upload(
      { url: await third.url(), user },
      { task, file: { name: 'cut.png', bytes } },
      { headers: { 'idempotency-key': 'cut' } },
    ).catch(() => null);
    expect([cut, (await third.ended).signal]).toEqual([null, 'SIGKILL']);
    expect(await named('cut.png')).toEqual([]);
    const again = await send(one.url(), 'cut.png', bytes, 'cut');
    expect(again.status, again.text).toBe(202);
    expect((await send(other.url(), 'cut.png', bytes, 'cut')).body).toEqual(again.body);
    await attached('cut.png', again.body.id);
    expect(await keysOf(again.body.id)).toEqual(['1024', '320', 'full']);
    await expectNoDifference();
  });

  it('of which one is killed while it makes a picture: another makes it', { timeout: 900_000 }, async () => {
    const third = dying('/320');
    const url = await third.url();
    const taken: string[] = [];
    // Any of the three may make one; so many come until the third has made its first.
    while (third.runs()) {
      const name = `made-${taken.length}.png`;
      const answer = await send(one.url(), name, await picture(700 + taken.length));
      expect(answer.status, answer.text).toBe(202);
      taken.push(name);
      await expect.poll(async () => !third.runs() || (await named(name))[0]?.status === 'attached', PATIENCE).toBe(true);
    }
    expect([(await third.ended).signal, url]).toEqual(['SIGKILL', expect.stringContaining('http')]);
    for (const name of taken) await expect.poll(() => named(name), PATIENCE).toMatchObject([{ status: 'attached' }]);
    await expectNoDifference();
  });

  it('of which one is killed: the other removes what is deleted', { timeout: 500_000 }, async () => {
    const [id = ''] = (await named('0.png')).map((file) => file.id);
    expect(await keysOf(id)).toEqual(['1024', '320', 'full']);
    await one.kill();
    await user.ok(`DELETE /api/media/${id}`);
    await expect.poll(() => keysOf(id), PATIENCE).toEqual([]);
    await one.start();
    const [later = ''] = (await named('1.png')).map((file) => file.id);
    await other.kill();
    await user.ok(`DELETE /api/media/${later}`);
    await expect.poll(() => keysOf(later), PATIENCE).toEqual([]);
    await expectNoDifference();
  });
});
