/** Events on their way out of the store or off the bus: what is in their boxes is put back, or reads as erased. */
import type { Metadata, Position, RecordedEvent } from '../../contracts/message.ts';
import { boxesIn, clearShape, SEALED, type SealedBox } from '../../contracts/sealed.ts';
import { Unavailable } from '../absences/unavailable.ts';
import { openBox } from './box.ts';
import { putValue } from './field-paths.ts';
import { keyName, type OpeningKey, PERSON_KEYS, type PersonKeys, type WantedKey } from './person-keys.ts';
import { boxBoundTo } from './seal-events.ts';
import { erasedValueOf } from './sealed-fields.ts';
import { sealedLately } from './sealed-lately.ts';

type Keys = ReadonlyMap<string, OpeningKey>;

/** A box that its key does not open: it was changed, or the secrets hold another key by this name. */
export class BoxRefused extends Unavailable {
  override readonly name = 'BoxRefused';
  readonly dependency = PERSON_KEYS;
  readonly answer = 'Some of this cannot be opened right now. Whoever runs this installation must look at it.';
  override readonly retryAfter = 60;
  constructor({ stream, revision }: Pick<RecordedEvent, 'stream' | 'revision'>, { of, generation }: WantedKey, cause: unknown) {
    super(
      `event ${revision} of ${stream} does not open with key ${generation} of ${of}: the secrets hold another key, as an older backup does, or the event was changed`,
      { cause },
    );
  }
}

/**
 * Opens sealed events; clear ones stay as they are. The data of an event whose key is missing throws PersonKeyMissing, and BoxRefused where its key
 * does not open it, when it is looked at: the others are read all the same. Errors: those of the keys.
 */
export async function openSealed(page: RecordedEvent[], keys: Pick<PersonKeys, 'toOpen'>): Promise<RecordedEvent[]> {
  const found = await keysOf(page, keys);
  return page.map((event) => opened(event, found));
}

/**
 * As `openSealed`, for those of these types; each is opened when its data is looked at, as a rebuild does not for most. The others are as the store gives
 * them. What is opened later is opened with the keys of now.
 */
export async function openWhenLookedAt(
  page: RecordedEvent[],
  { keys, types }: { keys: Pick<PersonKeys, 'toOpen'>; types: ReadonlySet<string> },
): Promise<RecordedEvent[]> {
  const found = await keysOf(
    page.filter(({ type }) => types.has(type)),
    keys,
  );
  return page.map((event) => (types.has(event.type) && boxesIn(event.data) ? new UnopenedEvent(event, found) : event));
}

const NONE: Keys = new Map();

async function keysOf(page: readonly RecordedEvent[], keys: Pick<PersonKeys, 'toOpen'>): Promise<Keys> {
  const wanted = new Map<string, WantedKey>();
  for (const { data } of page) for (const box of boxesIn(data) ?? []) if (box.box !== undefined) wanted.set(keyName(box.of, box.generation), box);
  return wanted.size > 0 ? keys.toOpen([...wanted.values()]) : NONE;
}

/** A sealed event that is opened when its data is looked at. A class, for its getters: a hundred thousand are made a second. */
class UnopenedEvent implements RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  readonly time: string;
  private readonly sealed: RecordedEvent;
  private readonly keys: Keys;
  private its: { data?: unknown; metadata?: Metadata } = {};

  constructor(sealed: RecordedEvent, keys: Keys) {
    this.id = sealed.id;
    this.type = sealed.type;
    this.stream = sealed.stream;
    this.revision = sealed.revision;
    this.position = sealed.position;
    this.time = sealed.time;
    this.sealed = sealed;
    this.keys = keys;
  }

  get data(): unknown {
    this.its.data ??= openedData(this.sealed, boxesIn(this.sealed.data) ?? [], this.keys);
    return this.its.data;
  }

  get metadata(): Metadata {
    this.its.metadata ??= clearMetadata(this.sealed);
    return this.its.metadata;
  }
}

function clearMetadata({ metadata }: RecordedEvent): Metadata {
  return { ...metadata, schema: clearShape(metadata.schema) };
}

function opened(event: RecordedEvent, keys: Keys): RecordedEvent {
  const boxes = boxesIn(event.data);
  if (!boxes) return event;
  const { id, type, stream, revision, position, time } = event;
  const envelope = { id, type, stream, revision, position, time, metadata: clearMetadata(event) };
  try {
    return { ...envelope, data: openedData(event, boxes, keys) };
  } catch (error) {
    return Object.defineProperty(envelope as RecordedEvent, 'data', {
      enumerable: true,
      get: () => {
        throw error;
      },
    });
  }
}

function openedData(event: RecordedEvent, boxes: readonly SealedBox[], keys: Keys): unknown {
  const { [SEALED]: _, ...data } = event.data as Record<string, unknown>;
  for (const box of boxes) {
    const values = valuesIn(event, box, keys);
    for (const [index, name] of box.fields.entries()) putValue(data, name.split('.'), values[index]);
  }
  return data;
}

function valuesIn(event: RecordedEvent, box: SealedBox, keys: Keys): unknown[] {
  const key = box.box === undefined ? 'destroyed' : keys.get(keyName(box.of, box.generation));
  if (key === 'destroyed') return box.fields.map((name) => erasedValueOf(event.type, name));
  if (key === undefined || key instanceof Error) throw key ?? new Error(`no key was asked for ${box.of}`);
  try {
    const { box: its = '' } = box;
    const bound = boxBoundTo(event.id, box);
    return (sealedLately(its, key, bound) ?? openBox(its, key, bound)) as unknown[];
  } catch (cause) {
    throw new BoxRefused(event, box, cause);
  }
}
