/** Which fields of which events are sealed, and for whom: as the contracts mark them. */
import type { z } from 'zod';
import { catalog, isKnown } from '../../contracts/catalog.ts';
import { idOf, type NewEvent } from '../../contracts/message.ts';
import { ERASED, type PersonalField, personalFieldsIn } from '../../contracts/personal.ts';
import { actorReference, addressReference, blockedReference, userReference, visitReference } from './person-reference.ts';

/** A personal field with its name in a box. */
export interface SealedField extends PersonalField {
  /** The path as one text: `recipient.address`. */
  name: string;
}

const BY_TYPE: ReadonlyMap<string, readonly SealedField[]> = new Map(
  catalog.flatMap(({ events }) =>
    Object.entries(events).flatMap(([type, { schema }]) => {
      const fields = personalFieldsIn(schema as z.ZodType).map((field) => ({ ...field, name: field.path.join('.') }));
      return fields.length > 0 ? [[type, fields] as const] : [];
    }),
  ),
);

/** The personal fields of a known event of a stream; none for any other. */
export function fieldsToSeal(stream: string, { type, metadata }: Pick<NewEvent, 'type' | 'metadata'>): readonly SealedField[] {
  const fields = BY_TYPE.get(type);
  return fields && isKnown({ stream, type, metadata }) ? fields : [];
}

/** What a field of a type reads as when its person is erased. */
export function erasedValueOf(type: string, name: string): unknown {
  return BY_TYPE.get(type)?.find((field) => field.name === name)?.erased ?? ERASED;
}

type Hmac = (text: string) => string;
type Of = (stream: string, event: Pick<NewEvent, 'data' | 'metadata'>, value: unknown, hmac: Hmac) => string;

/** Whose each mark says that a field is. */
const PERSON: Readonly<Record<PersonalField['personOf'], Of>> = {
  self: (stream) => userReference(idOf(stream)),
  author: (_stream, { metadata }) => actorReference(metadata.actor),
  addressee: (_stream, { data }, value, hmac) => {
    const { userId, address, phone } = (data as { recipient?: { userId?: string; address?: string; phone?: string } }).recipient ?? {};
    return userId === undefined ? addressReference(String(address ?? phone ?? value), hmac) : userReference(userId);
  },
  address: (_stream, _event, value, hmac) => addressReference(String(value), hmac),
  visit: (stream) => visitReference(idOf(stream)),
  blocked: (_stream, { data }) => blockedReference((data as { entry: string }).entry),
};

/** The reference of the person whose a value of a field is. */
export function personOfField(field: SealedField, { stream, event, value }: { stream: string; event: NewEvent; value: unknown }, hmac: Hmac): string {
  return PERSON[field.personOf](stream, event, value, hmac);
}
