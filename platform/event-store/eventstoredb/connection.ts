/** A connection by @eventstore/db-client, with some private members of the client that we cannot do without. */
import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { CallOptions, Channel, Client, Metadata } from '@grpc/grpc-js';
import { notConnected } from './ready.ts';

/** The client's calls; each asks for the leader, because the next reader must see what was appended. */
export interface StoreConnection {
  readonly client: EventStoreDBClient;
  /** The Streams service on the present channel, which is a new one after a failure. Error: the client's own. */
  streams(): Promise<StreamsClient>;
  /** Arguments of a call without a deadline of its own. */
  callArguments(): [Metadata, Partial<CallOptions>];
  /** Tells the client that a call failed: after a failure of the connection, the next call gets a new one, to the leader where that is known. */
  failed(streams: StreamsClient, error: Error): void;
  /** Taken before a call, answers a function for the case that the call is silent: the calls after it then get another connection. */
  renewal(): () => void;
  /** The server's version, and whether it takes batches. Error: the client's own. */
  features(): Promise<{ version: string; takesBatches: boolean }>;
  /** Ends every call and lets the connection go. */
  close(): Promise<void>;
}

/** Members of the client that its types hide. */
interface Inside {
  getGRPCClient(of: typeof StreamsClient, name: string): Promise<StreamsClient>;
  getChannel(): Promise<Channel>;
  callArguments(options: { requiresLeader: boolean }, call: { deadline: number }): [Metadata, Partial<CallOptions>];
  handleError(client: Client, error: Error): Promise<void>;
  readonly capabilities: Promise<{ serverVersion: string }>;
  supports(method: unknown): Promise<boolean>;
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}

/** Makes a connection; nothing is sent yet. Errors: the client's own, for a connection string it cannot read or a certificate that is not there. */
export function openConnection(connectionString: string): StoreConnection {
  const client = EventStoreDBClient.connectionString(connectionString);
  const inside = client as unknown as Inside;
  const handle = inside.handleError;
  // The client awaits this nowhere: its rejection, where a cluster cannot be found any more, would end the process.
  inside.handleError = (failed, error) => handle(failed, error).catch(() => {});

  const streams = () => inside.getGRPCClient(StreamsClient, 'Streams');

  async function close(): Promise<void> {
    await client.dispose();
    // Looking for a cluster that is gone takes seconds, and there is nothing to close then.
    const channel = await Promise.race([inside.getChannel(), nextTurn()]).catch(() => undefined);
    channel?.close();
  }

  return {
    client,
    streams,
    callArguments: () => inside.callArguments({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY }),
    failed: (streams, error) => void inside.handleError(streams, error),
    renewal: () => {
      const used = streams().catch(() => undefined);
      return () => void used.then((silent) => silent && inside.handleError(silent, notConnected('It is silent.')));
    },
    features: async () => {
      const { serverVersion: version } = await inside.capabilities;
      return { version, takesBatches: await inside.supports({ path: '/event_store.client.streams.Streams/BatchAppend' }) };
    },
    close,
  };
}
