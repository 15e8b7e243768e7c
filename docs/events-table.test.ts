import { expect, it } from 'vitest';
import type { EventContract } from '../contracts/aggregate.ts';
import { catalog } from '../contracts/catalog.ts';
import { eventFields } from './events-table.ts';

const contracts = catalog.flatMap(({ events }) => Object.entries<EventContract>(events));

it.each(contracts)('says what each field of %s means', (_type, contract) => {
  expect(eventFields(contract).filter(({ meaning }) => !meaning)).toEqual([]);
});

it('finds the fields of parts and of the items of lists', () => {
  const names = (type: string) => eventFields(Object.fromEntries(contracts)[type] as EventContract).map(({ name }) => name);
  expect(names('OrderPlaced')).toEqual(expect.arrayContaining(['items', 'items[].sku', 'items[].unitPrice.currency', 'total.amount']));
  expect(names('NotificationRequested')).toContain('about.stream');
});
