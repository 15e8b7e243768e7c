/**
 * Personal data in events: which fields are, whose, and what they read as once that person is erased. The event store's edge seals them (platform/sealing/).
 */
import { z } from 'zod';

/**
 * Whose a personal field is. `self`: the user whose stream it is in. `author`: the one who wrote it, the event's actor, who may be an API key.
 * `addressee`: of a notification, the user it is for; where it is for an address or a number, whoever has that.
 * `address`: whoever has the address, or the number, that is in the field.
 */
export const WHOSE = ['self', 'author', 'addressee', 'address'] as const;
export type Whose = (typeof WHOSE)[number];

/** What a personal text reads as once its person is erased. */
export const ERASED = '[erased]';
/** An e-mail address that reaches nobody (RFC 2606). */
export const ERASED_ADDRESS = 'erased@erased.invalid';
/** A number that no country has (ITU-T E.164 leaves 999 free). */
export const ERASED_PHONE = '+9990000000';

/** What a personal field holds. */
type Personal = string | readonly string[];

/**
 * Marks a field as personal data: in its JSON Schema `personal` is true, `personOf` says whose it is, and `erased` what it reads as when that person is
 * erased. No read model copies it but into the person's own document.
 *
 *     name: personal(name, 'self').describe('The name, as its owner writes it.'),
 */
export function personal<T extends z.ZodType<Personal>>(schema: T, personOf: Whose, erased: Personal = ERASED): T {
  return schema.meta({ ...schema.meta(), personal: true, personOf, erased }) as T;
}

/** A personal field of a type of event. */
export interface PersonalField {
  /** The names of the fields that lead to it, as `['recipient', 'address']`. */
  path: readonly string[];
  personOf: Whose;
  /** What it reads as when its person is erased. */
  erased: unknown;
}

interface JsonSchema {
  personal?: boolean;
  personOf?: Whose;
  erased?: unknown;
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
}

/** The personal fields of the data of a type of event. */
export function personalFieldsIn(schema: z.ZodType): PersonalField[] {
  return found(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, []);
}

function found(schema: JsonSchema, path: readonly string[]): PersonalField[] {
  if (schema.personal && schema.personOf) return [{ path, personOf: schema.personOf, erased: schema.erased }];
  const within = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => found(field, [...path, name]));
  return [...within, ...(schema.anyOf ?? []).flatMap((one) => found(one, path))];
}
