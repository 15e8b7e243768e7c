import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The code that a running installation has, with its texts: no tests, no figures, and none of the programs that are for tests alone. */
const CODE = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file && !/\.(test|suite|fixture)\.tsx?$|^(bench|docs|system|servers)\/|^platform\/event-store\/double\/|^vitest/.test(file))
  .concat('servers/first-start/record.ts', 'servers/first-start/hand-out.ts')
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

const filesWith = (pattern: RegExp) => CODE.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
const linesWith = (pattern: RegExp) =>
  CODE.flatMap(({ file, text }) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );

it('no text becomes code, HTML of a page, or a command of a shell', () => {
  expect(CODE.length).toBeGreaterThan(300);
  expect(linesWith(/\beval\(|\bnew Function\(|from 'node:vm'|\b(inner|outer)HTML\b|insertAdjacentHTML|dangerouslySet|document\.write/)).toEqual([]);
  expect(linesWith(/\bshell:|\bexecSync\b|import \{[^}]*\bexec\b[^}]*\} from 'node:child_process'/)).toEqual([]);
  expect(linesWith(/addEventListener\('message'|\bonmessage\b/).filter((line) => line.startsWith('realtime/client/'))).toEqual([]);
});

it('what nobody may guess is of the system’s random numbers: others only spread pauses', () => {
  expect(filesWith(/Math\.random/)).toEqual([
    'media/work/media-work.ts',
    'notifier/deliver.ts',
    'platform/concurrency/pause-about.ts',
    'platform/http/crowded.ts',
    'realtime/client/live.ts',
    'write-side/workers/orders-work.ts',
  ]);
});

it('a field of a password hides it, and says to password managers what it is', () => {
  const fields = linesWith(/<input.*(type="password"|-password)/);
  expect(fields.length).toBeGreaterThan(4);
  expect(
    fields.filter((line) => !/type="password".*autocomplete=("(current|new)-password"|\{isNew \? 'new-password' : 'current-password'\})/.test(line)),
  ).toEqual([]);
  expect(linesWith(/onPaste/).filter((line) => /password/i.test(line))).toEqual([]);
});

it('what the page keeps in the browser is its session, a setting of keys, the place that was wanted, and an invitation', () => {
  const kept = /\b(local|session)Storage\.(get|set|remove)Item\((\w+)|storage: localStorage|document\.cookie|\bindexedDB\b/;
  expect([...new Set(linesWith(kept).map((line) => `${line.split(':')[0]} ${kept.exec(line)?.[3] ?? 'session'}`))]).toEqual([
    'realtime/client/brought-invitation.ts KEPT',
    'realtime/client/components/entrance.tsx DEVICES_KEY',
    'realtime/client/main.tsx SINGLE_KEYS',
    'realtime/client/main.tsx session',
    'realtime/client/wanted.ts WANTED',
  ]);
});

it('every file that hashes, signs or encrypts stands in the inventory', () => {
  const page = readFileSync(join(ROOT, 'docs/SECURITY.md'), 'utf8');
  const inventory = page.slice(page.indexOf('\n## Keys and hashes'), page.indexOf('\n## Libraries'));
  const named = [...inventory.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file);
  const crypto =
    /import \{[^}]*\b(createHash|createHmac|create(C|Dec)ipheriv|hkdf\w*|scrypt\w*|randomBytes|randomInt|sign|verify|hash)\b[^}]*\} from 'node:crypto'|from '(@node-rs\/argon2|jsonwebtoken|otpauth|openid-client)'/;
  expect(filesWith(crypto).filter((file) => !named.includes(file))).toEqual([]);
  expect(named.filter((file) => !filesWith(crypto).includes(file))).toEqual([]);
});
