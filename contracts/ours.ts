/**
 * What is ours in an event store that others use, too: a stream `<category of the catalog>-<uuid>` whose events carry our metadata and a type of that
 * category, and our bookkeeping (`_…`) with our metadata. Everything else is foreign: it is passed, and changes nothing of ours.
 *
 * A type that is in no contract, or in a newer shape, is ours where the rest is: a newer release wrote it (`isKnown` in catalog.ts).
 */
import { catalog, categoryOfType } from './catalog.ts';
import { isUuid } from './fields.ts';
import { categoryOf, isBookkeeping, type RecordedEvent } from './message.ts';

/**
 * Why an event is foreign. `server`: the server's own, of a stream or a type that begins with `$`; `stream`: another application's stream; `metadata`: in
 * a stream of ours, without our metadata; `type`: in a stream of ours, of a type of another category.
 */
export const FOREIGN_REASONS = ['server', 'stream', 'metadata', 'type'] as const;
export type ForeignReason = (typeof FOREIGN_REASONS)[number];

type Judged = Pick<RecordedEvent, 'stream' | 'type' | 'metadata'>;

/** The beginnings of the names of our streams of events, as `task-`. */
export const STREAM_PREFIXES: readonly string[] = catalog.map(({ category }) => `${category}-`);

const CATEGORIES: ReadonlySet<string> = new Set(catalog.map(({ category }) => category));
/** The reason why an event is not ours; null for one that is. */
export function foreignReason(event: Judged): ForeignReason | null {
  return reasonOfNames(event) ?? (hasOurMetadata(event) ? null : 'metadata');
}

/** True for an event that is ours as far as names tell: where metadata are parsed only for those that look at them, `hasOurMetadata` says the rest. */
export function isOursByName(event: Pick<Judged, 'stream' | 'type'>): boolean {
  return reasonOfNames(event) === null;
}

function reasonOfNames({ stream, type }: Pick<Judged, 'stream' | 'type'>): ForeignReason | null {
  if (stream.startsWith('$') || type.startsWith('$')) return 'server';
  return isBookkeeping(stream) ? null : reasonOfEvent(stream, type);
}

function reasonOfEvent(stream: string, type: string): ForeignReason | null {
  const category = categoryOf(stream);
  if (!CATEGORIES.has(category) || !isUuid(stream.slice(category.length + 1))) return 'stream';
  return (categoryOfType(type) ?? category) === category ? null : 'type';
}

/** True for an event that is ours, known to this release or not. */
export function isOurs(event: Judged): boolean {
  return foreignReason(event) === null;
}

/** True for an event that carries our metadata. */
export function hasOurMetadata({ metadata }: { metadata: unknown }): boolean {
  const { $correlationId, $causationId, commandId, actor, schema, topics } = (metadata ?? {}) as Record<string, unknown>;
  return [$correlationId, $causationId, commandId, actor].every(isText) && isShape(schema) && Array.isArray(topics) && topics.every(isText);
}

const isShape = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
const isText = (value: unknown) => typeof value === 'string';
