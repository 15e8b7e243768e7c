import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { catalog, exampleEvent } from './catalog.ts';
import { ERASED, personal, personalFieldsIn } from './personal.ts';

interface Schema {
  type?: string;
  format?: string;
  enum?: unknown;
  const?: unknown;
  personOf?: string;
  properties?: Record<string, Schema>;
  items?: Schema | boolean;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  additionalProperties?: Schema | boolean;
}

/** The fields that hold text, with whose they are: ids, times and words of ours are none. */
function texts(schema: Schema, path: string): string[] {
  if (schema.personOf) return [`${path}: ${schema.personOf}`];
  const within = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => texts(field, `${path}.${name}`));
  const { anyOf = [], oneOf = [], prefixItems = [], items } = schema;
  const many = [...anyOf, ...oneOf, ...prefixItems, ...(typeof items === 'object' ? [items] : [])].flatMap((one) => texts(one, path));
  const record = typeof schema.additionalProperties === 'object' ? texts(schema.additionalProperties, `${path}.*`) : [];
  const isText = schema.type === 'string' && !schema.enum && schema.const === undefined && !['date-time', 'uuid'].includes(schema.format ?? '');
  return [...within, ...many, ...record, ...(isText ? [`${path}: nobody’s`] : [])];
}

const contracts = catalog.flatMap(({ events }) => Object.entries(events).map(([type, { schema }]) => [type, schema as z.ZodType] as const));
const jsonOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;

it.each(catalog)(
  'every field of an event of $category that holds text is marked as somebody’s, or known to be nobody’s',
  async ({ category, events }) => {
    const all = Object.entries(events).flatMap(([type, { schema }]) => texts(jsonOf(schema as z.ZodType), type));
    await expect(`${[...new Set(all)].join('\n')}\n`).toMatchFileSnapshot(`texts/${category}.txt`);
  },
);

describe('the personal fields of a schema', () => {
  it.each(contracts)('are all that %s marks, also in its parts', (type, schema) => {
    const marked = texts(jsonOf(schema), type).filter((line) => !line.endsWith('nobody’s'));
    expect(new Set(personalFieldsIn(schema).map(({ path, personOf }) => `${[type, ...path].join('.')}: ${personOf}`))).toEqual(new Set(marked));
  });
  it.each(contracts)('of %s read as values of their own kind once their person is erased', (type, schema) => {
    for (const { path, erased } of personalFieldsIn(schema)) {
      const data = structuredClone(exampleEvent(type).data) as Record<string, unknown>;
      const within = path.slice(0, -1).reduce<Record<string, unknown> | undefined>((at, name) => at?.[name] as Record<string, unknown>, data);
      if (within) within[path.at(-1) ?? ''] = erased;
      expect([path, schema.safeParse(data).error]).toEqual([path, undefined]);
    }
  });
  it('are found where they are optional, nullable or within others, once', () => {
    const text = personal(z.string(), 'author').describe('A text.');
    const schema = z.strictObject({
      a: text,
      b: text.optional(),
      c: text.nullable(),
      d: z.strictObject({ e: personal(z.array(z.string()), 'self', []) }),
      f: z.string(),
    });
    expect(personalFieldsIn(schema)).toEqual([
      { path: ['a'], personOf: 'author', erased: ERASED },
      { path: ['b'], personOf: 'author', erased: ERASED },
      { path: ['c'], personOf: 'author', erased: ERASED },
      { path: ['d', 'e'], personOf: 'self', erased: [] },
    ]);
  });
  it('are found in each shape of a union, once', () => {
    const text = personal(z.string(), 'author');
    const schema = z.strictObject({
      a: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('one'), said: text }),
        z.strictObject({ kind: z.literal('two'), said: text, by: personal(z.string(), 'self') }),
      ]),
    });
    expect(personalFieldsIn(schema).map(({ path, personOf }) => [path.join('.'), personOf])).toEqual([
      ['a.said', 'author'],
      ['a.by', 'self'],
    ]);
  });
  it.each([
    ['anything', z.unknown()],
    ['a value of a kind of ours', z.custom<string>()],
    ['a record', z.record(z.string(), z.string())],
    ['an intersection of unions', z.intersection(z.union([z.string(), z.null()]), z.string())],
    ['a list of personal texts', z.array(personal(z.string(), 'author'))],
    ['a tuple of personal texts', z.tuple([personal(z.string(), 'author')])],
    ['a tuple of anything', z.tuple([z.any()])],
    [
      'a text of two people',
      z.union([z.strictObject({ t: personal(z.string(), 'author') }), z.strictObject({ t: personal(z.string(), 'self'), n: z.number() })]),
    ],
  ])('are refused where nobody can tell them or seal them: %s', (_, field) => {
    expect(() => personalFieldsIn(z.strictObject({ field }))).toThrow('field');
  });
});
