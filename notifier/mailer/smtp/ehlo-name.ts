/** The name by which this machine greets a mail server (RFC 5321, 4.1.1.1): many refuse one that is no full name, and all of them 127.0.0.1. */
import { lookup, lookupService } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isLoopback } from '../../loopback.ts';

/** Milliseconds that the machine has to find its own full name. */
const FOUND_WITHIN = 5_000;

/** The host of our public address, where that is a full name; else the machine's own full name, its address (`[192.0.2.7]`), or its short name. */
export async function ehloName(publicUrl?: string): Promise<string> {
  const host = publicUrl === undefined ? '' : new URL(publicUrl).hostname;
  return nameOf(host) ?? nameOf(hostname()) ?? (await fullName()) ?? ownAddress() ?? hostname();
}

/** A host as it is said in a greeting; undefined where nobody else would know it by that name. */
function nameOf(host: string): string | undefined {
  const address = host.replace(/^\[|\]$/g, '');
  if (isLoopback(host) || /^localhost(\.|$)/i.test(host)) return undefined;
  if (isIP(address)) return literal(address);
  return host.includes('.') ? host : undefined;
}

function literal(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}

/** The full name that the resolver has for the machine's short one, as `hostname -f` tells it. */
async function fullName(): Promise<string | undefined> {
  const asked = lookup(hostname())
    .then(({ address }) => lookupService(address, 25))
    .then(({ hostname: found }) => (isIP(found) ? undefined : nameOf(found)))
    .catch(() => undefined);
  return Promise.race([asked, delay(FOUND_WITHIN, undefined, { ref: false })]);
}

function ownAddress(): string | undefined {
  const outside = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).filter(({ internal }) => !internal));
  const { address } = outside.find(({ family }) => family === 'IPv4') ?? {};
  return address && literal(address);
}
