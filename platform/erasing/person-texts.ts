/** What the log has of a person in their own words: looked for where copies of texts are kept that no key seals. */
import type { z } from 'zod';
import { catalog, isKnown, upcast } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { ERASED, ERASED_ADDRESS, ERASED_PHONE, type PersonalField, personalFieldsIn } from '../../contracts/personal.ts';
import { takingTurns } from '../concurrency/taking-turns.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { comparedAddress, ownAddresses } from './own-addresses.ts';

/** Addresses and numbers of a person, as `ownAddresses` has them, and their texts: names, titles, comments … of at least two characters. */
export interface TextsOfPerson {
  addresses: string[];
  texts: string[];
}

const FIELDS: ReadonlyMap<string, readonly PersonalField[]> = new Map(
  catalog.flatMap(({ events }) => Object.entries(events).map(([type, { schema }]) => [type, personalFieldsIn(schema as z.ZodType)] as const)),
);
const ADDRESSES: ReadonlySet<string> = new Set(['email', 'previous', 'phone']);
const ERASED_VALUES: ReadonlySet<string> = new Set([ERASED, ERASED_ADDRESS, ERASED_PHONE]);
/** A shorter text is in too many others; of those with two signs, whoever looks for them takes what the script allows. */
const SHORTEST = 2;

/** All texts of a person in the log; an address that they only asked for, or that is another user’s now, is none. It reads the whole log. Errors: those of the store. */
export async function personTexts(store: Pick<EventStore, 'readStream' | 'readAll'>, person: string): Promise<TextsOfPerson> {
  const addresses = await ownAddresses(store, person);
  const own = new Set(addresses.map(comparedAddress));
  const texts = new Set<string>();
  const turn = takingTurns();
  for await (const page of store.readAll()) {
    for (const text of page.flatMap((event) => textsOf(event, person, own))) texts.add(text);
    await turn();
  }
  return { addresses, texts: [...texts] };
}

/** The person's texts in an event that are long enough to be looked for. */
function textsOf(event: RecordedEvent, person: string, own: ReadonlySet<string>): string[] {
  const theirs = personalIn(event).filter((said) => isOf(person, own, { ...said, event }));
  return theirs.map(({ value }) => value).filter((text) => text.trim().length >= SHORTEST);
}

interface Said {
  path: readonly string[];
  personOf: PersonalField['personOf'];
  value: string;
}

/** The personal texts of an event that is ours and that we know, each of a list by itself, without those that are erased. */
function personalIn(event: RecordedEvent): Said[] {
  const fields = FIELDS.get(event.type) ?? [];
  if (fields.length === 0 || !isKnown(event)) return [];
  const { data } = upcast(event);
  return fields
    .flatMap(({ path, personOf }) => [valueAt(data, path)].flat().map((value) => ({ path, personOf, value })))
    .filter((one): one is Said => typeof one.value === 'string' && !ERASED_VALUES.has(one.value));
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], data);
}

function isOf(person: string, own: ReadonlySet<string>, { path, personOf, value, event }: Said & { event: RecordedEvent }): boolean {
  switch (personOf) {
    case 'self':
      return isOfAccount(person, own, { path, value, event });
    case 'author':
      return event.metadata.actor === person;
    case 'addressee':
      return isAddressed(person, own, event.data);
    default:
      return own.has(comparedAddress(value));
  }
}

/** True for what the person's own account holds: with it go all of its fields, but an address that is not theirs is not looked for in mails to others. */
function isOfAccount(
  person: string,
  own: ReadonlySet<string>,
  { path, value, event }: Pick<Said, 'path' | 'value'> & { event: RecordedEvent },
): boolean {
  if (event.stream !== `user-${person}`) return false;
  return !ADDRESSES.has(path.at(-1) ?? '') || own.has(comparedAddress(value));
}

function isAddressed(person: string, own: ReadonlySet<string>, data: unknown): boolean {
  const { userId, address, phone } = (data as { recipient?: Record<string, string> }).recipient ?? {};
  return userId === undefined ? own.has(comparedAddress(address ?? phone ?? '')) : userId === person;
}
