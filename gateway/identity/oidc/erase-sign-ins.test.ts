import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { addressReferences, userReference } from '../../../platform/sealing/person-reference.ts';
import { openSecrets } from '../secrets/open.ts';
import { eraseSignIns } from './erase-sign-ins.ts';
import { openSignInCodes } from './sign-in-codes.ts';

const hmac = (text: string) => Buffer.from(text).toString('hex');

it('removes the sign-ins under way of whoever is erased, by their address however it is written, or as whom they come in, and no others', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sign-ins-'));
  const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  onTestFinished(async () => {
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });
  const codes = openSignInCodes({ secrets, now: () => new Date() });
  const who = { issuer: 'i', subject: 's', verified: true, name: null, provedAt: null };
  const signIns = [
    { email: 'ANN@bücher.example', userId: null },
    { email: null, userId: 'ann' },
    { email: 'ben@example.org', userId: 'ben' },
    { email: null, userId: null },
  ];
  const issue = ({ email, userId }: (typeof signIns)[number]) =>
    codes.issue({ who: { ...who, email }, asOf: { userId, epoch: '', way: null } }, 'browser');
  const issued = await Promise.all(signIns.map(issue));
  const spent = await codes.find(await codes.issue({ who: { ...who, email: null }, asOf: { userId: 'ann', epoch: '', way: null } }, 'b'), 'b');
  await codes.spend(spent);
  await codes.cameBack('a state');
  const ann = { person: 'ann', keys: [userReference('ann'), ...addressReferences('ann@xn--bcher-kva.example', hmac)] };
  expect(await eraseSignIns({ secrets, hmac }, [ann, { person: 'cal', keys: [] }])).toEqual(['ann', 'ann']);
  const isThere = await Promise.all(issued.map((code) => codes.find(code, 'browser').then(Boolean, () => false)));
  expect(isThere).toEqual([false, false, true, true]);
  expect(await codes.cameBack('a state')).toBe(false);
});
