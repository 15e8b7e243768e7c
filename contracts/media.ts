/**
 * Media: files on tasks, comments, orders and profiles. Events, commands, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { type Actor, aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { id, instant, line } from './fields.ts';
import { type FiledThing, filesOf, type HasFiles } from './media-kinds.ts';
import { personal } from './personal.ts';

/** The kinds of things that have files. */
export type MediaKind = keyof typeof filesOf;
export const MEDIA_KINDS = Object.keys(filesOf) as MediaKind[];
/** The rules of each kind of thing. */
// biome-ignore lint/suspicious/noExplicitAny: each takes the state of its own category
export const FILES_OF: Readonly<Record<MediaKind, HasFiles<any>>> = filesOf;

/** The schema of the thing that a file belongs to. */
export const mediaSubject = z.strictObject({
  kind: z.enum(MEDIA_KINDS).describe('The kind of thing that the file belongs to.'),
  id: id.describe('The id of that thing.'),
  task: id.optional().describe('The task of a comment; missing for every other kind.'),
});
/** The thing that a file belongs to. */
export type MediaSubject = z.infer<typeof mediaSubject>;

/** A subject as a client names it: nothing but a comment has a task beside it, or that task's rules would decide about another thing. */
const askedSubject = mediaSubject.refine(({ kind, task }) => (kind === 'comment') === (task !== undefined), {
  path: ['task'],
  error: 'must be there for a comment, and for nothing else',
});

/** The id of the thing whose state decides: of a comment, its task's. */
function decidingId({ kind, id: of, task = of }: MediaSubject): string {
  return kind === 'comment' ? task : of;
}

/** The stream whose state decides who may do what with the files of a thing. */
export function streamOfSubject(of: MediaSubject): string {
  return `${FILES_OF[of.kind].category}-${decidingId(of)}`;
}

/** The longest edges of the made pictures in pixels, the one that is made first at the beginning; `full` has all pixels of the upload. */
export const PICTURE_SIZES = ['320', '1024', '2048', 'full'] as const;
export const pictureSize = z.enum(PICTURE_SIZES);
export type PictureSize = z.infer<typeof pictureSize>;

/** Why a file is not taken; a wire format. */
export const REFUSALS = [
  'type',
  'extension',
  'too_large',
  'empty',
  'damaged',
  'dimensions',
  'frames',
  'archive',
  'macros',
  'infected',
  'unreadable',
] as const;
export type MediaRefusal = (typeof REFUSALS)[number];

const name = line(1, 200);
const mediaType = z.string().regex(/^[a-z]+\/[\w.+-]+$/);
const bytes = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const edge = z.int().positive();
const attempt = z.int().positive().describe('Which attempt, from 1.');
const access = z.enum(['private', 'public']);

const MediaReceived = z.strictObject({
  maker: id.describe('The user who uploaded the file.'),
  of: mediaSubject.describe('The thing that the file belongs to.'),
  name: personal(name, 'author').describe('The file’s name, without folders.'),
  type: mediaType.describe('Its media type, found from its content.'),
  bytes: bytes.describe('How many bytes it has.'),
  sha256: sha256.describe('SHA-256 of its bytes, in hexadecimal.'),
  width: edge.optional().describe('Pixels across, as one looks at it; missing for what is no picture.'),
  height: edge.optional().describe('Pixels down; missing for what is no picture.'),
  access: access.describe('Who may fetch it: whoever may read the thing, or everybody.'),
});
const MediaProcessing = z.strictObject({
  attempt,
  worker: z.string().describe('The name of the worker that leased the file.'),
  until: instant.describe('The end of the lease; it comes again, later, where the lease is renewed.'),
  lease: z.int().min(0).describe('Milliseconds that the lease lasts, whatever clocks are set to.'),
});
const MediaDeferred = z.strictObject({
  attempt,
  error: z.string().describe('What went wrong.'),
  nextAttemptAt: instant.describe('The time of the next attempt.'),
  wait: z.int().min(0).describe('Milliseconds until then, whatever clocks are set to.'),
  uncounted: z.literal(true).optional().describe('The file is not to blame: the limit of attempts does not count this one.'),
});
const MediaRendered = z.strictObject({
  attempt,
  size: pictureSize.describe('The longest edge that it was made for.'),
  type: mediaType.describe('The media type of what was made.'),
  width: edge.describe('Pixels across.'),
  height: edge.describe('Pixels down.'),
  bytes: bytes.describe('How many bytes it has.'),
  scanned: z.literal(true).optional().describe('A scanner found the upload clean before it was made; missing where none was set.'),
});
const MediaReady = z.strictObject({
  attempt,
  scanned: z.boolean().describe('True where a scanner found it clean; false where none is set.'),
  kept: z.literal(true).optional().describe('The bytes of a picture as uploaded were kept beside its sizes; missing where they were removed.'),
});
const MediaScanned = z.strictObject({});
const MediaRefused = z.strictObject({
  attempt: attempt.optional().describe('Which attempt found it; missing where the upload itself did, or a scan of a file that was ready.'),
  rule: z.enum(REFUSALS).describe('The rule that it breaks.'),
  detail: z.string().describe('What to do, in words.'),
});
const MediaAttached = z.strictObject({ of: mediaSubject.describe('The thing that the file is on now.') });
const MediaDetached = z.strictObject({ of: mediaSubject.describe('The thing that the file was on.') });
const MediaAccessChanged = z.strictObject({ access: access.describe('Who may fetch it from now on.') });
const MediaDeleted = z.strictObject({
  reason: z.enum(['asked', 'orphan']).describe('Somebody asked for it, or it belonged to nothing that is there for too long.'),
});

