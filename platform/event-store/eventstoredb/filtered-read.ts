/**
 * Reads of `$all` that the server filters by the names of streams. The client's own reads take no filter, but the protocol does: so this speaks it by the
 * client's generated definitions, on its connection.
 */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { convertGrpcRecord } from '@eventstore/db-client/dist/utils/convertGrpcEvent.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoreConnection } from './connection.ts';
import type { Call } from './pull.ts';
import type { Scan } from './scan.ts';

/** A scan of the wanted streams alone, in one call. */
export type FilteredRead = Required<Scan>;

/**
 * Records that the server goes through for one page of a read. (Without a number it is 32: one message within the server for each 32 records, wanted or
 * not.)
 */
const SEARCH_WINDOW = 2_000;
/** gRPC's code of a call that was ended by its caller. */
const CANCELLED = 1;

/** Begins a read, whose items are answers (`eventIn`). Errors come from the call: gRPC's. */
export async function filteredRead(connection: StoreConnection, read: FilteredRead): Promise<Call> {
  const client = await connection.streams();
  const call = client.read(requestOf(read), ...connection.callArguments());
  call.on('error', (error: Error & { code?: number }) => {
    if (error.code !== CANCELLED) connection.failed(client, error);
  });
  return call;
}

/** The event in an answer of such a read; undefined in answers of other kinds. */
export function eventIn(answer: Streams.ReadResp): AllStreamRecordedEvent | undefined {
  const event = answer.getEvent()?.getEvent();
  return event && (convertGrpcRecord(event) as AllStreamRecordedEvent);
}

function requestOf({ direction, from, chunk, prefixes }: FilteredRead): Streams.ReadReq {
  const { Options } = streams.ReadReq;
  const { BACKWARDS, FORWARDS } = Options.ReadDirection;
  const wanted = new Options.FilterOptions.Expression().setPrefixList([...prefixes]);
  const filter = new Options.FilterOptions().setStreamIdentifier(wanted).setMax(SEARCH_WINDOW).setCheckpointintervalmultiplier(1);
  const options = new Options()
    .setAll(placeOf(from))
    .setReadDirection(direction === 'forwards' ? FORWARDS : BACKWARDS)
    .setCount(String(chunk))
    .setFilter(filter)
    .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
  return new streams.ReadReq().setOptions(options);
}

function placeOf(from: FilteredRead['from']): Streams.ReadReq.Options.AllOptions {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from === 'start') return all.setStart(new shared.Empty());
  if (from === 'end') return all.setEnd(new shared.Empty());
  return all.setPosition(new streams.ReadReq.Options.Position().setCommitPosition(String(from)).setPreparePosition(String(from)));
}
