/** Events on their way into the store: their personal fields go into boxes, one for each person. */
import type { NewEvent } from '../../contracts/message.ts';
import { boxesIn, SEALED, type SealedBox, sealedShape } from '../../contracts/sealed.ts';
import { sealBox } from './box.ts';
import { valueAt, withoutValues } from './field-paths.ts';
import type { PersonKeys, SealingKey } from './person-keys.ts';
import { fieldsToSeal, personOfField, type SealedField } from './sealed-fields.ts';

/** What sealing needs. `hmac` is that of the installation's keys. */
export interface SealContext {
  keys: Pick<PersonKeys, 'toSeal'>;
  hmac(text: string): string;
}

type Keys = ReadonlyMap<string, SealingKey | null>;
/** The fields of an event that hold something, by the reference of their person. */
type Belongings = ReadonlyMap<string, readonly SealedField[]>;

/** What a box is bound to, so that no other event, person or field takes it. */
export function boxBoundTo(id: string, { of, generation, fields }: Omit<SealedBox, 'box'>): string {
  return `${id}\n${of}\n${generation}\n${fields.join('\n')}`;
}

/** Seals the events of an append; those without personal fields, and those that are sealed already, stay as they are. Errors: those of the keys. */
export async function sealEvents(stream: string, events: readonly NewEvent[], { keys, hmac }: SealContext): Promise<readonly NewEvent[]> {
  const belongings = events.map((event) => belongingsOf(stream, event, hmac));
  const people = belongings.flatMap((its) => [...its.keys()]);
  if (people.length === 0) return events;
  const found = await keys.toSeal(people);
  return events.map((event, index) => sealed(event, belongings[index] as Belongings, found));
}

const NOTHING: Belongings = new Map();

function belongingsOf(stream: string, event: NewEvent, hmac: (text: string) => string): Belongings {
  const fields = fieldsToSeal(stream, event);
  if (fields.length === 0 || boxesIn(event.data)) return NOTHING;
  const found = new Map<string, SealedField[]>();
  for (const field of fields) {
    const value = valueAt(event.data, field.path);
    if (value === undefined || value === null) continue;
    const of = personOfField(field, { stream, event, value }, hmac);
    found.set(of, [...(found.get(of) ?? []), field]);
  }
  return found;
}

function sealed(event: NewEvent, belongings: Belongings, keys: Keys): NewEvent {
  if (belongings.size === 0) return event;
  const paths = [...belongings.values()].flatMap((fields) => fields.map(({ path }) => path));
  const data = withoutValues(event.data as Readonly<Record<string, unknown>>, paths);
  const boxes = [...belongings].map(([of, fields]) => boxOf(event, { of, fields }, keys.get(of) ?? null));
  return { ...event, data: { ...data, [SEALED]: boxes }, metadata: { ...event.metadata, schema: sealedShape(event.metadata.schema) } };
}

/** The box of a person's fields; an empty one where the person was erased. */
function boxOf({ id, data }: NewEvent, { of, fields }: { of: string; fields: readonly SealedField[] }, key: SealingKey | null): SealedBox {
  const names = fields.map(({ name }) => name);
  if (!key) return { of, generation: 0, fields: names };
  const head = { of, generation: key.generation, fields: names };
  const values = fields.map(({ path }) => valueAt(data, path));
  return { ...head, box: sealBox(values, key.key, boxBoundTo(id, head)) };
}
