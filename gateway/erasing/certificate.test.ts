import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ERASURE_STEP_NAMES, ERASURE_STEPS, type ErasureCertificate } from '../../contracts/erasure.ts';
import type { ErasureState } from '../../platform/erasing/erasure-record.ts';
import { openSecrets } from '../identity/secrets/open.ts';
import type { Secrets } from '../identity/secrets/secrets.ts';
import { certificateIn, certificateKeyOf, openCertifier } from './certificate.ts';

const ANN = '00000000-0000-4000-8000-00000000000a';
const AT = '2026-01-01T00:00:00.000Z';
const done = Object.fromEntries(
  ERASURE_STEP_NAMES.map((step) => [step, { step, what: ERASURE_STEPS[step].what, where: 'sqlite', count: 2, at: AT }]),
);
const state = { person: ANN, requestedBy: ANN, requestedAt: AT, keys: [], forgottenAt: AT, done, waits: {}, certificate: null } as ErasureState;

let secrets: Secrets;
let certificate: ErasureCertificate;
const dataDir = mkdtempSync(join(tmpdir(), 'certificate-'));
const certifierIn = () => openCertifier(secrets, { installation: 'this one', now: () => new Date(AT) });
beforeAll(async () => {
  secrets = await openSecrets('sqlite:', { dataDir, log: pino({ level: 'silent' }) });
  certificate = await certifierIn().certify(state);
});
afterAll(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

it('lists every step, what cannot be known, and nobody but by id', () => {
  expect(certificate.steps.map(({ step }) => step)).toEqual(ERASURE_STEP_NAMES);
  expect(certificate.notKnown.join()).toContain('backups');
  expect(certificate).toMatchObject({ person: ANN, installation: 'this one', certifiedAt: AT });
  expect(certificateIn(JSON.parse(JSON.stringify(certificate)))).toEqual(certificate);
});

it('is signed with the one key of the installation, by whichever process', async () => {
  expect(await certificateKeyOf(secrets)).toBe(certificate.publicKey);
  expect((await certifierIn().certify(state)).publicKey).toBe(certificate.publicKey);
});

it('that was changed anywhere is refused', () => {
  const members = Object.keys(certificate) as (keyof ErasureCertificate)[];
  fc.assert(
    fc.property(fc.constantFrom(...members), fc.string(), (member, text) => {
      fc.pre(text !== certificate[member]);
      expect(certificateIn({ ...certificate, [member]: text })).toBeTypeOf('string');
    }),
  );
  const [first, ...rest] = certificate.steps;
  expect(certificateIn({ ...certificate, steps: rest })).toMatch(/changed/);
  expect(certificateIn({ ...certificate, steps: [{ ...first, count: 3 }, ...rest] })).toMatch(/changed/);
  expect(certificateIn({ ...certificate, notKnown: [] })).toMatch(/changed/);
  expect(certificateIn(null)).toMatch(/no certificate/);
});
