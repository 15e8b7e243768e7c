import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MediaRig, openMediaRig } from '../../system/media-rig.fixture.ts';
import { openQuota } from './quota.ts';

const OTHER = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const MEGA = 1_000_000;

let rig: MediaRig;
beforeEach(async () => {
  rig = await openMediaRig();
});
afterEach(() => rig.close());

const quota = (ofUser: number, ofAll: number) => openQuota({ readModels: rig.readModels, ofUser: ofUser * MEGA, ofAll: ofAll * MEGA });
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
