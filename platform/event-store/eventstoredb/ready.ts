/** Waits for a gRPC channel: of a call on a channel that is not connected nobody could say whether it was sent. */
import { type Channel, connectivityState, status } from '@grpc/grpc-js';
import { StoreUnavailable } from '../event-store.ts';

type Connectivity = Pick<Channel, 'getConnectivityState' | 'watchConnectivityState'>;

/** Resolves once the channel is connected. Error: StoreUnavailable when it cannot be, or is not within `patience` ms. */
export async function ready(channel: Connectivity, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  for (let state = channel.getConnectivityState(true); state !== connectivityState.READY; state = channel.getConnectivityState(true)) {
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
      throw notConnected('The event store cannot be reached.');
    await changed(channel, state, deadline);
  }
}

/** An error by which the client sees that the connection is gone, so that it makes a new one. */
export function notConnected(why: string): StoreUnavailable {
  return Object.assign(new StoreUnavailable(why), { code: status.UNAVAILABLE, details: why });
}

function changed(channel: Connectivity, state: connectivityState, deadline: number): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.watchConnectivityState(state, deadline, (error) => (error ? reject(notConnected('The event store does not answer.')) : resolve()));
  });
}
