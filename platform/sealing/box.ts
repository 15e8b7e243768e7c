/** One box: values as JSON, encrypted (AES-256-GCM), and bound to what they are of. */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** Random bytes for many nonces: asking the system for each costs more than the encryption. */
const pool = Buffer.alloc(NONCE_BYTES * 256);
let used = pool.length;

function nonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += NONCE_BYTES;
  return pool.subarray(from, used);
}

/** Encrypts values, bound to a text that must be said again to open them. */
export function sealBox(values: unknown, key: KeyObject, bound: string): string {
  return sealText(JSON.stringify(values), key, bound);
}

/** As `sealBox`, for values that are JSON already. */
export function sealText(json: string, key: KeyObject, bound: string): string {
  const its = nonce();
  const cipher = createCipheriv(CIPHER, key, its, OPTIONS);
  cipher.setAAD(Buffer.from(bound));
  // The nonce's place in the pool is written over later: it is copied before anything else runs.
  const hidden = cipher.update(json, 'utf8');
  // It ends the encryption, and answers nothing: GCM has no blocks to fill.
  cipher.final();
  return Buffer.concat([its, hidden, cipher.getAuthTag()]).toString('base64url');
}

/** Decrypts values. Throws where the key is another one, the box was changed, or is bound to something else. */
export function openBox(box: string, key: KeyObject, bound: string): unknown {
  const bytes = Buffer.from(box, 'base64url');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), OPTIONS);
  decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const clear = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  decipher.final();
  return JSON.parse(clear.toString('utf8'));
}
