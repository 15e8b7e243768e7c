/** The two keys of an installation: made once, kept with the secrets. */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type Sealing, sealingWith } from './second-factor/sealing.ts';
import type { Secrets } from './secrets/secrets.ts';

export interface Keys {
  /** The key that signs access tokens (HS256). A key object, because with a text each verification costs 30 times as much. */
  jwt: KeyObject;
  /** HMAC-SHA256 in hex, to name and compare values without storing them readably. Callers put a purpose in front, as `email:…`. */
  hmac(text: string): string;
  /** Encrypts the secrets of second factors, with a key that is made of the one that signs. */
  sealing: Sealing;
}

/** The fewest bytes of a key of HS256: the hash's length (RFC 7518, 3.2). */
const MIN_BYTES = 32;

/**
 * Loads the keys; those that the configuration does not give are made on the first start. Without the kept HMAC key,
 * earlier reservations of e-mail addresses are not found: the secrets belong into the backup.
 */
export async function loadKeys(secrets: Secrets, config: { jwtSecret?: string | undefined }): Promise<Keys> {
  const jwt = Buffer.from(config.jwtSecret ?? (await keptKey(secrets, 'jwt')));
  if (jwt.length < MIN_BYTES) throw new Error(`JWT_SECRET: must have at least ${MIN_BYTES} bytes; make one with: openssl rand -base64 32`);
  const signing = createSecretKey(jwt);
  const hmac = await loadHmac(secrets);
  // Where the configuration gives the key, what the kept one has sealed before stays readable.
  const before = config.jwtSecret === undefined ? null : await secrets.get<string>('keys', 'jwt');
  return {
    jwt: signing,
    hmac,
    sealing: sealingWith([signing, ...(before ? [createSecretKey(Buffer.from(before.value))] : [])], 'second factors'),
  };
}

/** Loads the HMAC of the keys alone, for a process that lets nobody in; made on the first start. */
export async function loadHmac(secrets: Secrets): Promise<Keys['hmac']> {
  const key = createSecretKey(Buffer.from(await keptKey(secrets, 'hmac'), 'base64url'));
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}

/** The stored key, made where it is missing. Of several processes the first to put a key wins, and all read that one. */
async function keptKey(secrets: Secrets, key: string): Promise<string> {
  const kept = (await secrets.get<string>('keys', key)) ?? (await makeKey(secrets, key));
  if (!kept) throw new Error(`The key ${key} was put into the secrets store and is not there.`);
  return kept.value;
}

async function makeKey(secrets: Secrets, key: string) {
  await secrets.put('keys', { key, value: randomBytes(32).toString('base64url'), owner: 'installation' }, 0);
  return secrets.get<string>('keys', key);
}
