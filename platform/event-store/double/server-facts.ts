/** A server's facts about itself: its version and methods, and the members that its gossip tells. */

import type * as Gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import type * as Features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';

const METHODS = ['read', 'append', 'batchappend'];
const TICKS_PER_MILLISECOND = 10_000;

export function featuresOf(version: string): Features.SupportedMethods {
  const supported = new features.SupportedMethods().setEventStoreServerVersion(version);
  for (const name of METHODS)
    supported.addMethods(new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name));
  return supported;
}

/** The gossip of a cluster of one, which leads. */
export function membersOf(port: number): Gossip.ClusterInfo {
  const member = new gossip.MemberInfo().setState(gossip.MemberInfo.VNodeState.LEADER).setIsAlive(true);
  member.setInstanceId(new shared.UUID().setString(crypto.randomUUID())).setTimeStamp(String(Date.now() * TICKS_PER_MILLISECOND));
  member.setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port));
  return new gossip.ClusterInfo().setMembersList([member]);
}
