/** Keys wrapped by a master key (AES-256-GCM): the record of a key says whose it is, and opens as nobody else's. */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Makes a key of 256 bits. */
export function newKey(): KeyObject {
  return createSecretKey(randomBytes(KEY_BYTES));
}

/** The fingerprint of a key (a check value): it tells keys apart, and nothing of them. */
export function fingerprintOf(key: KeyObject): string {
  return createHmac('sha256', key).update('taskledger fingerprint').digest('hex').slice(0, 16);
}

/** Wraps a key as one text; `as` says whose it is, and must be said again to unwrap it. */
export function wrap(key: KeyObject, master: KeyObject, as: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, master, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(as));
  return Buffer.concat([nonce, cipher.update(key.export()), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Unwraps a key; null where it was wrapped by another master, as somebody else's, or was changed. */
export function unwrap(wrapped: string, master: KeyObject, as: string): KeyObject | null {
  try {
    const bytes = Buffer.from(wrapped, 'base64url');
    const decipher = createDecipheriv(CIPHER, master, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(as)).setAuthTag(bytes.subarray(-TAG_BYTES));
    return createSecretKey(Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
  } catch {
    return null;
  }
}
