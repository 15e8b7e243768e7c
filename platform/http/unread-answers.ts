/**
 * Long answers that their clients have not read yet: they wait in memory, and who reads slowly, or not at all, would fill it with a few questions. Together
 * they have a bound; beyond it the network that has most of them loses its oldest, whose client may ask again.
 */
import type { ServerResponse } from 'node:http';

/** Bytes from which an answer is long: shorter ones pass at once into the buffers of the connection. */
const LONG = 65_536;
/** Bytes of long answers that may wait in a process. */
const MOST = 32 * 1024 * 1024;

type Answering = Pick<ServerResponse, 'once' | 'destroy' | 'closed'>;

export interface UnreadAnswers {
  /** To be called with an answer that is about to be sent, and its length in bytes. */
  send(response: Answering, network: string, bytes: number): void;
  /** The bytes of long answers that wait. */
  bytes(): number;
}

export function openUnreadAnswers(most = MOST): UnreadAnswers {
  const waiting = new Map<Answering, { network: string; bytes: number }>();
  const ofNetworks = new Map<string, number>();
  let all = 0;

  function count(network: string, bytes: number): void {
    all += bytes;
    const now = (ofNetworks.get(network) ?? 0) + bytes;
    if (now === 0) ofNetworks.delete(network);
    else ofNetworks.set(network, now);
  }

  function forget(response: Answering): void {
    const one = waiting.get(response);
    if (one && waiting.delete(response)) count(one.network, -one.bytes);
  }

  /** Has the oldest answer to the network with most of them give way. */
  function giveWay(): void {
    const [network] = [...ofNetworks].reduce((one, other) => (other[1] > one[1] ? other : one));
    const oldest = [...waiting].find(([, one]) => one.network === network)?.[0];
    if (!oldest) return;
    forget(oldest);
    oldest.destroy();
  }

  return {
    send(response, network, bytes) {
      // A client that has gone reads nothing, and its answer says so no second time.
      if (bytes < LONG || response.closed) return;
      waiting.set(response, { network, bytes });
      count(network, bytes);
      response.once('close', () => forget(response));
      // One alone is within its row's own bound.
      while (all > most && waiting.size > 1) giveWay();
    },
    bytes: () => all,
  };
}
