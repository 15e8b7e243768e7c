/**
 * Timer: the event that a time has come for which something waited. Recorded once for each (subject, kind, time), on a stream named by the three.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type DecidedEvent } from './aggregate.ts';
import { instant } from './fields.ts';

/** `due_soon`: some hours before a task's deadline; `overdue`: at it. */
export const timerKind = z.enum(['due_soon', 'overdue']);
export type TimerKind = z.infer<typeof timerKind>;

const TimerFired = z.strictObject({
  subject: z.string().describe('The stream of the thing that waited, as `task-<uuid>`.'),
  kind: timerKind.describe('`due_soon`: some hours before a task’s deadline; `overdue`: at it.'),
  time: instant.describe('The deadline that it is about (not the moment of firing).'),
});

export type TimerEvent = DecidedEvent<'TimerFired', z.infer<typeof TimerFired>>;

export const timerContract = aggregate({
  category: 'timer',
  topics: {},
  events: {
    TimerFired: {
      begins: true,
      schema: TimerFired,
      version: 1,
      summary: 'A task’s deadline came near, or passed.',
      example: { subject: 'task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', kind: 'overdue', time: '2027-01-31T16:00:00.000Z' },
    },
  },
  commands: {},
});
