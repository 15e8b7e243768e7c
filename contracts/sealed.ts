/**
 * How an event looks while its personal fields are sealed: in the event store, on the bus and in backups. The fields are taken out of `data`, and
 * `$sealed` stands for them. These names are a storage format: add, never rename or remove.
 */

/** The personal fields of one person in one event. */
export interface SealedBox {
  /** Whose they are: `user:<id>`, `address:<hash>` of whoever has an address or number, `visit:<id>` of who came by a visit, `blocked:<id>` of who is not let in, or `actor:<name>`, as of an API key. */
  of: string;
  /** Which key of this person. */
  generation: number;
  /** The names of the fields, as `recipient.address`. */
  fields: string[];
  /** Nonce, ciphertext and tag of AES-256-GCM, as base64url; missing where the person was erased already when it was written. */
  box?: string;
}

/** The field of `data` that stands for those that were taken out. */
export const SEALED = '$sealed';

/** What is added to the version of the shape of a sealed event: an older release takes it for a newer shape, and does not read half an event. */
const SHAPES = 1_000;

/** The shape that a sealed event carries. */
export function sealedShape(schema: number): number {
  return schema + SHAPES;
}

/** The shape of an event when it is opened; that of a clear one is its own. */
export function clearShape(schema: number): number {
  return schema > SHAPES ? schema - SHAPES : schema;
}

/** The boxes in the data of an event; undefined where it is clear. */
export function boxesIn(data: unknown): readonly SealedBox[] | undefined {
  const boxes = (data as { [SEALED]?: unknown } | null | undefined)?.[SEALED];
  return Array.isArray(boxes) ? boxes : undefined;
}
