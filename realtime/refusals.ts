/** What the audit log is told of sockets: who was refused at the door, and who asked for a topic that is not theirs. */
import type { IncomingMessage } from 'node:http';
import type { Audited } from '../platform/http/audited.ts';
import { networkOf } from '../platform/http/limits/limits.ts';
import type { SocketConnection } from './connection.ts';

export interface RefusalsOptions {
  /** Missing: nobody hears of refusals. */
  audit?: ((seen: Audited) => void) | undefined;
  /** True where a client's address is the last of X-Forwarded-For. */
  trustProxy: boolean;
}

export interface Refusals {
  /** The network of who asks. */
  networkOf(request: IncomingMessage): string;
  /** Tells of a handshake that was refused with this status. */
  ofHandshake(request: IncomingMessage, status: number): void;
  /** Tells of a topic that somebody may not follow. */
  ofTopic(connection: SocketConnection): void;
}

export function openRefusals({ audit, trustProxy }: RefusalsOptions): Refusals {
  const network = (request: IncomingMessage) => networkOf(addressOf(request, trustProxy));
  const tell = (request: IncomingMessage, seen: Pick<Audited, 'status' | 'row' | 'user'>) =>
    audit?.({ kind: 'refusal', outcome: 'refused', about: null, network: network(request).slice(0, 64), ...seen });
  return {
    networkOf: network,
    ofHandshake: (request, status) => tell(request, { status, row: 'socket', user: null }),
    ofTopic: ({ socket, session }) => tell(socket.request, { status: 403, row: 'socket subscribe', user: session.id }),
  };
}

/** The address of a client. Only the last of X-Forwarded-For is the proxy's own word. */
function addressOf({ headers, socket }: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy
    ? String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : '';
  return forwarded || (socket.remoteAddress ?? '');
}
