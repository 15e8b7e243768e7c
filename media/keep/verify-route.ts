/** GET /api/admin/media/differences: what the store of files and the events do not have in common, for who keeps them: `npm start -- media verify`. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { MediaContext } from '../context.ts';
import { type VerifiedLine, type VerifyContext, verifiedLines } from './verify.ts';

const query = z.strictObject({
  hashes: z.literal('1', 'must be 1, or missing').optional().meta({ description: 'Read each file as it came, and compare its SHA-256.' }),
});

export const verifyRoute: RouteWith<VerifyingContext> = {
  row: {
    method: 'GET',
    path: '/api/admin/media/differences',
    audit: 'operation',
    who: ['admin'],
    summary:
      'Compare the store of files with the events: a line of JSON for each difference, and now and then for how far it is, and, as the last, one with the numbers. What may belong to work under way is left out. An answer without that was cut off. Nothing is changed.',
    tag: 'admin',
    query,
    hidden: true,
  },
  answer: compare,
};

export interface VerifyingContext extends Pick<MediaContext, 'store' | 'files' | 'commands' | 'settings'> {
  /** True while this process compares: once at a time, since each reads the whole log and the whole store. */
  verifying: { now: boolean };
}

function compare({ store, files, commands, settings, verifying }: VerifyingContext, request: Pick<RouteRequest, 'query'>): Answer {
  const { hashes } = request.query as z.output<typeof query>;
  const context = { store, files, commands, keepOriginal: settings.keepOriginal, hashes: hashes !== undefined, beside: Date.now };
  return {
    // A proxy that gathers it would take an answer that is cut off for one that is whole.
    headers: { 'Content-Type': 'application/x-ndjson; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
    open: () => opened(context, verifying),
  };
}

/** Begins to compare: where a store is away the first line tells, and the answer is 503. Errors: ProblemError `conflict`, those of the stores. */
async function opened(context: VerifyContext, verifying: VerifyingContext['verifying']): Promise<Readable> {
  if (verifying.now) throw new ProblemError('conflict', 'The files are being compared already. Ask again when that has ended.');
  verifying.now = true;
  const over = () => {
    verifying.now = false;
  };
  try {
    return Readable.from(textOf(await begun(verifiedLines(context))), { objectMode: false }).once('close', over);
  } catch (error) {
    over();
    throw error;
  }
}

/** The same, of which the first is there already. */
async function begun<T>(all: AsyncGenerator<T>): Promise<AsyncIterable<T>> {
  const first = await all.next();
  return (async function* () {
    if (!first.done) yield first.value;
    yield* all;
  })();
}

/** Each as a line of JSON. */
async function* textOf(lines: AsyncIterable<VerifiedLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
