/** Waits for a gRPC channel: of a call on a channel that is not connected nobody could say whether it was sent. */
import { type Channel, connectivityState, status } from '@grpc/grpc-js';
import { StoreUnavailable } from '../event-store.ts';

type Connectivity = Pick<Channel, 'getConnectivityState' | 'watchConnectivityState'>;

/** Resolves once the channel is connected. Error: StoreUnavailable when it cannot be, or is not within `patience` ms. */
export async function ready(channel: Connectivity, patience: number): Promise<void> {
  const end = performance.now() + patience;
  for (let state = channel.getConnectivityState(true); state !== connectivityState.READY; state = channel.getConnectivityState(true)) {
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
      throw notConnected('The event store cannot be reached.');
    await changed(channel, state, end - performance.now());
  }
}

/** An error by which the client sees that the connection is gone, so that it makes a new one. */
export function notConnected(why: string): StoreUnavailable {
  return Object.assign(new StoreUnavailable(why), { code: status.UNAVAILABLE, details: why });
}

/** The channel takes the end of the wait as a time of day, of which it makes a length at once: so each wait has its own. */
function changed(channel: Connectivity, state: connectivityState, patience: number): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.watchConnectivityState(state, Date.now() + patience, (error) =>
      error ? reject(notConnected('The event store does not answer.')) : resolve(),
    );
  });
}
