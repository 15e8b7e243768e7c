/**
 * A connection to Redis that nobody waits for. While Redis is dead, hangs or is slow, whatever is asked of it is refused at once:
 * after the first failure nothing more is asked until it has greeted us again, in time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { ServerRefused, withoutSecrets } from '../reach.ts';
import { endClient, redisClient } from './client.ts';
import { type Greeting, isReply, readInfo, reasonOf, refusalOf } from './greeting.ts';

export interface RedisLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

export interface RedisConnecting {
  /** What it is for, as `the cache`. */
  what: string;
  log: RedisLog;
  /** Milliseconds that who asks waits at most, and in which a greeting must come; default 100. */
  patience?: number | undefined;
}

export interface RedisConnection {
  /**
   * Asks Redis something. `run` names this run of the server: what one run kept, the next one may have lost or gone back on.
   * Rejects at once while Redis does not answer, after `patience` ms (default: the connection's) without an answer, and with the error that Redis answers.
   */
  ask<T>(question: (client: Redis, run: string) => Promise<T>, patience?: number): Promise<T>;
  /** False while nothing is asked of it. */
  answers(): boolean;
  close(): Promise<void>;
}

const PATIENCE = 100;
/** Milliseconds between greetings of a server that is slow. */
const AGAIN = 250;
/** Milliseconds that a start waits for the first answer. */
const START_MS = 2_000;
/** The server is not the one it was: it reads its file, or another one became the leader. */
const CHANGED = /^(READONLY|LOADING|MASTERDOWN)\b/;

/**
 * Connects. A server that cannot be reached is not waited for: the connection comes when the server does, and the log tells of both.
 * Error: ServerRefused, where it answers now and waiting will not help.
 */
export async function connectRedis(url: string, { what, log, patience = PATIENCE }: RedisConnecting): Promise<RedisConnection> {
  const server = `${what} at ${withoutSecrets(url)}`;
  const client = redisClient(url, patience);
  const first = Promise.withResolvers<ServerRefused | null>();
  const outages = tellOutages(server, log);
  let run: string | null = null;
  let connection = 0;
  let closed = false;

  function down(error: unknown): void {
    run = null;
    if (closed) return;
    const refused = refusalOf(server, error);
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

  /** True once it greeted in time, or somebody else took over. */
  async function greet(mine: number): Promise<boolean> {
    const began = performance.now();
    const greeting = readInfo(server, await client.info());
    if (mine !== connection) return true;
    const hindrance = hindranceOf(greeting, performance.now() - began > patience);
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

  /** An answer that did not come opens the question how the server is, on the same connection; where it is another server by now, the connection is anew. */
  function failed(error: unknown): void {
    if (run === null) return;
    if (!isReply(error)) {
      down(error);
      void untilGreeted(++connection);
    } else if (CHANGED.test(reasonOf(error))) lost(error);
    else outages.refused(reasonOf(error));
  }

  client.on('error', (error) => (refusalOf(server, error) ? lost(error) : down(error)));
  client.on('ready', () => void untilGreeted(++connection));
  client.on('close', () => {
    connection++;
    down(new Error('the connection was closed'));
  });
  client.connect().catch(() => undefined);

  async function close(): Promise<void> {
    closed = true;
    connection++;
    await endClient(client);
  }

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

/** Why nothing can be asked of a server that greeted; null where it can. */
function hindranceOf({ loading }: Greeting, slow: boolean): string | null {
  if (loading) return 'it is loading its data';
  return slow ? 'it is slow' : null;
}

/** Logs when an outage begins and when it ends, in between only that the server now refuses; and each kind of error it answers, once. */
function tellOutages(server: string, log: RedisLog) {
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
      const refused = error instanceof ServerRefused;
      if (said && (!refused || said === reason)) return;
      log.warn({ server, reason }, `going on without ${refused ? reason : `${server}: ${reason}`}`);
      said = reason;
    },
    ended(): void {
      if (said) log.info({ server }, `${server} answers`);
      said = '';
    },
  };
}

function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // Where this process itself stood still, the answer may be here already, unread: it gets its turn first.
  const timer = setTimeout(() => setImmediate(() => reject(new Error(`no answer in ${ms} ms`))), ms);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
