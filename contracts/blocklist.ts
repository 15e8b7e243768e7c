/**
 * Blocklist: who is not let in at a site, by name or licence plate, why, and until when. One stream a site, under the site's id.
 * Names and shapes of events are storage formats: add, never rename or remove.
 * Who is on it has no account: what is said of them has a key of the entry's own, and is erased with the end of the entry.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { id, instant, line } from './fields.ts';
import { personal } from './personal.ts';
import { typedLine } from './typed-text.ts';

const entry = id.describe('The entry.');
const name = personal(line(1, 100), 'blocked');
const plate = personal(line(1, 20), 'blocked');
const reason = personal(line(1, 300), 'blocked').describe('Why they are not let in.');
const until = instant.describe('The end of the entry; from then on they are let in, and forgotten.');

const BlocklistBegun = z.strictObject({});
const VisitorBlocked = z.strictObject({
  entry,
  name: name.optional().describe('Their name; missing where only the plate is known.'),
  plate: plate.optional().describe('Their licence plate; missing where only the name is known.'),
  reason,
  until,
});
const VisitorUnblocked = z.strictObject({ entry });
const BlockErased = z.strictObject({ entry });

export type BlocklistEvent =
  | DecidedEvent<'BlocklistBegun', z.infer<typeof BlocklistBegun>>
  | DecidedEvent<'VisitorBlocked', z.infer<typeof VisitorBlocked>>
  | DecidedEvent<'VisitorUnblocked', z.infer<typeof VisitorUnblocked>>
  | DecidedEvent<'BlockErased', z.infer<typeof BlockErased>>;

const BlockVisitor = z
  .strictObject({ name: typedLine(1, 100).optional(), plate: typedLine(1, 20).optional(), reason: typedLine(1, 300), until: instant })
  .refine((it) => it.name !== undefined || it.plate !== undefined, { message: 'must be there, or `plate`', path: ['name'] });

/** The commands; the last one comes from inside: the clock. */
export type BlocklistCommand =
  | Command<'BlockVisitor', z.infer<typeof BlockVisitor>>
  | Command<'UnblockVisitor', { entry: string }>
  | Command<'EraseBlocked', { entry: string }>;

/** The topics of a blocklist's events: those who work at the desk of the site. */
export function blocklistTopics(site: string): string[] {
  return [`site:${site}:staff`, `site:${site}:security`];
}

const ENTRY = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0b';
const MAX = { name: 'Max Grob', plate: 'B-XX 99', reason: 'Broke the door of house A', until: '2027-12-31T23:00:00.000Z' };

export const blocklistContract = aggregate({
  category: 'blocklist',
  topics: {},
  events: {
    BlocklistBegun: { begins: true, schema: BlocklistBegun, version: 1, summary: 'A site has a list of who is not let in.', example: {} },
    VisitorBlocked: { schema: VisitorBlocked, version: 1, summary: 'Somebody is not let in until a time.', example: { entry: ENTRY, ...MAX } },
    VisitorUnblocked: { schema: VisitorUnblocked, version: 1, summary: 'Somebody is let in again before that time.', example: { entry: ENTRY } },
    BlockErased: {
      schema: BlockErased,
      version: 1,
      summary: 'An entry has ended: the key of what was said there is destroyed.',
      example: { entry: ENTRY },
    },
  },
  commands: {
    BlockVisitor: {
      method: 'POST',
      path: '/api/sites/:id/blocked',
      body: BlockVisitor,
      makes: 'entry',
      who: 'user',
      summary: 'Let somebody in no more, by name or licence plate or both, as staff of the site or an admin; for three years at most.',
      example: MAX,
    },
    UnblockVisitor: {
      method: 'DELETE',
      path: '/api/sites/:id/blocked/:entry',
      body: null,
      parameters: ['entry'],
      who: 'user',
      summary: 'Let somebody in again, as staff of the site or an admin.',
      example: null,
    },
  },
});

/** An entry of a blocklist, as `GET /api/sites/:id/blocked` shows it. */
export const blockedView = z.strictObject({
  id: id.describe('The entry.'),
  name: name.nullable().describe('Their name; null where only the plate is known.'),
  plate: plate.nullable().describe('Their licence plate; null where only the name is known.'),
  ...{ reason, until },
  madeAt: instant,
});
export type BlockedView = z.infer<typeof blockedView>;
