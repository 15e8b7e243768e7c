import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MediaRig, openMediaRig } from '../../system/media-rig.fixture.ts';
import { halves } from '../pictures/pictures.fixture.ts';
import { openQuota } from './quota.ts';

const OTHER = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const MEGA = 1_000_000;

let rig: MediaRig;
beforeEach(async () => {
  rig = await openMediaRig();
});
afterEach(() => rig.close());

const quota = (ofUser: number, ofAll: number) => openQuota({ readModels: rig.readModels, ofUser: ofUser * MEGA, ofAll: ofAll * MEGA });
const taken = { keep: expect.any(Function), giveBack: expect.any(Function) };
const file = (id: string, maker: string, megabytes: number) => ({ id, maker, bytes: megabytes * MEGA });
const ofUser = { code: 'forbidden', status: 403 };
const ofAll = { code: 'invalid', status: 413 };

it('a user has so much room, and all together so much, whoever they are', async () => {
  const { take } = quota(3, 5);
  (await take(file('1', rig.maker.id, 2))).keep();
  await expect(take(file('2', rig.maker.id, 2))).rejects.toMatchObject(ofUser);
  (await take(file('3', OTHER, 3))).keep();
  await expect(take(file('4', 'somebody else', 1))).rejects.toMatchObject({ ...ofAll, errors: [{ pointer: '/file' }] });
  await expect(take(file('5', OTHER, 1))).rejects.toMatchObject(ofUser);
});

it('what was taken for a file that was not recorded is free again, and of uploads at once only so many get room', async () => {
  const { take } = quota(3, 100);
  (await take(file('1', OTHER, 3))).giveBack();
  const at = await Promise.allSettled(['2', '3', '4'].map((id) => take(file(id, OTHER, 2))));
  expect(at.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

it('files that are recorded count, and those that are refused do not', async () => {
  const stream = await rig.receive(1, Buffer.alloc(2 * MEGA, 'x'), 'text/plain');
  await expect
    .poll(() =>
      quota(3, 100)
        .take(file('1', rig.maker.id, 2))
        .then(
          () => 'taken',
          ({ status }) => status,
        ),
    )
    .toBe(403);
  await expect(quota(100, 3).take(file('2', OTHER, 2))).rejects.toMatchObject(ofAll);
  rig.start({ scanner: { scan: async () => ({ found: 'Eicar-Test' }) } });
  await rig.becomes(stream, 'MediaRefused');
  await expect
    .poll(() =>
      quota(3, 100)
        .take(file('3', rig.maker.id, 2))
        .then(
          () => 'taken',
          ({ status }) => status,
        ),
    )
    .toBe('taken');
});

it.each([
  ['its sizes count in its place', false],
  ['and its upload is kept, both count', true],
])('once a picture is made %s', async (_, keepOriginal) => {
  const upload = await halves(400, 300).png().toBuffer();
  const stream = await rig.receive(1, upload);
  rig.start({ keepOriginal });
  await rig.becomes(stream, 'MediaAttached');
  let kept = keepOriginal ? upload.length : 0;
  for (const { type, data } of await rig.events(stream)) if (type === 'MediaRendered') kept += data.bytes;
  const room = (bytes: number) =>
    openQuota({ readModels: rig.readModels, ofUser: kept + 10, ofAll: 100 * MEGA }).take({ id: '1', maker: rig.maker.id, bytes });
  await expect.poll(() => room(11).catch(({ status }) => status)).toBe(403);
  await expect.poll(() => room(10).catch(({ status }) => status)).toEqual(taken);
});

it('what clients have posted to the store and nobody has received counts, but not beside itself', async () => {
  const text = await rig.file('x'.repeat(2 * MEGA));
  await rig.files.put(`incoming/${OTHER}/posted`, { ...text, type: 'text/plain' });
  const { take } = openQuota({ readModels: rig.readModels, posted: rig.files, ofUser: 3 * MEGA, ofAll: 4 * MEGA });
  await expect(take(file('1', OTHER, 2))).rejects.toMatchObject(ofUser);
  await expect(take(file('1', rig.maker.id, 3))).rejects.toMatchObject(ofAll);
  expect(await take(file('1', rig.maker.id, 2))).toEqual(taken);
  expect(
    await openQuota({ readModels: rig.readModels, posted: rig.files, ofUser: 3 * MEGA, ofAll: 4 * MEGA }).take(file('posted', OTHER, 2)),
  ).toEqual(taken);
});

describe('room that is held for a form', () => {
  let now: number;
  const held = () => {
    now = 0;
    return openQuota({ readModels: rig.readModels, ofUser: 3 * MEGA, ofAll: 100 * MEGA, clock: () => now });
  };
  it('counts until the form ends, or is given back', async () => {
    const { hold, take } = held();
    await hold(file('form', OTHER, 2), 900);
    const letGo = await hold(file('another', OTHER, 1), 900);
    await expect(take(file('1', OTHER, 1))).rejects.toMatchObject(ofUser);
    letGo();
    (await take(file('1', OTHER, 1))).giveBack();
    now = 900;
    await expect(take(file('1', OTHER, 3))).rejects.toMatchObject(ofUser);
    now = 901;
    expect(await take(file('1', OTHER, 3))).toEqual(taken);
  });
  it('is that of the file that is posted with it, and is free again where that is not received', async () => {
    const { hold, take } = held();
    await hold(file('form', OTHER, 2), 900);
    const room = await take(file('form', OTHER, 2));
    await expect(take(file('1', OTHER, 2))).rejects.toMatchObject(ofUser);
    room.giveBack();
    expect(await take(file('1', OTHER, 2))).toEqual(taken);
  });
  it('is held once for a form that is asked for again, also where the second is refused, and not for a file that is received', async () => {
    const { hold, take } = held();
    await hold(file('form', OTHER, 2), 900);
    await hold(file('form', OTHER, 2), 900);
    await expect(hold(file('form', OTHER, 4), 900)).rejects.toMatchObject(ofUser);
    await expect(take(file('1', OTHER, 2))).rejects.toMatchObject(ofUser);
    const room = await take(file('form', OTHER, 2));
    (await hold(file('form', OTHER, 2), 900))();
    await expect(take(file('1', OTHER, 2))).rejects.toMatchObject(ofUser);
    room.keep();
    await expect(take(file('1', OTHER, 2))).rejects.toMatchObject(ofUser);
  });
  it('is no more for files that are posted in another order than their forms were asked for', async () => {
    const { hold, take } = held();
    for (const id of ['a', 'b', 'c']) await hold(file(id, OTHER, 0.01), 900);
    const at = await Promise.allSettled(['c', 'b', 'a'].map((id) => take(file(id, OTHER, 2))));
    expect(at.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    // The forms of those that were refused are still good.
    await expect(take(file('d', OTHER, 1))).rejects.toMatchObject(ofUser);
    (await take(file('d', OTHER, 0.97))).giveBack();
  });
  it('frees nothing of a file that is recorded, for which a form is asked for once more', async () => {
    const stream = await rig.receive(1, Buffer.alloc(2 * MEGA, 'x'), 'text/plain');
    const { hold, take } = held();
    const id = stream.slice('media-'.length);
    await expect
      .poll(() =>
        take(file('1', rig.maker.id, 2)).then(
          () => 'taken',
          ({ status }) => status,
        ),
      )
      .toBe(403);
    await hold({ id, maker: rig.maker.id, bytes: 1 }, 900);
    await expect(take(file('2', rig.maker.id, 2))).rejects.toMatchObject(ofUser);
  });
});
