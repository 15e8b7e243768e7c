/**
 * Codes of visits. Each visit has one at a time, in two forms: 128 bits, for a QR code, and eight letters to say aloud. Only keyed hashes are stored, each
 * under the site for which it is good, until the end of the visit. A record of the visit names the hashes that count, so that of several codes that are
 * made at once one is good.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Secrets } from '../identity/secrets/secrets.ts';

/** A code as it is given out, once. */
export interface VisitCode {
  /** 128 bits as base64url: 22 characters. */
  qr: string;
  /** Eight letters, of which none is taken for another. */
  letters: string;
}

/** What a code is for. */
export interface CodedVisit {
  id: string;
  site: string;
  /** The end of the visit, and of its code: ISO 8601. */
  until: string;
}

/** Errors of all calls: SecretsUnavailable. */
export interface VisitCodes {
  /** Makes the code of a visit; the one before ends. */
  issue(visit: CodedVisit): Promise<VisitCode>;
  /** Resolves to the id of the visit at this site whose code it is, in either form; else null. */
  find(site: string, code: string): Promise<string | null>;
}

export interface VisitCodesOptions {
  secrets: Pick<Secrets, 'get' | 'put' | 'delete'>;
  hmac(text: string): string;
}

/** A record under the hash of a form. */
interface CodeOfVisit {
  purpose: 'visit';
  visit: string;
}

/** The record of a visit: the hashes that count. */
interface VisitHashes {
  purpose: 'visit';
  hashes: readonly string[];
}

const KIND = 'codes';
const QR_BYTES = 16;
/** The letters that are told apart when they are read or heard: 23, so that eight of them are 78 thousand million codes. */
const LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ';
const COUNT = 8;

/** True for the form of letters, as somebody types it: capitals, blanks and dashes do not matter. */
export function isInLetters(code: string): boolean {
  return lettersIn(code).length === COUNT;
}

const lettersIn = (code: string) => code.replace(/[\s\p{Pd}]/gu, '').toUpperCase();
/** A code as it was made. */
const asMade = (code: string) => (isInLetters(code) ? lettersIn(code) : code.trim());

export function openVisitCodes({ secrets, hmac }: VisitCodesOptions): VisitCodes {
  const hashOf = (site: string, code: string) => hmac(`visit code:${site}:${code}`);
  const keyOf = (visit: string) => `visit-${visit}`;
  const hashesOf = (visit: string) => secrets.get<VisitHashes>(KIND, keyOf(visit));

  async function remove(hashes: readonly string[]): Promise<void> {
    for (const hash of hashes) await secrets.delete(KIND, hash);
  }

  /** Puts a code that no other visit at the site has. */
  async function made({ id, site, until }: CodedVisit): Promise<{ code: VisitCode; hashes: string[] }> {
    const letters = Array.from({ length: COUNT }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    const code: VisitCode = { qr: randomBytes(QR_BYTES).toString('base64url'), letters };
    const value: CodeOfVisit = { purpose: 'visit', visit: id };
    const put = (hash: string) => secrets.put(KIND, { key: hash, value, owner: id, expires: until }, 0);
    const hashes = [hashOf(site, code.letters), hashOf(site, code.qr)];
    for (const hash of hashes) if (!(await put(hash))) return made({ id, site, until });
    return { code, hashes };
  }

  async function issue(visit: CodedVisit): Promise<VisitCode> {
    const before = await hashesOf(visit.id);
    const { code, hashes } = await made(visit);
    const value: VisitHashes = { purpose: 'visit', hashes };
    const record = { key: keyOf(visit.id), value, owner: visit.id, expires: visit.until };
    if (!(await secrets.put(KIND, record, before?.version ?? 0))) {
      await remove(hashes);
      return issue(visit);
    }
    await remove(before?.value.hashes ?? []);
    return code;
  }

  return {
    issue,
    find: async (site, code) => {
      const hash = hashOf(site, asMade(code));
      const found = await secrets.get<CodeOfVisit>(KIND, hash);
      if (found?.value.purpose !== 'visit') return null;
      const counting = await hashesOf(found.value.visit);
      return counting?.value.hashes.includes(hash) ? found.value.visit : null;
    },
  };
}
