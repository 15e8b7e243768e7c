/** `npm start -- users export <id|e-mail> [--out file]`: all that is kept of a person, as one JSON document. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AccountOrderDone } from '../../gateway/identity/operator-accounts.ts';
import { UserError } from '../../platform/user-error.ts';
import type { Ask, OpenAnswer } from './lock-or-ask.ts';
import { complain } from './print.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The end of a document that is whole. */
const WHOLE = '"complete":true}\n';

export interface PersonToExport {
  /** The id of a user, or the address of an account. */
  who: string;
  /** The file that is written; it is only there once it is whole. Missing: standard output. */
  out?: string | undefined;
}

/** Writes the document. Errors: `UserError` with one line where there is no such person, or the document was cut off. */
export async function exportPerson({ who, out }: PersonToExport, ask: Ask, open: OpenAnswer): Promise<void> {
  const id = UUID.test(who) ? who : (await ask<AccountOrderDone>('POST', '/api/admin/accounts', { order: 'find', email: who })).id;
  if (out === undefined) return writeWhole(id, open, outputOf(process.stdout));
  const part = `${out}.part`;
  try {
    await writeWhole(id, open, createWriteStream(part, { mode: 0o600 }));
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  complain(`${who}: written to ${out}`);
}

async function writeWhole(id: string, open: OpenAnswer, to: Writable): Promise<void> {
  let end = '';
  const isCut = (cause: unknown) => new UserError('The document was cut off in the middle: what was written is not whole. Try again.', { cause });
  const watched = async function* (pieces: AsyncIterable<string | Uint8Array>) {
    for await (const piece of pieces) {
      end = (end + Buffer.from(piece as Uint8Array).toString()).slice(-WHOLE.length);
      yield piece;
    }
  };
  await pipeline(await open(`/api/users/${id}/export`), watched, to).catch((cause: unknown) => {
    throw isCut(cause);
  });
  if (end !== WHOLE) throw isCut(undefined);
}

/** A stream that writes to an output of this process, and leaves it open. */
function outputOf(output: NodeJS.WriteStream): Writable {
  return new Writable({ write: (chunk, _encoding, done) => void output.write(chunk, done) });
}
