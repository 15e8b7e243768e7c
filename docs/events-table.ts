/** The table of events and their fields in docs/EVENTS.md. */
import { z } from 'zod';
import type { EventContract } from '../contracts/aggregate.ts';
import { catalog } from '../contracts/catalog.ts';
import type { Whose } from '../contracts/personal.ts';
import { table } from './table.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  personOf?: Whose;
}

/** A field of an event's body: its name (of a part of it `about.stream`, of each item of a list `items[].sku`), its meaning, whether it may be missing, and whose it is where it is personal. */
export interface EventField {
  name: string;
  meaning: string | undefined;
  isOptional: boolean;
  personOf: Whose | undefined;
}

/** The fields of an event, parts of fields after the field itself. */
export function eventFields({ schema }: EventContract): EventField[] {
  return partsOf(z.toJSONSchema(schema, { target: 'draft-7', unrepresentable: 'any' }) as Schema, '');
}

function partsOf({ properties = {}, required = [], items, anyOf = [] }: Schema, before: string): EventField[] {
  const own = Object.entries(properties).flatMap(([key, one]) => {
    const name = before ? `${before}.${key}` : key;
    return [
      { name, meaning: one.description, isOptional: !required.includes(key), personOf: one.personOf ?? one.anyOf?.[0]?.personOf },
      ...partsOf(one, name),
    ];
  });
  return [...own, ...(items ? partsOf(items, `${before}[]`) : []), ...anyOf.flatMap((one) => partsOf(one, before))];
}

/** All events with all their fields. */
export function eventsTable(): string {
  const rows = catalog.flatMap(({ events }) =>
    Object.entries<EventContract>(events).flatMap(([type, contract]) => [
      [`**${type}**`, '', '', contract.summary],
      ...eventFields(contract).map(({ name, meaning = '', isOptional, personOf = '' }) => [
        '',
        `\`${name}\`${isOptional ? '?' : ''}`,
        personOf,
        meaning,
      ]),
    ]),
  );
  return table(['event', 'field', 'personal', 'what it says'], rows);
}
