/**
 * Snapshots of streams, sealed as a whole under a key of the installation, which every erasure renews: one that cannot be opened, or is clear since an older
 * release wrote it, counts as absent, and is made again. So does one that is made in the middle of an erasure, which is not kept.
 */
import type { NewEvent, RecordedEvent } from '../../contracts/message.ts';
import { boxesIn, SEALED } from '../../contracts/sealed.ts';
import { openBox, sealBox } from './box.ts';
import { keyName, type PersonKeys } from './person-keys.ts';
import { SNAPSHOTS } from './person-reference.ts';
import { boxBoundTo } from './seal-events.ts';

/** True for the stream of a snapshot. */
export function isOfSnapshots(stream: string): boolean {
  return stream.startsWith('_snapshot-');
}

/** The snapshots with their data in a box. Errors: those of the keys. */
export async function sealSnapshots(events: readonly NewEvent[], keys: Pick<PersonKeys, 'toSeal'>): Promise<readonly NewEvent[]> {
  const key = (await keys.toSeal([SNAPSHOTS])).get(SNAPSHOTS);
  return events.map((event) => {
    const head = { of: SNAPSHOTS, generation: key?.generation ?? 0, fields: [] };
    // In the middle of an erasure there is no key: what is kept then may have texts of the person.
    const box = key ? { box: sealBox(event.data, key.key, boxBoundTo(event.id, head)) } : {};
    return { ...event, data: { [SEALED]: [{ ...head, ...box }] } };
  });
}

/** Those of the snapshots that can be opened. Errors: those of the keys. */
export async function openSnapshots(page: readonly RecordedEvent[], keys: Pick<PersonKeys, 'toOpen'>): Promise<RecordedEvent[]> {
  const found = await keys.toOpen(page.flatMap(({ data }) => boxesIn(data) ?? []));
  return page.flatMap((event) => {
    const [box] = boxesIn(event.data) ?? [];
    const key = box && found.get(keyName(box.of, box.generation));
    if (!box || !key || key === 'destroyed' || key instanceof Error) return [];
    try {
      return [{ ...event, data: openBox(box.box ?? '', key, boxBoundTo(event.id, box)) }];
    } catch {
      return [];
    }
  });
}
