import { describe, expect, it } from 'vitest';
import { catalog, exampleEvent, isKnown } from './catalog.ts';
import type { Metadata } from './message.ts';
import { foreignReason, isOurs } from './ours.ts';

const types = catalog.flatMap(({ events }) => Object.keys(events));
const ID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

describe('what is ours', () => {
  it.each(types)('is %s in a stream of its category', (type) => {
    expect(foreignReason(exampleEvent(type))).toBeNull();
  });

  it('is what a newer release wrote into our streams, though this one does not know it', () => {
    const edited = exampleEvent('TaskEdited');
    const newer = [
      { ...edited, type: 'TaskPinned' },
      { ...edited, metadata: { ...edited.metadata, schema: 99 } },
      { ...edited, metadata: { ...edited.metadata, tenant: 'a' } as Metadata },
    ];
    expect(newer.map(foreignReason)).toEqual([null, null, null]);
    expect(newer.map(isKnown)).toEqual([false, false, true]);
  });

  it('is our bookkeeping, of whatever name', () => {
    expect(isOurs({ ...exampleEvent('TaskCreated'), stream: '_checkpoint-task_mail', type: 'CheckpointMoved' })).toBe(true);
    expect(foreignReason({ stream: '_forwarder', type: 'ForwarderMoved', metadata: {} as Metadata })).toBe('metadata');
  });

  it.each([
    ['order-4711', 'OrderPlaced'],
    ['ticket-7', 'TaskCreated'],
    [`archive-${ID}`, 'TaskCreated'],
    [`task-${ID}-copy`, 'TaskCreated'],
    [`task-${ID.toUpperCase()}`, 'TaskCreated'],
    [`task-${ID.replaceAll('-', '')}`, 'TaskCreated'],
    [`tasks-${ID}`, 'TaskCreated'],
    [` task-${ID}`, 'TaskCreated'],
    [`constructor-${ID}`, 'TaskCreated'],
    [ID, 'TaskCreated'],
    ['task', 'TaskCreated'],
    ['task-', 'TaskCreated'],
    ['', 'TaskCreated'],
    [`archive-${ID}`, 'Archived'],
  ])('is no copy of our events in %s', (stream, type) => {
    expect(foreignReason({ ...exampleEvent('TaskCreated'), stream, type })).toBe('stream');
  });

  it('is no type of another category', () => {
    expect(foreignReason({ ...exampleEvent('UserDeleted'), stream: `task-${ID}` })).toBe('type');
  });

  it.each([
    [`$$task-${ID}`, '$metadata'],
    [`task-${ID}`, '$streamDeleted'],
    [`task-${ID}`, '$>'],
    ['$ce-task', 'TaskCreated'],
    ['$stats-127.0.0.1:2113', '$statsCollected'],
  ])('is nothing of the server’s own: %s, %s', (stream, type) => {
    expect(foreignReason({ ...exampleEvent('TaskCreated'), stream, type })).toBe('server');
  });

  const whole = exampleEvent('TaskCreated').metadata;
  const others: unknown[] = [
    ...[undefined, null, 'text', 7, [], {}, { $correlationId: whole.$correlationId, $causationId: whole.$causationId }],
    ...['$correlationId', '$causationId', 'commandId', 'actor', 'schema', 'topics'].map((name) => ({ ...whole, [name]: undefined })),
    ...['1', 0, 1.5].map((schema) => ({ ...whole, schema })),
    ...['tasks', [7]].map((topics) => ({ ...whole, topics })),
    { ...whole, actor: { id: 7 } },
  ];
  it.each(others.map((metadata) => ({ metadata })))('is nothing with $metadata', ({ metadata }) => {
    expect(foreignReason({ ...exampleEvent('TaskCreated'), metadata: metadata as Metadata })).toBe('metadata');
  });
});
