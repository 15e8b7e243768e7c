/** Read model `media`: each file with what it is on, its state and the sizes that were made of it. */
import { type MediaEvent, type MediaSubject, type MediaView, streamOfSubject } from '../../contracts/media.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { dueOf } from '../../platform/work/due.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** A file as it is stored. */
export type MediaDocument = Omit<MediaView, 'id'> & {
  /** The thing that it is on, or for: `<kind>:<id>`. */
  subject: string;
  /** The stream of that thing: the task's, for a comment. */
  thing: string;
  /** The time when the dispatcher has to look at it; null: never. */
  due: string | null;
  /** Milliseconds that it had to wait for that; null: none. */
  within: number | null;
  /** True while a worker has it. */
  leased: boolean;
  /** The time since when it is ready without having been scanned; null: it was scanned, or is not ready. */
  unscanned: string | null;
  /** True where the bytes of a picture as uploaded are kept beside its sizes. */
  kept: boolean;
};

type EventOf<T extends MediaEvent['type']> = Extract<MediaEvent, { type: T }>;
type Later = Exclude<MediaEvent, EventOf<'MediaReceived'>>;

/** The name under which a list asks for the files of a thing. */
export function subjectName({ kind, id }: Pick<MediaSubject, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}

const on = (of: MediaSubject) => ({ of, subject: subjectName(of), thing: streamOfSubject(of) });
const idle = { due: null, within: null, leased: false };

function evolve(document: Folded<MediaDocument>, recorded: RecordedEvent): MediaDocument | null {
  const event = recorded as RecordedEvent & MediaEvent;
  if (event.type === 'MediaReceived') {
    beginning(document, recorded);
    return received(recorded, event.data);
  }
  const before = existing(document, recorded);
  if (event.type === 'MediaDeleted') return null;
  return { ...before, ...changed(before, event), updatedAt: event.time, revision: event.revision };
}

function received({ time, revision }: RecordedEvent, data: EventOf<'MediaReceived'>['data']): MediaDocument {
  const { of, width = null, height = null, ...file } = data;
  return {
    ...file,
    ...on(of),
    width,
    height,
    status: 'pending',
    sizes: [],
    refusal: null,
    unscanned: null,
    kept: false,
    createdAt: time,
    updatedAt: time,
    revision,
    ...waiting({ time, data }),
  };
}

function waiting(event: Pick<RecordedEvent, 'time'> & { data: object }): Pick<MediaDocument, 'due' | 'within' | 'leased'> {
  const { due, within = null, leased = false } = dueOf(event);
  return { due, within, leased };
}

function changed(before: MediaDocument, event: RecordedEvent & Exclude<Later, EventOf<'MediaDeleted'>>): Partial<MediaDocument> {
  switch (event.type) {
    case 'MediaProcessing':
    case 'MediaDeferred':
      return waiting(event);
    case 'MediaRendered': {
      const { size, type, width, height, bytes } = event.data;
      return { sizes: [...before.sizes.filter((one) => one.size !== size), { size, type, width, height, bytes }] };
    }
    case 'MediaReady':
      return { ...idle, status: 'ready', unscanned: event.data.scanned ? null : event.time, kept: event.data.kept === true };
    case 'MediaScanned':
      return { unscanned: null };
    case 'MediaRefused':
      return { ...idle, status: 'refused', unscanned: null, refusal: { rule: event.data.rule, detail: event.data.detail } };
    case 'MediaAttached':
      return { status: 'attached', ...on(event.data.of) };
    case 'MediaDetached':
      return { status: 'detached' };
    case 'MediaAccessChanged':
      return { access: event.data.access };
    default:
      event satisfies never;
      return {};
  }
}

export const mediaFiles = projector<MediaDocument>({
  model: {
    name: 'media',
    version: 2,
    fields: {
      maker: 'text',
      status: 'text',
      subject: 'text',
      thing: 'text',
      sha256: 'text',
      createdAt: 'text',
      updatedAt: 'text',
      due: 'text',
      unscanned: 'text',
    },
    indexes: [
      ['subject', 'createdAt'],
      ['thing', 'createdAt'],
      ['maker', 'createdAt'],
      ['status', 'updatedAt'],
      ['createdAt'],
      ['due'],
      ['unscanned'],
    ],
  },
  events: [
    'MediaReceived',
    'MediaProcessing',
    'MediaDeferred',
    'MediaRendered',
    'MediaReady',
    'MediaScanned',
    'MediaRefused',
    'MediaAttached',
    'MediaDetached',
    'MediaAccessChanged',
    'MediaDeleted',
  ],
  key: byStream,
  evolve,
});
