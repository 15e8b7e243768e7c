/** The headers that keep browsers from what no answer of ours needs. Whoever answers may set stricter or wider ones for one answer. */

import type { Server, ServerResponse } from 'node:http';

/** The policy of an answer that is no page: nothing is loaded or run, and no other page frames it. */
export const NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * The headers of every answer of an installation whose pages are at this address (PUBLIC_URL). Where that is `https:`, browsers ask this host and those
 * below it in no other way for a year.
 */
export function securityHeaders(publicUrl: string | undefined): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': NOTHING_RUNS,
    ...(publicUrl?.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } : {}),
  };
}

const ofServer = new WeakMap<Server, Readonly<Record<string, string>>>();

/** Keeps the headers with which each answer of a server begins. */
export function keepHeaders(server: Server, headers: Readonly<Record<string, string>>): void {
  ofServer.set(server, headers);
}

/** The headers that were kept for a server; none where there are none. */
export function headersOf(server: Server | undefined): Readonly<Record<string, string>> {
  return (server && ofServer.get(server)) ?? {};
}

/** Begins an answer of this server with the headers that were kept for it. */
export function beginAnswer(server: Server, response: ServerResponse): void {
  const headers = headersOf(server);
  for (const name in headers) response.setHeader(name, headers[name] as string);
}
