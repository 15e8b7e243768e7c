/** Events on their way into the store: their personal fields go into boxes, one for each person. */
import type { NewEvent } from '../../contracts/message.ts';
import { boxesIn, SEALED, type SealedBox, sealedShape } from '../../contracts/sealed.ts';
import { sealText } from './box.ts';
import { valueAt, withoutValues } from './field-paths.ts';
import type { PersonKeys, SealingKey } from './person-keys.ts';
import { fieldsToSeal, personOfField, type SealedField } from './sealed-fields.ts';
import { keepSealed } from './sealed-lately.ts';

/** What sealing needs. `hmac` is that of the installation's keys. */
export interface SealContext {
  keys: Pick<PersonKeys, 'toSeal'>;
  hmac(text: string): string;
}

type Keys = ReadonlyMap<string, SealingKey | null>;
/** What an event holds of one person: the names of the fields, and what is in them. */
interface Belonging {
  names: string[];
  values: unknown[];
}
/** What an event holds of persons: by their reference, and the paths of all of it. */
interface Belongings {
  of: ReadonlyMap<string, Belonging>;
  paths: readonly SealedField['path'][];
}

/** What a box is bound to, so that no other event, person or field takes it. */
export function boxBoundTo(id: string, { of, generation, fields }: Omit<SealedBox, 'box'>): string {
  return `${id}\n${of}\n${generation}\n${fields.join('\n')}`;
}

/** Seals the events of an append; those without personal fields, and those that are sealed already, stay as they are. Errors: those of the keys. */
export async function sealEvents(stream: string, events: readonly NewEvent[], { keys, hmac }: SealContext): Promise<readonly NewEvent[]> {
  const belongings = events.map((event) => belongingsOf(stream, event, hmac));
  const people = belongings.flatMap(({ of }) => [...of.keys()]);
  if (people.length === 0) return events;
  const found = await keys.toSeal(people);
  return events.map((event, index) => sealed(event, belongings[index] as Belongings, found));
}

const NOTHING: Belongings = { of: new Map(), paths: [] };

function belongingsOf(stream: string, event: NewEvent, hmac: (text: string) => string): Belongings {
  const fields = fieldsToSeal(stream, event);
  if (fields.length === 0 || boxesIn(event.data)) return NOTHING;
  const found = new Map<string, Belonging>();
  const paths: SealedField['path'][] = [];
  for (const field of fields) {
    const value = valueAt(event.data, field.path);
    if (value === undefined || value === null) continue;
    const of = personOfField(field, { stream, event, value }, hmac);
    const its = found.get(of) ?? { names: [], values: [] };
    its.names.push(field.name);
    its.values.push(value);
    found.set(of, its);
    paths.push(field.path);
  }
  return { of: found, paths };
}

function sealed(event: NewEvent, { of, paths }: Belongings, keys: Keys): NewEvent {
  if (paths.length === 0) return event;
  const data = withoutValues(event.data as Readonly<Record<string, unknown>>, paths);
  data[SEALED] = [...of].map(([whose, its]) => boxOf(event.id, whose, { ...its, key: keys.get(whose) ?? null }));
  return { ...event, data, metadata: { ...event.metadata, schema: sealedShape(event.metadata.schema) } };
}

/** The box of what is a person's; an empty one where the person was erased. */
function boxOf(id: string, of: string, { names, values, key }: Belonging & { key: SealingKey | null }): SealedBox {
  if (!key) return { of, generation: 0, fields: names };
  const head = { of, generation: key.generation, fields: names };
  const its = { key: key.key, bound: boxBoundTo(id, head), json: JSON.stringify(values) };
  const box = sealText(its.json, its.key, its.bound);
  keepSealed(box, its);
  return { ...head, box };
}
