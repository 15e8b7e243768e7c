/**
 * A double of EventStoreDB for tests, on machines that cannot run the real one: the parts of its gRPC protocol that we use, over a SQLite file.
 * It is no event store to rely on: it does not check what is on the disk, does not replicate it, and guards it by no more than one password.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { openDoubleAppends } from './appends.ts';
import { selfSigned } from './certificate.ts';
import { openDoubleDeletes } from './deletes.ts';
import { openLog } from './log.ts';
import { featuresOf, membersOf } from './server-facts.ts';
import { streamsService } from './streams-service.ts';

export interface DoubleOptions {
  /** The folder of the log: an acknowledged append is there after a restart, and after a kill. */
  folder: string;
  /** The port, on loopback; 0, the default, for any free one. */
  port?: number;
  /** The only user who is let in; default: anybody. With it the double speaks TLS, as the client asks for, by a certificate that its url names. */
  credentials?: { username: string; password: string };
  /** The version that it tells; default 23.10.0.0. */
  version?: string;
  /** Bytes of one append at most; default 1 MiB, as EventStoreDB's. */
  maxAppendSize?: number;
  /** False where a repeated append is answered without its position, as older servers may; default true. */
  answersRepeatsWithPosition?: boolean;
  /** False where reads of `$all` take no filter; default true. */
  filtersReads?: boolean;
  /** Awaited before each stretch of the log that a filtered read goes through; default: one turn of the event loop. */
  searching?(): Promise<void>;
}

export interface Double {
  /** The URL for EVENT_STORE_URL. */
  url: string;
  port: number;
  /** Number of reads and subscriptions that are being answered. */
  reading(): number;
  /** Drops every connection, but takes new ones. */
  cut(): void;
  /** Drops every connection and takes no more. */
  stop(): Promise<void>;
}

const LARGEST_MESSAGE = 17 * 1024 * 1024;

/** Starts a double. Errors: those of listening and of the file system. */
export async function startDouble(options: DoubleOptions): Promise<Double> {
  const { folder, port = 0, credentials, version = '23.10.0.0', maxAppendSize = 1024 * 1024, answersRepeatsWithPosition = true } = options;
  const { filtersReads = true, searching = nextTurn } = options;
  mkdirSync(folder, { recursive: true });
  const log = openLog(join(folder, 'log.db'), { answersRepeatsWithPosition });
  const commits = turnstile();
  const appends = openDoubleAppends({ log, committed: commits.pass, maxAppendSize });
  // A real server's log has its own records in it, too.
  log.commit(() => log.append('$stats-127.0.0.1:2113', 'any', [statistics()]));

  const server = new Server({ 'grpc.max_receive_message_length': LARGEST_MESSAGE, 'grpc.max_send_message_length': LARGEST_MESSAGE });
  const { service, reading } = streamsService({
    log,
    appends,
    deletes: openDoubleDeletes({ log, committed: commits.pass }),
    credentials,
    moved: commits.next,
    filtersReads,
    searching,
  });
  server.addService(StreamsService, service);
  server.addService(
    ServerFeaturesService,
    unary(() => featuresOf(version), 'getSupportedMethods'),
  );
  server.addService(
    GossipService,
    unary(() => membersOf(bound), 'read'),
  );
  const tls = credentials && certificateIn(folder);
  const bound = await listen(
    server,
    port,
    tls ? ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }]) : undefined,
  );

  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    server.forceShutdown();
    commits.pass();
    // Answers under way are still in the event loop.
    await nextTurn();
    log.close();
  }
  return {
    port: bound,
    url: tls
      ? `esdb://${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@localhost:${bound}?tls=true&tlsCAFile=${encodeURIComponent(tls.file)}`
      : `esdb://127.0.0.1:${bound}?tls=false`,
    reading,
    cut: () => server.drain(`127.0.0.1:${bound}`, 0),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function listen(server: Server, port: number, credentials = ServerCredentials.createInsecure()): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}

function certificateIn(folder: string) {
  const { key, certificate } = selfSigned();
  const file = join(folder, 'certificate.pem');
  writeFileSync(file, certificate);
  return { file, key: Buffer.from(key), certificate: Buffer.from(certificate) };
}

function unary(answer: () => unknown, method: string): UntypedServiceImplementation {
  return {
    [method]: (_: unknown, reply: (error: object | null, value?: unknown) => void) => {
      try {
        reply(null, answer());
      } catch (error) {
        reply({ code: status.INTERNAL, details: String(error) });
      }
    },
  };
}

function statistics() {
  const [data, metadata] = [Buffer.from('{"proc-mem":0}'), Buffer.alloc(0)];
  return { id: crypto.randomUUID(), type: '$statsCollected', contentType: 'application/json', data, metadata };
}

/** A turnstile: many wait at it until `pass` lets all of them go on, or until their own signal aborts. */
function turnstile() {
  const waiting = new Set<() => void>();
  return {
    next: (gone: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const done = () => {
          waiting.delete(done);
          gone.removeEventListener('abort', done);
          resolve();
        };
        if (gone.aborted) return done();
        waiting.add(done);
        gone.addEventListener('abort', done);
      }),
    pass: (): void => {
      for (const done of [...waiting]) done();
    },
  };
}