export type MediaEvent =
  | DecidedEvent<'MediaReceived', z.infer<typeof MediaReceived>>
  | DecidedEvent<'MediaProcessing', z.infer<typeof MediaProcessing>>
  | DecidedEvent<'MediaDeferred', z.infer<typeof MediaDeferred>>
  | DecidedEvent<'MediaRendered', z.infer<typeof MediaRendered>>
  | DecidedEvent<'MediaReady', z.infer<typeof MediaReady>>
  | DecidedEvent<'MediaScanned', z.infer<typeof MediaScanned>>
  | DecidedEvent<'MediaRefused', z.infer<typeof MediaRefused>>
  | DecidedEvent<'MediaAttached', z.infer<typeof MediaAttached>>
  | DecidedEvent<'MediaDetached', z.infer<typeof MediaDetached>>
  | DecidedEvent<'MediaAccessChanged', z.infer<typeof MediaAccessChanged>>
  | DecidedEvent<'MediaDeleted', z.infer<typeof MediaDeleted>>;

const AttachMedia = z.strictObject({ of: askedSubject });
const ChangeMediaAccess = z.strictObject({ access });

/** The commands of people. What uploads is no row of the catalog, since its body is a file: the media part makes `ReceiveMedia` of it. */
export type MediaRequest =
  | Command<'AttachMedia', z.infer<typeof AttachMedia>>
  | Command<'DetachMedia', null>
  | Command<'ChangeMediaAccess', z.infer<typeof ChangeMediaAccess>>
  | Command<'DeleteMedia', null>;

/** `pending`: its bytes are here, and it is looked at; `detached` belongs to nothing, and is deleted after a time unless it is attached again. */
export const MEDIA_STATUSES = ['pending', 'ready', 'refused', 'attached', 'detached', 'deleted'] as const;
export const mediaStatus = z.enum(MEDIA_STATUSES);
export type MediaStatus = z.infer<typeof mediaStatus>;

/** True for the state of a thing that is there. */
export function isFiledThing(thing: unknown): thing is FiledThing {
  const state = thing as FiledThing | undefined;
  return state?.exists === true && !state.deleted;
}

/** What an actor may do with the files of a thing. `undefined` as its state: there is none. */
export function mayWithFilesOf(actor: Actor, of: MediaSubject, thing: unknown): { read: boolean; attach: boolean; takeAway: boolean } {
  if (!isFiledThing(thing)) return { read: false, attach: false, takeAway: false };
  const rules = FILES_OF[of.kind];
  const id = decidingId(of);
  return {
    read: rules.mayRead(actor, thing, id),
    attach: rules.mayAttach(actor, thing, id, of.id),
    takeAway: rules.mayTakeAway(actor, thing, id, of.id),
  };
}

