/** The body of an upload, multipart/form-data: small fields and one file, of which no more than a piece is in memory. */
import type { IncomingMessage } from 'node:http';
import type { BusboyFileStream, BusboyHeaders, BusboyInstance } from '@fastify/busboy';
import { ProblemError } from '../../contracts/problem.ts';
import type { Spooled } from './spool.ts';

export interface Form {
  fields: Readonly<Record<string, string>>;
  /** The file's name, as it was sent. */
  name: string;
  file: Spooled;
}

/** Takes the file as it comes; `fields` are those that came before it. */
type TakeFile = (stream: BusboyFileStream, fields: Readonly<Record<string, string>>) => Promise<Spooled>;

const FIELDS = 6;
const LIMITS = { fieldNameSize: 100, fieldSize: 1_024, fields: FIELDS, files: 1, parts: FIELDS + 2, headerPairs: 20, headerSize: 16 * 1024 };

/** Reads the whole body. Errors: ProblemError 400, 415 or 422 for a body that is not as it must be; whatever `take` rejects with. Nothing is left then. */
export async function readUpload(request: IncomingMessage, take: TakeFile): Promise<Form> {
  const busboy = await parserOf(request);
  const fields: Record<string, string> = Object.create(null);
  const taken: { name: string; stream: BusboyFileStream; file: Promise<Spooled> }[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      busboy.on('field', (name, value, _, truncated) => {
        if (truncated || name in fields) reject(bad(name, truncated ? 'is too long' : 'is there twice'));
        fields[name] = value;
      });
      busboy.on('file', (field, stream, name) => {
        // Where the body breaks off, its file says so, too.
        stream.on('error', reject);
        if (field !== 'file') return void reject(bad(field, 'is a file; the one file is in the field `file`'));
        const file = take(stream, fields);
        file.catch(reject);
        taken.push({ name: name ?? '', stream, file });
      });
      for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
        busboy.once(limit, () => reject(bad('file', 'is one file, with few fields')));
      // The listeners stay: what was broken off may say so more than once.
      busboy.on('error', (error) => reject(broken(error)));
      request.on('error', (error) => reject(broken(error)));
      const gone = () => request.complete || reject(broken(new Error('the client is gone')));
      request.once('close', gone);
      // It may have gone while something else was asked, and says so only once.
      if (request.destroyed) gone();
      busboy.once('finish', resolve);
      request.pipe(busboy);
    });
    const [one] = taken;
    if (!one) throw bad('file', 'is required');
    return { fields, name: one.name, file: await one.file };
  } catch (error) {
    request.unpipe(busboy);
    busboy.destroy();
    for (const { stream } of taken) stream.destroy(error as Error);
    await Promise.all(taken.map(({ file }) => file.then((spooled) => spooled.remove()).catch(() => {})));
    throw error;
  }
}

async function parserOf({ headers }: IncomingMessage): Promise<BusboyInstance> {
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*(;|$)/i.test(type))
    throw new ProblemError('invalid', 'Send a form with a file, with the header Content-Type: multipart/form-data.', {
      status: 415,
      headers: { Accept: 'multipart/form-data' },
    });
  const isPartAFile = (field: string | undefined, _type: string | undefined, name: string | undefined) => field === 'file' || name !== undefined;
  // Loaded by the first upload: most starts see none.
  const { Busboy } = await import('@fastify/busboy');
  try {
    return Busboy({ headers: headers as BusboyHeaders, limits: LIMITS, isPartAFile });
  } catch (error) {
    throw broken(error);
  }
}

function broken(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const detail = `The form cannot be read: ${String((error as Error)?.message ?? error).slice(0, 200)}.`;
  return new ProblemError('invalid', detail, { status: 400, errors: [{ pointer: '', detail }], cause: error });
}

function bad(field: string, detail: string): ProblemError {
  const errors = [{ pointer: `/${field.slice(0, 100)}`, detail }];
  return new ProblemError('invalid', `Not valid: /${field.slice(0, 100)} ${detail}.`, { errors });
}
