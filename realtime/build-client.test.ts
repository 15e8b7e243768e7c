import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KINDS, kinds } from '../contracts/notifications/kinds.ts';
import { buildClient } from './build-client.ts';

it('what is sent to browsers knows every kind, and has no words of mails and no schemas', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pages-'));
  try {
    await buildClient(folder);
    const scripts = (await readdir(join(folder, 'assets'))).filter((name) => name.endsWith('.js'));
    const page = (await Promise.all(scripts.map((name) => readFile(join(folder, 'assets', name), 'utf8')))).join('\n');
    const words = [kinds.confirm_registration.text({ code: '' }).lead, kinds.overdue.inbox.text, 'Why not:', 'ZodObject'];
    expect(KINDS.filter((kind) => page.includes(`${kind}:{aloud:`))).toEqual(KINDS);
    expect(words.filter((one) => page.includes(one))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);
