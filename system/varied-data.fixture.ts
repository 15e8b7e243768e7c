/** Random data for a contract's schema, made of the schema and its example, so that new commands and events need no line here. */
import fc from 'fast-check';
import { z } from 'zod';

/** The fields of a JSON Schema that are read. */
interface Shape {
  type?: string;
  enum?: unknown[];
  anyOf?: Shape[];
  format?: string;
  pattern?: string;
  properties?: Record<string, Shape>;
  required?: string[];
  items?: Shape;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const instants = ['2027-01-31T16:00:00.000Z', '2027-01-31T17:00:00+01:00', '2027-02-01T00:00:00Z'];

/** Values of a schema, as its parser returns them: varied field by field, the example where a value is refused. Ids are taken from `ids` alone. */
export function varied(schema: z.ZodType, example: unknown, ids: readonly string[]): fc.Arbitrary<unknown> {
  const anyId = fc.constantFrom(...ids);
  const usual = schema.parse(JSON.parse(JSON.stringify(example).replaceAll(UUID, ids[0] ?? '')));

  const kinds: Record<string, (shape: Shape, given: unknown) => fc.Arbitrary<unknown>> = {
    object: (shape, given) => (shape.properties ? object(shape, given) : fc.constant(given)),
    array: ({ items = {} }, given) => fc.array(value(items, Array.isArray(given) ? given[0] : undefined), { maxLength: 3 }),
    string: text,
    integer,
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
  };

  function value(shape: Shape, given: unknown): fc.Arbitrary<unknown> {
    if (shape.anyOf) return fc.oneof(...shape.anyOf.map((one) => value(one, given)));
    if (shape.enum) return fc.constantFrom(...shape.enum);
    return kinds[shape.type ?? '']?.(shape, given) ?? fc.constant(given);
  }

  function object({ properties = {}, required = [] }: Shape, given: unknown): fc.Arbitrary<unknown> {
    const fields = Object.entries(properties).map(
      ([name, shape]) => [name, value(shape, (given as Record<string, unknown> | undefined)?.[name])] as const,
    );
    return fc.record(Object.fromEntries(fields), { requiredKeys: required, noNullPrototype: true });
  }

  const formats: Record<string, fc.Arbitrary<string>> = {
    uuid: anyId,
    'date-time': fc.constantFrom(...instants),
    email: fc.nat(9).map((n) => `person-${n}@example.org`),
  };

  function text(shape: Shape, given: unknown): fc.Arbitrary<unknown> {
    const formatted = formats[shape.format ?? ''];
    if (formatted) return formatted;
    if (typeof given !== 'string') return words(shape);
    if (given.search(UUID) >= 0) return anyId.map((id) => given.replaceAll(UUID, id));
    return shape.pattern ? fc.constant(given) : fc.oneof(words(shape), fc.constant(given));
  }

  return value(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape, usual).map((it) => {
    const { success, data } = schema.safeParse(it);
    return success ? data : usual;
  });
}

function words({ pattern, minLength = 1, maxLength = 20 }: Shape): fc.Arbitrary<string> {
  if (pattern) return fc.stringMatching(new RegExp(pattern, 'u'));
  return fc
    .string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 20)) })
    .filter((it) => it.trim() !== '' && it.isWellFormed() && !/\p{Cc}/u.test(it));
}

/** Small numbers: what counts attempts or revisions meets itself again. */
function integer({ minimum, exclusiveMinimum, maximum }: Shape): fc.Arbitrary<number> {
  const min = minimum ?? (exclusiveMinimum ?? -1) + 1;
  return fc.integer({ min, max: Math.min(min + 3, maximum ?? min + 3) });
}
