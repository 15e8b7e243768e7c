/** Messages from clients: counted, validated, answered. */
import type { Socket } from 'socket.io';
import type { z } from 'zod';
import { clientMessages } from '../contracts/live.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { FollowContext } from '../platform/followers/follow.ts';
import { validBody } from '../platform/http/validate.ts';
import type { SocketConnection } from './connection.ts';
import { socketProblem } from './socket-problem.ts';

type Name = keyof typeof clientMessages;
type MessageOf<N extends Name> = z.infer<(typeof clientMessages)[N]['schema']>;

/** The handlers of messages by name. A ProblemError becomes the answer `{problem}`. */
export type Handlers = { [N in Name]: (connection: SocketConnection, message: MessageOf<N>) => object | Promise<object> };

/** The most messages of one connection that may wait for their answers. */
const MOST_UNANSWERED = 20;

/** Answers the messages of a connection, until it ends. A message without acknowledgement is handled all the same. */
export function answerMessages(connection: SocketConnection, handlers: Handlers, log: FollowContext['log']): void {
  async function answer(name: string, args: unknown[]): Promise<object> {
    if (!Object.hasOwn(handlers, name)) throw new ProblemError('not_found', 'There is no such message.');
    if (args.length !== 1) throw new ProblemError('invalid', 'A message has one object and an acknowledgement.');
    const known = name as Name;
    const message = validBody<never>(clientMessages[known].schema as unknown as z.ZodType<never>, args[0]);
    if (connection.unanswered > MOST_UNANSWERED) throw new ProblemError('limited', 'Wait for the answers to earlier messages.');
    return handlers[known](connection, message);
  }

  connection.socket.onAny((name: string, ...args: unknown[]) => {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as (answer: object) => void) : () => undefined;
    connection.unanswered++;
    answer(name, typeof last === 'function' ? args.slice(0, -1) : args)
      .catch((error: unknown) => ({ problem: socketProblem(error, log, { message: name }) }))
      .then((reply) => {
        connection.unanswered--;
        ack(reply);
      });
  });
}

/** Calls `flood` when a connection sends more than `most` packets (of whatever kind) within a second. */
export function countPackets(conn: Socket['conn'], most: number, flood: () => void): void {
  let since = Number.NEGATIVE_INFINITY;
  let packets = 0;
  conn.on('packet', () => {
    const now = performance.now();
    if (now - since >= 1_000) {
      since = now;
      packets = 0;
    }
    packets++;
    if (packets === most + 1) flood();
  });
}
