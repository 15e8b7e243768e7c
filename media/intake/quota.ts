/**
 * How much room files may take: of one user, and of all together. Counted are what is kept of each file by the read model, what clients have posted to the
 * store themselves and nobody has received, and what this process takes meanwhile, or has given out forms for, which is in neither yet.
 */
import { ProblemError } from '../../contracts/problem.ts';
import type { Files } from '../../platform/files/files.ts';
import type { Condition, Find, ReadModels, Stored } from '../../platform/read-models/read-models.ts';
import { type MediaDocument, mediaFiles } from '../../projections/projectors/media.ts';
import { INCOMING, incomingOf } from './direct/incoming.ts';

/** Room that was taken for one file. */
export interface TakenRoom {
  /** The file is recorded: the read model counts it, soon. */
  keep(): void;
  /** It is not: nothing counts it. */
  giveBack(): void;
}

/** A file for which room is wanted. */
export interface RoomWanted {
  id: string;
  maker: string;
  bytes: number;
}

export interface Quota {
  /** Takes room for a file. Errors: ProblemError `forbidden` where the user has no more, 413 where all together have none; those of the read models. */
  take(file: RoomWanted): Promise<TakenRoom>;
  /**
   * Holds room for a file that a client may post for so many milliseconds: until it is taken for the same file, or they are over. Resolves to what ends it
   * sooner. Errors: as those of `take`.
   */
  hold(file: RoomWanted, milliseconds: number): Promise<() => void>;
}

export interface QuotaOptions {
  readModels: ReadModels;
  /** The store, where clients post files to it themselves; undefined where they do not. */
  posted?: Pick<Files, 'list'> | undefined;
  /** Bytes of one user's files, and of all, at most. */
  ofUser: number;
  ofAll: number;
  /** Milliseconds for which the sum of all is not counted anew, and for which the read model may lag; default 60,000. */
  fresh?: number;
  clock?: () => number;
}

const PAGE = 1_000;
const MEGA = 1_000_000;

interface Taking {
  maker: string;
  bytes: number;
  /** When it counts no more, by the monotonic clock, since the read model or the store shows it then; null: it is under way. */
  ends: number | null;
  /** True where only a form was given out for it. */
  isHeld?: true;
}

export function openQuota({ readModels, posted, ofUser, ofAll, fresh = 60_000, clock = () => performance.now() }: QuotaOptions): Quota {
  const takings = new Map<string, Taking>();
  let all: { bytes: number; at: number } | undefined;

  async function bytesOfAll(): Promise<number> {
    if (!all || clock() - all.at > fresh) all = { bytes: await used([], INCOMING), at: clock() };
    return all.bytes;
  }

  /** The bytes of the recorded files that match, and of what lies below a prefix, without those that are counted as taken. A form makes no recorded file free. */
  async function used(where: Condition[], prefix: string): Promise<number> {
    const received = new Map([...takings].filter(([, { isHeld }]) => !isHeld));
    const [recorded, waiting] = await Promise.all([sum(readModels, where, received), posted ? bytesBelow(posted, prefix, takings) : 0]);
    return recorded + waiting;
  }

  async function check(id: string, { maker, bytes }: Taking): Promise<void> {
    const before = [...takings].slice(0, [...takings.keys()].indexOf(id)).map(([, taking]) => taking);
    const own = before.filter((one) => one.maker === maker);
    const mine = (await used([{ field: 'maker', op: 'eq', value: maker }], incomingOf(maker))) + bytesOf(own);
    if (mine + bytes > ofUser)
      throw new ProblemError(
        'forbidden',
        `Your files, with what is on its way, have ${mega(mine)} MB of the ${mega(ofUser)} that you may have. Delete some (GET /api/media?mine=1 lists them), and upload this then.`,
      );
    if ((await bytesOfAll()) + bytesOf(before) + bytes > ofAll) {
      const detail = `All files together have reached the ${mega(ofAll)} MB that this installation keeps. Ask its admin.`;
      throw new ProblemError('invalid', detail, { status: 413, errors: [{ pointer: '/file', detail }] });
    }
  }

  function forgetOld(): void {
    for (const [id, { ends }] of takings) if (ends !== null && clock() > ends) takings.delete(id);
  }

  /** Counts a taking, in the place of what was counted for the same file. Resolves to what counts it no more. Errors: as those of `take`. */
  async function enter({ id, ...taking }: Taking & { id: string }, orElse?: Taking): Promise<{ taking: Taking; leave(): void }> {
    const leave = () => {
      if (takings.get(id) === taking) takings.delete(id);
    };
    // It comes last, behind all that it is counted with: each sees those that came before it.
    takings.delete(id);
    takings.set(id, taking);
    try {
      await check(id, taking);
    } catch (error) {
      leave();
      if (orElse) takings.set(id, orElse);
      throw error;
    }
    return { taking, leave };
  }

  return {
    take: async (file) => {
      forgetOld();
      const before = takings.get(file.id);
      const { taking, leave } = await enter({ ...file, ends: null }, before?.isHeld ? before : undefined);
      return {
        giveBack: leave,
        keep: () => {
          taking.ends = clock() + 2 * fresh;
        },
      };
    },
    hold: async (file, milliseconds) => {
      forgetOld();
      const before = takings.get(file.id);
      // It is received just now, or was: that counts.
      if (before && !before.isHeld) return () => {};
      const { leave } = await enter({ ...file, ends: clock() + milliseconds, isHeld: true }, before);
      return leave;
    },
  };
}

/** The bytes of the files that match, but of those in `without`. A read model that is being built has none yet. */
async function sum(readModels: ReadModels, where: Condition[], without: ReadonlyMap<string, unknown>): Promise<number> {
  const { model } = mediaFiles;
  const state = await readModels.state(model);
  if (!state) return 0;
  let bytes = 0;
  let last: Stored | undefined;
  do {
    const page = await readModels.find(model, state.generation, { where, sort: OLDEST_FIRST, limit: PAGE, ...behind(last) });
    bytes += page.filter(({ id }) => !without.has(id)).reduce((total, one) => total + bytesIn(one), 0);
    last = page.length === PAGE ? page.at(-1) : undefined;
  } while (last);
  return bytes;
}

const OLDEST_FIRST = [{ field: 'createdAt', descending: false }];

function behind(last: Stored | undefined): Pick<Find, 'after'> {
  return last ? { after: { values: [String(last.document?.createdAt)], id: last.id } } : {};
}

/** The bytes of what clients have posted below a prefix, but of the files in `without`. */
async function bytesBelow(posted: Pick<Files, 'list'>, prefix: string, without: ReadonlyMap<string, unknown>): Promise<number> {
  let total = 0;
  for await (const { key, bytes } of posted.list(prefix)) if (!without.has(key.slice(key.lastIndexOf('/') + 1))) total += bytes;
  return total;
}

/** The bytes that are kept of a file: the upload, until a picture's sizes stand in its place, or beside them where it is kept; of a refused one, none. */
function bytesIn({ document }: Stored): number {
  if (!document) return 0;
  const { status, bytes, sizes, kept } = document as MediaDocument;
  if (status === 'refused') return 0;
  const made = sizes.reduce((total, size) => total + size.bytes, 0);
  return sizes.length === 0 || status === 'pending' || kept ? made + bytes : made;
}

function bytesOf(takings: readonly Taking[]): number {
  return takings.reduce((total, { bytes }) => total + bytes, 0);
}

const mega = (bytes: number) => String(Math.floor(bytes / MEGA));
