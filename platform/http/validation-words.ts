/** The words in which a client is told what a field must be. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** The words for what is wrong with a field of this input: the schema's own where it has any, because the library's are for developers. */
export function wordsFor(issue: Issue, input: unknown): string {
  if (at(input, issue.path) === undefined) return 'is required';
  if (!/^(Invalid|Too|Unrecognized)\b/.test(issue.message)) return issue.message;
  return OF_CODE[issue.code]?.(issue as never) ?? 'is not valid';
}

type Of<Code extends Issue['code']> = Extract<Issue, { code: Code }>;

const OF_CODE: { readonly [Code in Issue['code']]?: (issue: Of<Code>) => string } = {
  invalid_type: ({ expected }) => `must be ${article(expected)}`,
  invalid_value: ({ values }) => `must be one of ${values.map(String).join(', ')}`,
  invalid_union: (issue) => ('options' in issue && issue.options ? `must be one of ${issue.options.map(String).join(', ')}` : 'is not valid'),
  too_small: ({ origin, minimum }) => `must ${sized(origin, `at least ${minimum}`)}`,
  too_big: ({ origin, maximum }) => `must ${sized(origin, `at most ${maximum}`)}`,
};

/** What the size of a value is counted in. Of a number it is the value itself. */
const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', map: 'fields' };

function sized(origin: string, size: string): string {
  const unit = UNITS[origin];
  return unit ? `have ${size} ${unit}` : `be ${size}`;
}

/** The value at a path; undefined where there is none. */
function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], input);
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
