/** The Streams service: checks its callers, and sends answers no faster than they are taken. */
import { once } from 'node:events';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, type ServerWritableStream, type ServiceError, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { openDoubleAppends } from './appends.ts';
import { CallFailed } from './call-failed.ts';
import type { openDoubleDeletes } from './deletes.ts';
import type { DoubleLog } from './log.ts';
import { readOf } from './reads.ts';

export interface ServiceOptions {
  log: DoubleLog;
  appends: ReturnType<typeof openDoubleAppends>;
  deletes: ReturnType<typeof openDoubleDeletes>;
  credentials: { username: string; password: string } | undefined;
  /** Resolves at the next commit, or when the signal aborts. */
  moved(gone: AbortSignal): Promise<void>;
  filtersReads: boolean;
  searching(): Promise<void>;
}

type ReadCall = ServerWritableStream<Streams.ReadReq, Streams.ReadResp>;

export function streamsService({ log, appends, deletes, credentials, moved, filtersReads, searching }: ServiceOptions) {
  const allowed = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

  function refusal(metadata: Metadata): Partial<ServiceError> | undefined {
    const given = metadata.get('authorization')[0];
    if (!allowed || given === allowed) return undefined;
    if (given !== undefined) return { code: status.UNAUTHENTICATED, details: 'Unauthenticated' };
    const denied = new Metadata();
    denied.set('exception', 'access-denied');
    return { code: status.PERMISSION_DENIED, details: 'Access Denied', metadata: denied };
  }

  let reading = 0;

  async function read(call: ReadCall): Promise<void> {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    call.on('error', () => gone.abort());
    const answers = readOf(call.request, { log, moved: () => moved(gone.signal), gone: gone.signal, filtersReads, searching });
    for await (const answer of answers) {
      if (gone.signal.aborted) return;
      if (!call.write(answer)) await once(call, 'drain', { signal: gone.signal });
    }
    call.end();
  }

  const checked =
    <C extends { metadata: Metadata }, R extends unknown[]>(serve: (call: C, ...rest: R) => void) =>
    (call: C & NodeJS.EventEmitter, ...rest: R) => {
      const refused = refusal(call.metadata);
      if (refused) call.emit('error', refused);
      else serve(call, ...rest);
    };

  const service: UntypedServiceImplementation = {
    read: checked((call: ReadCall) => {
      reading++;
      read(call)
        .catch((error: unknown) => fail(call, error))
        .finally(() => reading--);
    }),
    append: checked(appends.single),
    batchAppend: checked(appends.batchAppend),
    delete: checked(deletes.softly),
    tombstone: checked(deletes.forGood),
  };
  return { service, reading: () => reading };
}

function fail(call: ReadCall, error: unknown): void {
  if (call.cancelled) return;
  call.emit('error', error instanceof CallFailed ? error.error() : { code: status.INTERNAL, details: String(error) });
}
