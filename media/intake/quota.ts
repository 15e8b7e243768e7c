/**
 * How much room files may take: of one user, and of all together. Counted from the read model, and from what this process takes meanwhile, which
 * the read model does not show yet.
 */
import { ProblemError } from '../../contracts/problem.ts';
import type { Condition, Find, ReadModels, Stored } from '../../platform/read-models/read-models.ts';
import { mediaFiles } from '../../projections/projectors/media.ts';

/** Room that was taken for one file. */
export interface TakenRoom {
  /** The file is recorded: the read model counts it, soon. */
  keep(): void;
  /** It is not: nothing counts it. */
  giveBack(): void;
}

export interface Quota {
  /** Takes room for a file. Errors: ProblemError `forbidden` where the user has no more, 413 where all together have none; those of the read models. */
  take(file: { id: string; maker: string; bytes: number }): Promise<TakenRoom>;
}

export interface QuotaOptions {
  readModels: ReadModels;
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
  /** When it was recorded, by the monotonic clock; null: it is under way. */
  since: number | null;
}

export function openQuota({ readModels, ofUser, ofAll, fresh = 60_000, clock = () => performance.now() }: QuotaOptions): Quota {
  const takings = new Map<string, Taking>();
  let all: { bytes: number; at: number } | undefined;

  async function bytesOfAll(): Promise<number> {
    if (!all || clock() - all.at > fresh) all = { bytes: await sum(readModels, [], takings), at: clock() };
    return all.bytes;
  }

  async function check(id: string, { maker, bytes }: Taking): Promise<void> {
    const before = [...takings].slice(0, [...takings.keys()].indexOf(id)).map(([, taking]) => taking);
    const own = before.filter((one) => one.maker === maker);
    const used = (await sum(readModels, [{ field: 'maker', op: 'eq', value: maker }], takings)) + bytesOf(own);
    if (used + bytes > ofUser)
      throw new ProblemError(
        'forbidden',
        `Your files have ${mega(used)} MB of the ${mega(ofUser)} that you may have. Delete some (GET /api/media?mine=1 lists them), and upload this then.`,
      );
    if ((await bytesOfAll()) + bytesOf(before) + bytes > ofAll) {
      const detail = `All files together have reached the ${mega(ofAll)} MB that this installation keeps. Ask its admin.`;
      throw new ProblemError('invalid', detail, { status: 413, errors: [{ pointer: '/file', detail }] });
    }
  }

  function forgetOld(): void {
    for (const [id, { since }] of takings) if (since !== null && clock() - since > 2 * fresh) takings.delete(id);
  }

  return {
    take: async ({ id, maker, bytes }) => {
      forgetOld();
      const taking: Taking = { maker, bytes, since: null };
      takings.set(id, taking);
      const giveBack = () => void takings.delete(id);
      try {
        await check(id, taking);
      } catch (error) {
        giveBack();
        throw error;
      }
      return {
        giveBack,
        keep: () => {
          taking.since = clock();
        },
      };
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

/** The bytes that a file takes; those of a refused one are removed. */
function bytesIn({ document }: Stored): number {
  return document?.status === 'refused' ? 0 : Number(document?.bytes ?? 0);
}

function bytesOf(takings: readonly Taking[]): number {
  return takings.reduce((total, { bytes }) => total + bytes, 0);
}

const mega = (bytes: number) => String(Math.floor(bytes / MEGA));
