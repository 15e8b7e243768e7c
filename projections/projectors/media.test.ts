import { describe, expect, it } from 'vitest';
import { mediaContract, mediaView } from '../../contracts/media.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { comments } from './comments.ts';
import { mediaFiles } from './media.ts';

const received = { type: 'MediaReceived' };
const { name, of } = mediaContract.events.MediaReceived.example;
const { until } = mediaContract.events.MediaProcessing.example;
const { nextAttemptAt } = mediaContract.events.MediaDeferred.example;

describe('a file', () => {
  it('begins pending, with what is known of it, due at once', () =>
    given(mediaFiles, received).becomes({
      status: 'pending',
      name,
      of,
      subject: `task:${of.id}`,
      thing: `task-${of.id}`,
      sizes: [],
      due: minute(0),
      leased: false,
    }));
  it('on a comment is found by the comment, and by its task', () => {
    const comment = { kind: 'comment', id: '1d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', task: of.id } as const;
    given(mediaFiles, { ...received, data: { of: comment } }).becomes({ subject: `comment:${comment.id}`, thing: `task-${of.id}` });
  });
  it('is looked at again at its lease’s end, or at its next attempt', () => {
    given(mediaFiles, received, { type: 'MediaProcessing' }).becomes({ due: until, leased: true });
    given(mediaFiles, received, { type: 'MediaProcessing' }, { type: 'MediaDeferred' }).becomes({ due: nextAttemptAt, leased: false });
  });
  it('has each size once, also where it was made again', () => {
    const size = (edge: string, width: number) => ({ type: 'MediaRendered', data: { size: edge, width } });
    const document = folded(mediaFiles, stream(received, size('320', 1), size('1024', 2), size('320', 3)));
    expect(document?.sizes.map(({ size, width }) => [size, width])).toEqual([
      ['1024', 2],
      ['320', 3],
    ]);
  });
  it.each([
    ['MediaReady', 'ready'],
    ['MediaRefused', 'refused'],
  ])('after %s is %s, and due no more', (type, status) =>
    given(mediaFiles, received, { type: 'MediaProcessing' }, { type }).becomes({ status: status as 'ready', due: null, leased: false }),
  );
  it('is to be scanned since it is ready without that, until it is, or refused', () => {
    const unscanned = [received, { type: 'MediaReady', data: { scanned: false } }];
    given(mediaFiles, received).becomes({ unscanned: null });
    given(mediaFiles, ...unscanned).becomes({ unscanned: minute(1) });
    given(mediaFiles, ...unscanned, { type: 'MediaAttached' }).becomes({ unscanned: minute(1) });
    for (const type of ['MediaScanned', 'MediaRefused']) given(mediaFiles, ...unscanned, { type }).becomes({ unscanned: null });
    given(mediaFiles, received, { type: 'MediaReady', data: { scanned: true } }).becomes({ unscanned: null });
  });
  it('says why it was refused', () => {
    const { rule, detail } = mediaContract.events.MediaRefused.example;
    given(mediaFiles, received, { type: 'MediaRefused' }).becomes({ refusal: { rule: rule as 'damaged', detail } });
  });
  it('is on the thing that it was attached to last, also after it was taken off', () => {
    const order = { kind: 'order', id: '9a9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09' } as const;
    const events = [received, { type: 'MediaReady' }, { type: 'MediaAttached', data: { of: order } }];
    given(mediaFiles, ...events).becomes({ status: 'attached', subject: `order:${order.id}`, thing: `order-${order.id}` });
    given(mediaFiles, ...events, { type: 'MediaDetached' }).becomes({ status: 'detached', subject: `order:${order.id}` });
  });
  it('may be made public', () => given(mediaFiles, received, { type: 'MediaAccessChanged' }).becomes({ access: 'public', revision: 1 }));
  it('leaves a tombstone', () => given(mediaFiles, received, { type: 'MediaDeleted' }).thenNothing());
  it('invariant 8: an event that cannot follow is an error, never half a document', () => {
    given(mediaFiles, { type: 'MediaReady' }).outOfPlace();
    given(mediaFiles, received, { type: 'MediaDeleted' }, { type: 'MediaReady' }).outOfPlace();
  });
  it('is as the contract shows it, but for what only we ask of it', () => {
    const document = folded(mediaFiles, stream(received, { type: 'MediaRendered' }, { type: 'MediaReady' }, { type: 'MediaAttached' }));
    const { subject: _, thing: __, due: ___, within: ____, leased: _____, unscanned: ______, kept: _______, ...view } = document ?? ({} as never);
    expect(mediaView.safeParse({ id: of.id, ...view }).error).toBeUndefined();
  });
});

describe('a comment', () => {
  it('has its task and its author', () => {
    const [created, commented] = stream({ type: 'TaskCreated' }, { type: 'TaskCommented' });
    const events = [created, commented].filter((event) => event !== undefined && comments.events.includes(event.type)) as never[];
    expect(folded(comments, events)).toEqual({ task: of.id, author: commented?.metadata.actor });
  });
});
