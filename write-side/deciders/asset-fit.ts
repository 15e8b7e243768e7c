/** What an asset must fit into: the kinds, fields and places of its site. */
import { type AssetKind, type AssetValue, problemOfValue } from '../../contracts/asset-kind.ts';
import type { FieldError, Refusal } from '../../contracts/problem.ts';
import type { SiteState } from './site-state.ts';

/** What is said of an asset that its site judges. */
export interface Fitted {
  kind: string;
  fields: readonly AssetValue[];
}

/** The errors of a kind and values that do not fit. What an asset of this kind had before stays, whatever its site says now. */
export function errorsOfKind({ assetKinds }: SiteState, { kind, fields }: Fitted, before?: Fitted): FieldError[] {
  const known = assetKinds.find((one) => one.kind === kind);
  const stays = before?.kind === kind;
  if (!known && !stays) return [{ pointer: '/kind', detail: `is no kind of asset of this site${namesOf(assetKinds.map((one) => one.kind))}` }];
  const had = stays ? before.fields : [];
  return fields.flatMap((value, index) => (isAmong(value, had) ? [] : errorOfValue(value, index, known)));
}

function errorOfValue(value: AssetValue, index: number, kind: AssetKind | undefined): FieldError[] {
  const definition = kind?.fields.find(({ name }) => name === value.name);
  if (!definition) return [{ pointer: `/fields/${index}/name`, detail: `is no field of this kind${namesOf(kind?.fields.map(({ name }) => name))}` }];
  const detail = problemOfValue(definition, value);
  return detail === undefined ? [] : [{ pointer: `/fields/${index}/value`, detail }];
}

function isAmong({ name, value }: AssetValue, had: readonly AssetValue[]): boolean {
  return had.some((one) => one.name === name && one.value === value);
}

/** The error of a place that is none of the site. */
export function errorsOfPlace({ places }: SiteState, place: string | null): FieldError[] {
  return place === null || places[place] ? [] : [{ pointer: '/place', detail: 'is no place of this site' }];
}

function namesOf(names: readonly string[] = []): string {
  return names.length === 0 ? ', which has none' : `; there are: ${names.join(', ')}`;
}

/** The refusal of some errors; undefined for none. */
export function refusalOf(errors: FieldError[]): Refusal | undefined {
  return errors.length === 0 ? undefined : { refused: 'invalid', detail: 'It does not fit its site.', errors };
}
