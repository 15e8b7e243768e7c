/** What is kept encrypted among the secrets (AES-256-GCM), since it cannot be kept as a hash. */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

export interface Sealing {
  /** Encrypts a text; `of` says whose it is, and must be said again to open it. */
  seal(text: string, of: string): string;
  /** Decrypts what was sealed for `of`; null where no key fits, or it was changed. */
  open(box: string, of: string): string | null;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Makes the sealing of an installation. `secrets` are its own secret, which seals, and those it had before, whose boxes are opened still. The keys
 * are derived from them by HKDF-SHA256 (RFC 5869) for this `purpose` alone.
 */
export function sealingWith(secrets: readonly [KeyObject, ...KeyObject[]], purpose: string): Sealing {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', `taskledger ${purpose}`, 32)));

  function opened(key: Buffer, box: Buffer, of: string): string | null {
    try {
      const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(of)).setAuthTag(box.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }

  return {
    seal: (text, of) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, keys[0] as Buffer, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(of));
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },
    open: (box, of) => {
      const bytes = Buffer.from(box, 'base64url');
      return keys.map((key) => opened(key, bytes, of)).find((text) => text !== null) ?? null;
    },
  };
}
