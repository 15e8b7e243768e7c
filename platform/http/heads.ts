/**
 * Connections that have not sent a whole head of a request, which no limit of requests counts: bounded for each network, and for all together. Beyond
 * that the oldest of the network with most of them gives way, so that no crowd of them keeps anybody out.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { openGroups } from './by-network.ts';
import { networkOf } from './limits/limits.ts';

/** The bounds of connections without a whole head. */
export interface HeadBounds {
  /** Those of one network. */
  ofNetwork: number;
  /** Those of all networks. */
  inAll: number;
}

export interface BoundHeads {
  /** To be called for the connection of a request that becomes another protocol's: no request comes of it. (Who listens for upgrades takes them all.) */
  upgraded(socket: Socket): void;
}

const NETWORKS = 4;
const MOST_OF_NETWORK = 500;

/** The bounds of a process that may have so many files open: the heads that are missing take a quarter of them at most. */
export function headBoundsOf(files: number): HeadBounds {
  const ofNetwork = Math.max(1, Math.min(MOST_OF_NETWORK, Math.floor(files / 4 / NETWORKS)));
  return { ofNetwork, inAll: NETWORKS * ofNetwork };
}

/** Milliseconds between two looks at connections that were answered, and wait for another request. */
const LOOK_EVERY = 1_000;

/**
 * Bounds the connections of a server whose head is missing. One that was answered waits for the next request; one that waits for longer than the
 * server's own time for that has begun a head, and counts again.
 */
export function boundHeads(server: Server, { ofNetwork, inAll }: HeadBounds): BoundHeads {
  const waiting = openGroups<Socket>();
  const underWay = new WeakMap<Socket, number>();
  const answered = new Map<Socket, number>();

  function giveWay(network: string): void {
    const [oldest] = waiting.of(network);
    if (!oldest) return;
    waiting.remove(oldest);
    oldest.destroy();
  }

  function enter(socket: Socket): void {
    const network = networkOf(socket.remoteAddress ?? '');
    waiting.add(network, socket);
    if (waiting.of(network).size > ofNetwork) giveWay(network);
    if (waiting.size() > inAll) giveWay(waiting.largest());
  }

  function began(socket: Socket): void {
    waiting.remove(socket);
    answered.delete(socket);
  }

  function ended(socket: Socket): void {
    const left = (underWay.get(socket) ?? 1) - 1;
    underWay.set(socket, left);
    if (left === 0 && !socket.destroyed) answered.set(socket, performance.now());
  }

  server.on('connection', (socket: Socket) => {
    enter(socket);
    socket.once('close', () => began(socket));
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    began(socket);
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    response.once('close', () => ended(socket));
  });
  const looking = setInterval(() => {
    const before = performance.now() - server.keepAliveTimeout - LOOK_EVERY;
    for (const [socket, since] of answered)
      if (since < before) {
        answered.delete(socket);
        enter(socket);
      }
  }, LOOK_EVERY).unref();
  server.once('close', () => clearInterval(looking));
  return { upgraded: began };
}
