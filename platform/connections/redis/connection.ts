/**
 * A connection to Redis that nobody waits for. While Redis is dead, hangs or is slow, a question to it is refused at once:
 * after the first failure nothing more is asked until Redis has answered a greeting, in time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { absencesIn } from '../../absences/absences.ts';
import { Unavailable } from '../../absences/unavailable.ts';
import { ServerRefused, withoutSecrets } from '../reach.ts';
import { claimDatabase } from './claim.ts';
import { endClient, redisClient } from './client.ts';
import { type Greeting, isReply, readInfo, reasonOf, redisRefusalOf } from './greeting.ts';

export interface RedisLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

export interface RedisConnecting {
  /** The purpose of the connection, as `the cache`: named in logs and errors. */
  what: string;
  log: RedisLog;
  /** Milliseconds that a question waits for its answer at most, and a greeting for its own; default 100. */
  patience?: number | undefined;
  /** The id of the installation whose database it is; with it, one that is another's is refused. */
  installation?: string | null | undefined;
  /** The variable that names the server, for errors; default `CACHE_URL`. */
  variable?: string;
  /** Hears, at each greeting, the policy of a server that gives up what it keeps where its memory ends. */
  evicting?: (policy: string) => void;
}

export interface RedisConnection {
  /**
   * Asks Redis something. `run` names this run of the server: what was kept in one run may be lost or older in the next.
   * Rejects at once while Redis does not answer, after `patience` ms (default: the connection's) without an answer, and with the error that Redis
   * answers.
   */
  ask<T>(question: (client: Redis, run: string) => Promise<T>, patience?: number): Promise<T>;
  /** False while questions are refused at once. */
  answers(): boolean;
  close(): Promise<void>;
}

const COMMAND_PATIENCE = 100;
/** Milliseconds between greetings of a server that is slow. */
const AGAIN = 250;
/** Milliseconds that a start waits for the first answer. */
const START_MS = 2_000;
/** Milliseconds between two looks whose the database is. */
const CLAIM_EVERY = 30_000;
/** Replies of a server that has changed: it loads its file, or another server became the leader. */
const CHANGED = /^(READONLY|LOADING|MASTERDOWN)\b/;

/**
 * Connects. A server that cannot be reached is waited for no longer than two seconds: the connection comes when the server does, and the log
 * tells of both. Error: ServerRefused, where the server answers now and waiting will not help.
 */
export async function connectRedis(url: string, connecting: RedisConnecting): Promise<RedisConnection> {
  const { what, log, patience = COMMAND_PATIENCE, installation } = connecting;
  const server = `${what} at ${withoutSecrets(url)}`;
  const client = redisClient(url, patience, connecting.variable);
  const first = Promise.withResolvers<ServerRefused | null>();
  const outages = tellOutages(what, server, log);
  let run: string | null = null;
  let connection = 0;
  let closed = false;

  function down(error: unknown): void {
    run = null;
    if (closed) return;
    const refused = redisRefusalOf(server, error);
    outages.began(refused ?? error);
    first.resolve(refused);
  }

  function up(id: string): void {
    run = id;
    outages.ended();
    first.resolve(null);
  }

  function lost(error: unknown): void {
    down(error);
    connection++;
    client.disconnect(true);
  }

  const tellEvicting = ({ evicts }: Greeting) => evicts && connecting.evicting?.(evicts);

  const claim = async () => {
    if (installation) await claimDatabase(client, installation, server);
  };

  /** True where the server greeted in time, or where a newer greeting has taken over. */
  async function greet(mine: number): Promise<boolean> {
    const began = performance.now();
    const greeting = readInfo(server, await client.info());
    const took = performance.now() - began;
    if (!greeting.loading) await claim();
    tellEvicting(greeting);
    if (mine !== connection) return true;
    const hindrance = hindranceOf(greeting, took > patience);
    if (hindrance) down(new Error(hindrance));
    else up(greeting.run);
    return !hindrance;
  }

  async function untilGreeted(mine: number): Promise<void> {
    try {
      while (!(await greet(mine))) await delay(AGAIN);
    } catch (error) {
      if (mine === connection) lost(error);
    }
  }

  /**
   * After an answer that did not come, greets the server again on the same connection; after an error of a server that has changed, makes the
   * connection anew.
   */
  function failed(error: unknown): void {
    if (run === null) return;
    if (!isReply(error)) {
      down(error);
      void untilGreeted(++connection);
    } else if (CHANGED.test(reasonOf(error))) lost(error);
    else outages.refused(reasonOf(error));
  }

  client.on('error', (error) => (redisRefusalOf(server, error) ? lost(error) : down(error)));
  client.on('ready', () => void untilGreeted(++connection));
  client.on('close', () => {
    connection++;
    down(new Error('the connection was closed'));
  });
  client.connect().catch(() => undefined);

  async function close(): Promise<void> {
    closed = true;
    connection++;
    clearInterval(claiming);
    await endClient(client);
  }

  // A Redis that is full gives up what was not asked for the longest time.
  const claiming = setInterval(() => {
    if (run !== null) claim().catch(lost);
  }, CLAIM_EVERY).unref();
  const late = setTimeout(() => down(new Error(`no answer in ${START_MS / 1_000} s`)), START_MS);
  const refused = await first.promise;
  clearTimeout(late);
  if (refused) {
    await close();
    throw refused;
  }

  return {
    async ask(question, ms = patience) {
      const asked = run;
      if (asked === null) throw new Error(`${server} does not answer`);
      const answer = await inTime(question(client, asked), ms).catch((error: unknown) => {
        failed(error);
        throw error;
      });
      if (run !== null && run !== asked) throw new Error(`${server} was restarted`);
      return answer;
    },
    answers: () => run !== null,
    close,
  };
}

/** The reason why nothing can be asked of a server that greeted; null where it can. */
function hindranceOf({ loading }: Greeting, slow: boolean): string | null {
  if (loading) return 'it is loading its data';
  return slow ? 'it is slow' : null;
}

/** The server does not answer, or not in time. */
class RedisUnavailable extends Unavailable {
  override readonly name = 'RedisUnavailable';
  readonly answer = 'Something that this needs cannot be reached right now. Try again.';
  readonly dependency: string;

  constructor(dependency: string, message: string) {
    super(message);
    this.dependency = dependency;
  }
}

/** Tells of outages as of every absence, besides once that the server now refuses, which waiting does not help; and of each kind of error reply once. */
function tellOutages(what: string, server: string, log: RedisLog) {
  let said = '';
  const kinds = new Set<string>();
  return {
    refused(reason: string): void {
      const [kind = ''] = reason.split(' ');
      if (!kinds.has(kind)) log.warn({ server, reason }, `${server} refuses what it is asked: ${reason}`);
      kinds.add(kind);
    },
    began(error: unknown): void {
      const reason = reasonOf(error);
      absencesIn(log).failed(new RedisUnavailable(what, `${server}: ${reason}`));
      if (!(error instanceof ServerRefused) || said === reason) return;
      log.warn({ server, reason }, `going on without ${reason}`);
      said = reason;
    },
    ended(): void {
      absencesIn(log).answered(what);
      said = '';
    },
  };
}

function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // Where this process itself stood still, the answer may be here, but unread: it is read before the time counts as over.
  const timer = setTimeout(() => setImmediate(() => reject(new Error(`no answer in ${ms} ms`))), ms);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
