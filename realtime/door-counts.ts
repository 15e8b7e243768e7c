/**
 * The connections of each network and user. Whoever has not logged in yet holds a place for a moment alone: where too many wait, of a network or at
 * all, the oldest of the network that has most of them gives way. So no crowd of handshakes keeps anybody out.
 */
import { openGroups } from '../platform/http/by-network.ts';

/** The bounds of connections in a process. */
export interface DoorBounds {
  /** The most connections of one network. */
  socketsOfNetwork: number;
  /** The most of these before login; of all networks together, four times as many. */
  waitingOfNetwork: number;
  /** The most connections of one user. */
  socketsOfUser: number;
}

/** A connection of the engine. */
export interface CountedConnection {
  close(discard?: boolean): unknown;
  once(event: 'close', left: () => void): unknown;
}

export interface DoorCounts {
  /** True where a network has all its connections. */
  isFull(network: string): boolean;
  /** Counts a connection, which waits until it is admitted or closed; others may have to give way. */
  enter(connection: CountedConnection, network: string): void;
  /**
   * Counts a waiting connection as its user's, who is logged in; false where it does not wait any more, since it closed, gave way or has its user, and,
   * while it goes on waiting, where that user has all theirs.
   */
  admit(connection: CountedConnection, userId: string): boolean;
}

const NETWORKS = 4;

export function openDoorCounts({ socketsOfNetwork, waitingOfNetwork, socketsOfUser }: DoorBounds): DoorCounts {
  const open = openGroups<CountedConnection>();
  const waiting = openGroups<CountedConnection>();
  const ofUser = openGroups<CountedConnection>();

  function leave(connection: CountedConnection): void {
    for (const group of [open, waiting, ofUser]) group.remove(connection);
  }

  function giveWay(network: string): void {
    const [oldest] = waiting.of(network);
    if (!oldest) return;
    leave(oldest);
    oldest.close(true);
  }

  return {
    isFull: (network) => open.of(network).size >= socketsOfNetwork,
    enter: (connection, network) => {
      for (const group of [open, waiting]) group.add(network, connection);
      connection.once('close', () => leave(connection));
      if (waiting.of(network).size > waitingOfNetwork) giveWay(network);
      if (waiting.size() > NETWORKS * waitingOfNetwork) giveWay(waiting.largest());
    },
    admit: (connection, userId) => {
      // A login takes a while: whoever closed meanwhile is never heard to leave again.
      if (!waiting.has(connection)) return false;
      if (ofUser.of(userId).size >= socketsOfUser) return false;
      waiting.remove(connection);
      ofUser.add(userId, connection);
      return true;
    },
  };
}