/** True where an actor may read a file: it is on a thing whose files they may read, or it is their own, or they are an admin. */
export function mayReadFile(actor: Actor, { status, maker, of }: { status: MediaStatus; maker: string; of: MediaSubject }, thing: unknown): boolean {
  if (actor.role === 'admin' || actor.role === 'system') return true;
  // A file that is on nothing yet, or no longer, is its maker's alone. What it is on decides about all others, also for its maker.
  if (status === 'detached' || status === 'refused') return actor.id === maker;
  return mayWithFilesOf(actor, of, thing).read;
}

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const OF = { kind: 'task', id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07' } as const;

export const mediaContract = aggregate({
  category: 'media',
  topics: {
    profiles: { of: 'all', tells: 'every event of every file on a profile', followers: 'everybody', mayFollow: () => true },
  },
  events: {
    MediaReceived: {
      begins: true,
      schema: MediaReceived,
      version: 1,
      summary: 'A file arrived whole; nobody may fetch it yet.',
      example: {
        maker: ALICE,
        of: OF,
        name: 'hall.jpg',
        type: 'image/jpeg',
        bytes: 2_812_331,
        sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        width: 4000,
        height: 3000,
        access: 'private',
      },
    },
    MediaProcessing: {
      schema: MediaProcessing,
      version: 1,
      summary: 'A worker leased the file for one attempt, or renewed that lease.',
      example: { attempt: 1, worker: 'media-1', until: '2026-11-21T09:01:00.000Z', lease: 60_000 },
    },
    MediaDeferred: {
      schema: MediaDeferred,
      version: 1,
      summary: 'An attempt went wrong; the next comes later.',
      example: { attempt: 1, error: 'the scanner does not answer', nextAttemptAt: '2026-11-21T09:00:02.000Z', wait: 2_000 },
    },
    MediaRendered: {
      schema: MediaRendered,
      version: 1,
      summary: 'One size of a picture was made, without what the camera wrote beside it.',
      example: { attempt: 1, size: '320', type: 'image/webp', width: 320, height: 240, bytes: 14_120 },
    },
    MediaReady: { schema: MediaReady, version: 1, summary: 'The file was found good.', example: { attempt: 1, scanned: false } },
    MediaScanned: {
      schema: MediaScanned,
      version: 1,
      summary: 'A scanner found a file clean that was ready before there was one.',
      example: {},
    },
    MediaRefused: {
      schema: MediaRefused,
      version: 1,
      summary: 'The file is not taken; its bytes go.',
      example: { attempt: 1, rule: 'damaged', detail: 'The picture cannot be decoded: save it again, and upload that.' },
    },
    MediaAttached: { schema: MediaAttached, version: 1, summary: 'The file is on a thing, whose readers may fetch it.', example: { of: OF } },
    MediaDetached: {
      schema: MediaDetached,
      version: 1,
      summary: 'The file was taken off a thing; its maker alone may fetch it.',
      example: { of: OF },
    },
    MediaAccessChanged: {
      schema: MediaAccessChanged,
      version: 1,
      summary: 'The file may be fetched by everybody, or no longer.',
      example: { access: 'public' },
    },
    MediaDeleted: { schema: MediaDeleted, version: 1, summary: 'The file was deleted; its bytes go, in all sizes.', example: { reason: 'asked' } },
  },
  commands: {
    AttachMedia: {
      method: 'PUT',
      path: '/api/media/:id/attachment',
      body: AttachMedia,
      who: 'user',
      summary: 'Put a file on a thing, whose readers may then fetch it; it comes off what it was on.',
      example: { of: OF },
    },
    DetachMedia: {
      method: 'DELETE',
      path: '/api/media/:id/attachment',
      body: null,
      who: 'user',
      summary: 'Take a file off its thing; after a time it is deleted.',
      example: null,
    },
    ChangeMediaAccess: {
      method: 'PUT',
      path: '/api/media/:id/access',
      body: ChangeMediaAccess,
      who: 'user',
      summary: 'Let everybody fetch a file, or only those who may read its thing.',
      example: { access: 'public' },
    },
    DeleteMedia: { method: 'DELETE', path: '/api/media/:id', body: null, who: 'user', summary: 'Delete a file in all its sizes.', example: null },
  },
});

/** A made size of a picture. */
const rendered = z.strictObject({ size: pictureSize, type: mediaType, width: edge, height: edge, bytes });

/** A file, as `GET /api/media` and `GET /api/media/:id` show it. */
export const mediaView = z.strictObject({
  id,
  of: mediaSubject,
  maker: id,
  name,
  type: mediaType,
  bytes,
  sha256,
  width: edge.nullable(),
  height: edge.nullable(),
  status: mediaStatus,
  access,
  /** The sizes that can be fetched by now; empty for what is no picture. */
  sizes: z.array(rendered),
  refusal: z.strictObject({ rule: z.enum(REFUSALS), detail: z.string() }).nullable(),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type MediaView = z.infer<typeof mediaView>;

/** The most files in one question for addresses. */
export const MOST_ADDRESSES = 100;

const address = {
  url: z.string().meta({ description: 'Where the file can be fetched, without a header.' }),
  expiresAt: instant.nullable().meta({ description: 'When that ends; null for a public file.' }),
};
/** The answer of `GET /api/media/:id/url`. */
export const mediaUrl = z.strictObject(address);
/** The answer of `GET /api/media/urls`. */
export const mediaAddresses = z.strictObject({
  items: z
    .array(z.strictObject({ id, ...address }))
    .meta({ description: 'In no order. Files that the caller may not fetch, or not in this size, are left out.' }),
});
export type MediaAddresses = z.infer<typeof mediaAddresses>;
