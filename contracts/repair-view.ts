/** Repair requests as they are shown. */
import { z } from 'zod';
import { id, instant } from './fields.ts';
import { money } from './order.ts';
import { repairCause, repairState, waitedFor } from './repair-state.ts';
import { priority } from './task.ts';

/** A request in a list, as `GET /api/repairs` shows it. */
export const repairSummary = z.strictObject({
  ...{ id, site: id },
  place: id.nullable().describe('The place that it is about; null where none is named.'),
  asset: id.nullable().describe('The asset that it is about; null for none.'),
  title: z.string(),
  state: repairState,
  waitingFor: waitedFor.nullable().describe('What it waits for, where it is waiting.'),
  priority: priority.describe('How urgent it is: `normal` until somebody said.'),
  cause: repairCause.nullable(),
  labels: z.array(z.string()),
  requester: id.nullable().describe('Who filed it; null where that was done without an account.'),
  assignee: id.nullable().describe('Who is to repair it.'),
  deadline: instant.nullable(),
  confirmUntil: instant.nullable().describe('Up to when it can be confirmed or reopened, where it is done.'),
  duplicateOf: id.nullable().describe('The request of which it is a duplicate, where it is merged.'),
  ...{ filedAt: instant, updatedAt: instant, revision: z.int().nonnegative() },
});
export type RepairSummary = z.infer<typeof repairSummary>;

const by = z.string().describe('Who it was.');

/** What somebody said to a request. */
const repairComment = z.strictObject({ id, by, time: instant, text: z.string() });
export type RepairComment = z.infer<typeof repairComment>;

/** A step of a request. */
const repairStep = z.strictObject({
  ...{ time: instant, by, from: repairState, to: repairState },
  waitingFor: waitedFor.nullable(),
  reason: z.string().nullable(),
});
export type RepairStep = z.infer<typeof repairStep>;

const repairCost = z.strictObject({ id, by, time: instant, text: z.string(), price: money });
export type RepairCost = z.infer<typeof repairCost>;

/** A whole request, as `GET /api/repairs/:id` shows it to who filed it. */
export const repairForRequester = repairSummary.extend({
  description: z.string(),
  comments: z.array(repairComment).describe('What was said to it, the oldest first.'),
  steps: z.array(repairStep).describe('The last 200 steps, the oldest first.'),
});

/** The same, as who works at the site sees it. */
export const repairDetail = repairForRequester.extend({
  costs: z.array(repairCost).describe('The lines of cost, the oldest first.'),
  total: money.nullable().describe('All lines together; null for none.'),
  duplicates: z.array(id).describe('The last 100 requests that were merged into it, the newest first.'),
});
