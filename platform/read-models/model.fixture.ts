/** The read models and documents of the suite. */
import type { Document, ModelSpec, Stored } from './read-models.ts';

export const MODEL: ModelSpec = {
  name: 'suite',
  version: 1,
  fields: { text: 'text', key: 'text', number: 'number', labels: 'texts', words: 'texts' },
  indexes: [['text', 'number'], ['key'], ['labels']],
};

/** A second model, whose name could be mistaken for a generation of the first. */
export const OTHER: ModelSpec = { ...MODEL, name: 'suite_1' };

/** The n-th position of a log. */
export function at(n: number): string {
  return String(n).padStart(16, '0');
}

/** A document as it is after the n-th event. */
export function document(id: string, n: number, more: Document = {}): Stored {
  return { id, position: at(n), document: { text: `${id} at ${n}`, number: n, labels: [`label ${n}`], ...more } };
}

export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
