/**
 * BatchAppend: all appends on one call of the server, each answered on its own.
 *
 * The client has this call, too, but not for us: where the connection goes while more is waiting than the socket takes, its own append rejects
 * promises that nobody holds, which ends the process; and where the server ends the call without an error, its promises never settle.
 * So this speaks the call by the client's own generated definitions, on its connection.
 */
import { randomUUID } from 'node:crypto';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { StoreUnavailable } from '../event-store.ts';
import { type BatchAnswer, batchAnswerOf, correlationOf, type Request, requestsOf } from './batch-messages.ts';
import type { CallSource } from './calls.ts';
import { messageOf } from './failures.ts';
import { notConnected, ready } from './ready.ts';

export interface BatchAppend {
  /** Sends an append and resolves with the server's answer, `unknown` where the call ended first. Error: StoreUnavailable, where nothing was sent. */
  send(request: Request): Promise<BatchAnswer>;
  /** Ends the call; appends that it did not answer are `unknown`. */
  close(): void;
}

/** Times the patience that a busy server may take over one append while it answers others; the server has a limit of its own, too. */
const MOST_PATIENCE = 6;
/** How often the call is looked at for silence within the patience. */
const LOOKS = 4;

type Call = ClientDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>;

interface Pending {
  resolve(answer: BatchAnswer): void;
  since: number;
}

export function openBatchAppend(source: CallSource): BatchAppend {
  let current: Promise<ReturnType<typeof track>> | undefined;

  async function open() {
    const connection = source.connection();
    const streams: StreamsClient = await connection.streams();
    try {
      await ready(streams.getChannel(), source.patience);
    } catch (error) {
      connection.failed(streams, error as Error);
      throw error;
    }
    const ended = (error: Error | undefined) => {
      current = undefined;
      if (error) connection.failed(streams, error);
    };
    return track(streams.batchAppend(...connection.callArguments()), source.patience, ended);
  }

  async function callOf() {
    current ??= open();
    const opening = current;
    try {
      return await opening;
    } catch (error) {
      if (current === opening) current = undefined;
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(`The event store: ${messageOf(error)}`, { cause: error });
    }
  }

  return {
    send: async (request) => {
      const answer = await (await callOf()).send(request);
      return 'unsent' in answer ? (await callOf()).send(request) : answer;
    },
    close: () => {
      current?.then((call) => call.close()).catch(() => {});
    },
  };
}

/** Matches answers to requests on one call, until it ends. */
function track(call: Call, patience: number, ended: (error: Error | undefined) => void) {
  const pending = new Map<string, Pending>();
  let over: string | undefined;

  function end(why: string, error?: Error): void {
    if (over !== undefined) return;
    over = why;
    clearInterval(watch);
    ended(error);
    for (const { resolve } of pending.values()) resolve({ unknown: why });
    pending.clear();
  }

  let heard = 0;
  let suspected = -1;
  const watch = setInterval(() => {
    // A Map keeps the order of insertion: the oldest request comes first.
    const [oldest] = pending.entries();
    if (!oldest) return;
    const [now, [id, { since, resolve }]] = [performance.now(), oldest];
    if (now - Math.max(since, heard) > patience) return silent();
    suspected = -1;
    if (now - since <= MOST_PATIENCE * patience) return;
    pending.delete(id);
    resolve({ unknown: 'it answered others, and not this one' });
  }, patience / LOOKS);

  /** Ends a call that is found silent twice: after the first time, answers may lie unread in the socket because this process was busy. */
  function silent(): void {
    const isSure = suspected === heard;
    suspected = heard;
    if (!isSure) return;
    end('it was silent', notConnected('silent'));
    call.cancel();
  }

  call.on('data', (response: Streams.BatchAppendResp) => {
    heard = performance.now();
    const id = correlationOf(response);
    pending.get(id)?.resolve(batchAnswerOf(response));
    pending.delete(id);
  });
  call.on('error', (error) => end(messageOf(error), error));
  call.on('end', () => end('the server ended the call'));
  call.on('close', () => end('the call was closed'));

  return {
    send: (request: Request): Promise<BatchAnswer> =>
      new Promise((resolve) => {
        if (over !== undefined) return resolve({ unsent: over });
        const id = randomUUID();
        pending.set(id, { resolve, since: performance.now() });
        for (const message of requestsOf(id, request)) call.write(message);
      }),
    close: () => call.cancel(),
  };
}
