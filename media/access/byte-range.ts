/** Ranges of bytes that a request asks for (RFC 9110, 14): one at a time. */
import type { ByteRange } from '../../platform/files/files.ts';

/**
 * The part of an object that a header `Range` asks for: `whole` without one, with several, or with one that is not understood; `none` where the
 * object has no such bytes.
 */
export function rangeAsked(header: string | undefined, bytes: number): ByteRange | 'whole' | 'none' {
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') return lastBytes(Number(last), bytes);
  const [from, to] = [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last)];
  if (to < from) return 'whole';
  return from < bytes ? { from, to: Math.min(to, bytes - 1) } : 'none';
}

function lastBytes(count: number, bytes: number): ByteRange | 'none' {
  return count > 0 && bytes > 0 ? { from: Math.max(bytes - count, 0), to: bytes - 1 } : 'none';
}

/** True where `If-Range` lets a part be answered: it is missing, or names this very entity tag. (Dates are never ours, so they never match.) */
export function rangeHolds(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === etag;
}
