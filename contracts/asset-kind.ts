/** Kinds of assets: what a site calls them, and the fields that each has beside those of every asset. */
import { z } from 'zod';
import { line } from './fields.ts';
import { typedLine } from './typed-text.ts';

/** The types of fields. A date is a day, as `2027-01-31`; a choice is one of the texts that its definition names. */
const FIELD_TYPES = ['text', 'number', 'date', 'choice'] as const;

/** Text of one line, as `line` of what is stored and `typedLine` of what is sent make it. */
type TextOf = (min: number, max: number) => z.ZodString;

const kindName = (text: TextOf) => text(1, 50);
const eachOnce = (names: readonly string[]): boolean => new Set(names).size === names.length;

function definitionOf(text: TextOf) {
  return z
    .strictObject({
      name: text(1, 50).describe('The name of the field, by which assets give its value.'),
      type: z.enum(FIELD_TYPES).describe('What its values are.'),
      choices: z
        .array(text(1, 100))
        .min(1, 'must have at least one choice')
        .max(50, 'must have at most 50 choices')
        .optional()
        .describe('The texts of which a choice is one; missing for other types.'),
    })
    .refine(({ type, choices }) => (type === 'choice') === (choices !== undefined), 'must have choices where it is a choice, and only there')
    .refine(({ choices = [] }) => eachOnce(choices), 'must name each choice once');
}

function kindsOf(text: TextOf) {
  return z
    .array(
      z.strictObject({
        kind: kindName(text).describe('What the site calls them.'),
        fields: z
          .array(definitionOf(text))
          .max(30, 'must be at most 30 fields')
          .refine((fields) => eachOnce(fields.map(({ name }) => name)), 'must name each field once')
          .describe('The fields that they have.'),
      }),
    )
    .max(100, 'must be at most 100 kinds')
    .refine((kinds) => eachOnce(kinds.map(({ kind }) => kind)), 'must name each kind once');
}

/** The kinds of a site, as they are stored. */
export const assetKinds = kindsOf(line);
/** The same as they are sent. */
export const assetKindsAsSent = kindsOf(typedLine);
export type AssetKind = z.infer<typeof assetKinds>[number];
export type AssetFieldDefinition = AssetKind['fields'][number];

function valuesOf(text: TextOf) {
  return z
    .array(
      z.strictObject({
        name: text(1, 50).describe('The name of the field.'),
        value: z.union([text(1, 500), z.number()]).describe('Its value: a number, or a text, a day as `2027-01-31`, or one of the choices.'),
      }),
    )
    .max(30, 'must be at most 30 values')
    .refine((values) => eachOnce(values.map(({ name }) => name)), 'must name each field once');
}

/** The values of an asset's fields, as they are stored. */
export const assetValues = valuesOf(line);
/** The same as they are sent. */
export const assetValuesAsSent = valuesOf(typedLine);
export type AssetValue = z.infer<typeof assetValues>[number];

/** Of each type of field what its values must be, in words, and whether one is. */
const VALUES: Readonly<Record<AssetFieldDefinition['type'], { must: string; is(value: AssetValue['value'], choices: readonly string[]): boolean }>> =
  {
    text: { must: 'must be a text', is: (value) => typeof value === 'string' },
    number: { must: 'must be a number', is: (value) => typeof value === 'number' },
    date: { must: 'must be a day, like 2027-01-31', is: (value) => z.iso.date().safeParse(value).success },
    choice: { must: 'must be one of: ', is: (value, choices) => choices.some((choice) => choice === value) },
  };

/** The problem with a value of a field; undefined for none. */
export function problemOfValue({ type, choices = [] }: AssetFieldDefinition, { value }: AssetValue): string | undefined {
  const { must, is } = VALUES[type];
  return is(value, choices) ? undefined : `${must}${choices.join(', ')}`;
}
