/** Bare TCP clients: they send what they are told, and never close their side by themselves. */
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';

export interface BareClient {
  socket: Socket;
  /** All text that came so far. */
  received(): string;
  /** Resolves to all text so far once the pattern is in it. */
  hears(pattern: RegExp): Promise<string>;
}

/** Connects and sends `text`; the connection goes with the test. `reads: false` for a client that takes nothing from its connection. */
export function bareClient(port: number, text = '', { reads = true } = {}): BareClient {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('error', () => {});
  if (reads) socket.setEncoding('utf8').on('data', (chunk) => (received += chunk));
  if (text) socket.write(text);
  const hears = async (pattern: RegExp) => {
    await expect.poll(() => received, { timeout: 15_000, interval: 5 }).toMatch(pattern);
    return received;
  };
  return { socket, received: () => received, hears };
}

/** The text of a request that asks for another protocol, as curl and Java ask for h2c. */
export function upgradeRequest(path: string, protocol: string, { method = 'GET', more = '', body = '' } = {}): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABk\r\n${more}\r\n${body}`;
}

/** The text of a request for a websocket, as Socket.IO's clients send it. */
export function websocketRequest(path = '/socket.io/?EIO=4&transport=websocket'): string {
  return upgradeRequest(path, 'websocket', { more: 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' });
}

/** The first bytes of HTTP/2, as a client sends them that takes its upgrade for granted. */
export const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
