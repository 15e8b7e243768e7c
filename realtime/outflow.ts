/** The bytes that wait to be sent on a socket. A client that reads too slowly is cut off before they fill the server's memory; it resumes later. */
import type { Socket } from 'socket.io';

type EngineSocket = Socket['conn'];

/** The `ws` socket beneath a transport, where it is one. */
interface Beneath {
  socket?: { bufferedAmount?: number; readyState: number; terminate?: () => void; once(name: 'close', done: () => void): void };
}

/** `WebSocket.CLOSED`. */
const CLOSED = 3;

/** The number of bytes that wait on a socket, in its packet queue and in its websocket; counted no further than `enough`. */
export function waiting(conn: EngineSocket, enough: number): number {
  let bytes = (conn.transport as unknown as Beneath).socket?.bufferedAmount ?? 0;
  for (const packet of writeBuffer(conn)) {
    if (bytes > enough) return bytes;
    bytes += 100 + sizeOf(packet.data);
  }
  return bytes;
}

/** Resolves when the packet queue is empty, or the socket closed. */
export async function drained(conn: EngineSocket): Promise<void> {
  while (conn.readyState === 'open' && writeBuffer(conn).length > 0) {
    await new Promise<void>((resolve) => {
      const done = () => {
        conn.off('drain', done);
        conn.off('close', done);
        resolve();
      };
      conn.once('drain', done);
      conn.once('close', done);
    });
  }
}

/** Ends a connection without waiting for its peer; packets that wait are thrown away. */
export function cut(conn: EngineSocket): void {
  const { socket } = conn.transport as unknown as Beneath;
  if (socket?.terminate) socket.terminate();
  else conn.close(true);
}

/** Resolves when these connections, which are closing, are closed; cuts off those that are left after `patience` milliseconds. */
export async function farewell(conns: readonly EngineSocket[], patience: number): Promise<void> {
  const open = conns.flatMap((conn) => {
    const { socket } = conn.transport as unknown as Beneath;
    return socket && socket.readyState !== CLOSED ? [socket] : [];
  });
  const late = setTimeout(() => {
    for (const socket of open) socket.terminate?.();
  }, patience);
  await Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.once('close', resolve))));
  clearTimeout(late);
}

function writeBuffer(conn: EngineSocket): { data?: unknown }[] {
  return (conn as unknown as { writeBuffer: { data?: unknown }[] }).writeBuffer;
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}
