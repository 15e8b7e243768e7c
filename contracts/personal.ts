/**
 * Personal data in events: which fields are, whose, and what they read as once that person is erased. The event store's edge seals them (platform/sealing/).
 */
import { z } from 'zod';

/**
 * Whose a personal field is. `self`: the user whose stream it is in. `author`: the one who wrote it, the event's actor, who may be an API key.
 * `addressee`: of a notification, the user it is for; where it is for an address or a number, whoever has that.
 * `address`: whoever has the address, or the number, that is in the field. `visit`: whoever comes by the visit whose stream it is in, and has no account.
 * `blocked`: whoever is on a list of those who are not let in, by the entry that the event names.
 */
export const WHOSE = ['self', 'author', 'addressee', 'address', 'visit', 'blocked'] as const;
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
  type?: string;
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
}

/** The keywords of a schema that say nothing of fields within it. */
const PLAIN_KEYWORDS = [
  ...['$schema', 'type', 'required', 'enum', 'const', 'pattern', 'format', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'default', 'title', 'description', 'personal', 'personOf', 'erased'],
];
const KNOWN_KEYWORDS: ReadonlySet<string> = new Set([
  ...PLAIN_KEYWORDS,
  ...['properties', 'anyOf', 'oneOf', 'items', 'prefixItems', 'additionalProperties'],
]);

/**
 * The personal fields of the data of a type of event. Error: where a part of the schema cannot be looked through, as one of any type, or a personal field
 * has no path by which it can be sealed, as within a list: its text would be written clear.
 */
export function personalFieldsIn(schema: z.ZodType): PersonalField[] {
  return found(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, []);
}

function found(schema: JsonSchema, path: readonly string[]): PersonalField[] {
  expectKnown(schema, path);
  if (schema.personal && schema.personOf) return [{ path, personOf: schema.personOf, erased: schema.erased }];
  const within = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => found(field, [...path, name]));
  const either = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((one) => found(one, path));
  for (const one of manyIn(schema)) expectNone(found(one, path), path);
  return once([...within, ...either]);
}

/** The schemas of what has no name of its own: items, and values under any name. */
function manyIn({ items, prefixItems = [], additionalProperties }: JsonSchema): JsonSchema[] {
  return [items, additionalProperties, ...prefixItems].filter((one) => typeof one === 'object');
}

function expectKnown(schema: JsonSchema, path: readonly string[]): void {
  const strange = Object.keys(schema).filter((keyword) => !KNOWN_KEYWORDS.has(keyword));
  const isAnything = schema.type === undefined && !schema.anyOf && !schema.oneOf;
  if (strange.length === 0 && !isAnything) return;
  const why = isAnything ? 'may be anything' : `has ${strange.join(', ')} in its schema`;
  throw new Error(`nobody can tell whether the field ${path.join('.')} holds personal text: it ${why}`);
}

function expectNone(fields: readonly PersonalField[], path: readonly string[]): void {
  if (fields.length > 0)
    throw new Error(`a personal field within ${path.join('.')}, which is a list or has any names, cannot be sealed: mark the whole`);
}

/** One field for each path; a path that several shapes of a union share must be one person's in all of them. */
function once(fields: readonly PersonalField[]): PersonalField[] {
  const byPath = new Map<string, PersonalField>();
  for (const field of fields) {
    const { personOf } = byPath.get(field.path.join('.')) ?? field;
    if (personOf !== field.personOf) throw new Error(`the field ${field.path.join('.')} is of two people`);
    byPath.set(field.path.join('.'), field);
  }
  return [...byPath.values()];
}
