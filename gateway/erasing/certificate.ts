/**
 * Certificates of erasures: signed with a key that is kept with the secrets (Ed25519, RFC 8032), over the canonical JSON (RFC 8785) of all members but the
 * signature. Whoever has one can check it without this installation; that the key is this installation's, the installation says.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { ERASURE_STEP_NAMES, type ErasureCertificate, erasureCertificate, NOT_KNOWN } from '../../contracts/erasure.ts';
import { canonicalJson } from '../../platform/erasing/canonical.ts';
import type { ErasureState } from '../../platform/erasing/erasure-record.ts';
import type { Secrets } from '../identity/secrets/secrets.ts';

const KEY = 'certificates';

/** Makes the signer of certificates. The key is made where there is none; of several processes the first one's is everybody's. */
export function openCertifier(secrets: Pick<Secrets, 'get' | 'put'>, { installation, now }: { installation: string; now(): Date }) {
  async function signingKey(): Promise<KeyObject> {
    const found = await secrets.get<string>('keys', KEY);
    if (found) return createPrivateKey(found.value);
    const { privateKey } = generateKeyPairSync('ed25519');
    const value = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await secrets.put('keys', { key: KEY, value, owner: 'installation' }, 0);
    const kept = await secrets.get<string>('keys', KEY);
    if (!kept) throw new Error('The key of certificates was put into the secrets and is not there.');
    return createPrivateKey(kept.value);
  }

  return {
    /** The certificate of an erasure of which every step is done. Errors: SecretsUnavailable. */
    certify: async ({ person, requestedBy, requestedAt, done }: ErasureState): Promise<ErasureCertificate> => {
      const key = await signingKey();
      const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64url');
      const steps = ERASURE_STEP_NAMES.flatMap((step) => done[step] ?? []);
      const said = { type: 'taskledger-erasure-1' as const, installation, person, requestedBy, requestedAt, steps, notKnown: [...NOT_KNOWN] };
      const unsigned = { ...said, certifiedAt: now().toISOString(), publicKey };
      return { ...unsigned, signature: sign(null, Buffer.from(canonicalJson(unsigned)), key).toString('base64url') };
    },
  };
}

/** The public key of the installation's certificates, SPKI in base64url; null where it has certified nothing. Errors: SecretsUnavailable. */
export async function certificateKeyOf(secrets: Pick<Secrets, 'get'>): Promise<string | null> {
  const found = await secrets.get<string>('keys', KEY);
  return found && createPublicKey(found.value).export({ type: 'spki', format: 'der' }).toString('base64url');
}

/** A document as a certificate; or what is wrong with it, in words. Whose key has signed it, is not looked at. */
export function certificateIn(document: unknown): ErasureCertificate | string {
  const parsed = erasureCertificate.safeParse(document);
  if (!parsed.success) return 'it is no certificate of an erasure, or a member of it was taken away or changed';
  const { signature, ...said } = parsed.data;
  return isSigned(said, signature) ? parsed.data : 'its signature does not fit: it was changed after it was signed';
}

function isSigned(said: Omit<ErasureCertificate, 'signature'>, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(said.publicKey, 'base64url'), type: 'spki', format: 'der' });
    return verify(null, Buffer.from(canonicalJson(said)), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}
