/** Events on their way out of the store or off the bus: what is in their boxes is put back, or reads as erased. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { boxesIn, clearShape, SEALED, type SealedBox } from '../../contracts/sealed.ts';
import { Unavailable } from '../absences/unavailable.ts';
import { openBox } from './box.ts';
import { putValue } from './field-paths.ts';
import { keyName, type OpeningKey, PERSON_KEYS, type PersonKeys, type WantedKey } from './person-keys.ts';
import { boxBoundTo } from './seal-events.ts';
import { erasedValueOf } from './sealed-fields.ts';

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
  const wanted = page.flatMap(({ data }) => boxesIn(data)?.filter(({ box }) => box !== undefined) ?? []);
  const found = wanted.length > 0 ? await keys.toOpen(wanted) : NONE;
  return page.map((event) => opened(event, found));
}

const NONE: Keys = new Map();

function opened(event: RecordedEvent, keys: Keys): RecordedEvent {
  const boxes = boxesIn(event.data);
  if (!boxes) return event;
  const { id, type, stream, revision, position, time, metadata } = event;
  const envelope = { id, type, stream, revision, position, time, metadata: { ...metadata, schema: clearShape(metadata.schema) } };
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
    return openBox(box.box ?? '', key, boxBoundTo(event.id, box)) as unknown[];
  } catch (cause) {
    throw new BoxRefused(event, box, cause);
  }
}
