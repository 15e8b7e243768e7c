/** The files that the page shows: those on its tasks and comments, and people's pictures. Loaded for what is on the screen, then kept up to date. */
import type { MediaKind, MediaView } from '../../contracts/media.ts';
import { type AddressOf, askedTogether } from './addresses.ts';
import { type Api, ApiError, ASK_AGAIN, type Reply } from './api.ts';
import type { Change } from './live.ts';
import type { AppState, Store } from './store.ts';

/** The files by their ids, and what is found in them. */
export interface KnownFiles {
  byId: Readonly<Record<string, MediaView>>;
  /** The picture of a task's card, by the task: the first that is on it. */
  covers: Readonly<Record<string, string>>;
  /** The picture of a person, by the person: the newest. */
  avatars: Readonly<Record<string, string>>;
}

export const noFiles: KnownFiles = { byId: {}, covers: {}, avatars: {} };

export interface PageFiles {
  /** Has every later list be as new as a position: what happened up to it is told by no change. */
  since(position: string): void;
  /** Takes a change of a topic; those that are of no file are passed. */
  heard(change: Change): void;
  /** Asks for one file as it is at or after a position. */
  look(id: string, after?: string): Promise<void>;
  /** Asks for everything anew, after changes were missed. */
  reload(): void;
  url: AddressOf;
  close(): void;
}

/** The most things that one question is about. */
const AT_ONCE = 50;
/** Milliseconds in which questions are gathered. */
const GATHERED = 50;
/** The statuses of answers that another question would get, too. */
const REFUSED = [400, 403, 404, 422];
/** Changes that alter nothing of what is shown. */
const UNSEEN = ['MediaProcessing', 'MediaDeferred'];

export function startFiles({ api, store }: { api: Api; store: Store }): PageFiles {
  const asked = { task: new Set<string>(), user: new Set<string>() };
  const addresses = askedTogether(api);
  /** The number of questions for each file: only the last one's answer counts, or a late one would bring back what is gone. */
  const turns = new Map<string, number>();
  /** The files that are not there any more, or not for this user: a list that was asked for before may still have them. */
  const gone = new Set<string>();
  /** The position up to which changes are in the lists that are asked for. */
  let seen = '';
  /** Counts the beginnings: what was asked for before the last one is asked for again. */
  let beginnings = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  let closed = false;

  function put(views: readonly MediaView[]): void {
    if (closed) return;
    const { byId: before } = store.get().files;
    const newer = views.filter(({ id, revision }) => !gone.has(id) && (before[id]?.revision ?? -1) <= revision);
    store.set({ files: found({ ...before, ...Object.fromEntries(newer.map((view) => [view.id, view])) }) });
  }

  function drop(id: string): void {
    if (closed) return;
    gone.add(id);
    const { [id]: _, ...others } = store.get().files.byId;
    store.set({ files: found(others) });
  }

  function wait(ms: number): void {
    if (closed || asking) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void ask();
    }, ms);
  }

  /** Asks for the files of things that are shown, and were never asked for. */
  async function ask(): Promise<void> {
    asking = true;
    const kinds: ('task' | 'user')[] = ['task', 'user'];
    const outcomes = await Promise.all(
      kinds.map((kind) =>
        askFor(
          kind,
          shownThings(store.get())[kind].filter((id) => !asked[kind].has(id)),
        ),
      ),
    );
    asking = false;
    const left = outcomes.includes(false) ? ASK_AGAIN : GATHERED;
    if (outcomes.some((outcome) => outcome !== undefined)) wait(left);
  }

  /** Resolves to true where it went well, to undefined where there was nothing to ask. */
  async function askFor(kind: 'task' | 'user', all: readonly string[]): Promise<boolean | undefined> {
    const ids = all.slice(0, AT_ONCE);
    if (ids.length === 0) return undefined;
    const mine = beginnings;
    const views = await listOf(kind, ids).catch(asAnswer);
    if (!views) return false;
    if (mine !== beginnings) return true;
    put(views);
    for (const id of ids) asked[kind].add(id);
    return true;
  }

  async function listOf(kind: MediaKind, ids: readonly string[]): Promise<MediaView[]> {
    const items: MediaView[] = [];
    const path = `/api/media?${kind}=${ids.join(',')}&limit=100`;
    const after = seen || undefined;
    let cursor: string | undefined = '';
    while (cursor !== undefined && !closed) {
      const { body }: Reply<{ items: MediaView[]; next?: string }> = await api.get(`${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, {
        after,
      });
      items.push(...body.items);
      cursor = body.next;
    }
    return items;
  }

  async function look(id: string, after?: string): Promise<void> {
    const turn = (turns.get(id) ?? 0) + 1;
    turns.set(id, turn);
    const view = await api.get<MediaView>(`/api/media/${id}`, { after }).then(
      ({ body }) => body,
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      },
    );
    if (turns.get(id) !== turn) return;
    // What is on nothing is shown nowhere, though its maker may read it.
    if (!view || view.status === 'detached') return drop(id);
    gone.delete(id);
    put([view]);
  }

  function since(position: string): void {
    if (position > seen) seen = position;
  }

  const unsubscribe = store.subscribe(() => wait(GATHERED));

  return {
    since,
    heard: ({ stream, type, id, position }) => {
      since(position);
      if (stream.startsWith('media-') && !UNSEEN.includes(type)) void look(id, position).catch(() => undefined);
    },
    look,
    reload() {
      beginnings++;
      asked.task.clear();
      asked.user.clear();
      gone.clear();
      store.set({ files: noFiles });
      wait(GATHERED);
    },
    url: addresses,
    close() {
      closed = true;
      clearTimeout(timer);
      unsubscribe();
    },
  };
}

/** What a failed question counts as: what is refused for good has no files, and is not asked again; null: it is asked again. */
function asAnswer(error: unknown): MediaView[] | null {
  return error instanceof ApiError && REFUSED.includes(error.status) ? [] : null;
}

/** The things whose files are shown. */
function shownThings({ board, open, people, me }: AppState): { task: string[]; user: string[] } {
  const tasks = new Set([...(open ? [open.id] : []), ...Object.keys(board.entries)]);
  const users = new Set([...(me ? [me.id] : []), ...Object.keys(people)]);
  return { task: [...tasks], user: [...users] };
}

/** True for a picture that can be shown by now. */
export function isShownPicture({ sizes, status }: MediaView): boolean {
  return sizes.length > 0 && status !== 'refused';
}

/** The files with what is found in them. */
export function found(byId: KnownFiles['byId']): KnownFiles {
  const covers: Record<string, string> = {};
  const avatars: Record<string, string> = {};
  const pictures = Object.values(byId).filter(isShownPicture);
  for (const { id, of } of pictures.toSorted((one, other) => (one.createdAt < other.createdAt ? -1 : 1))) {
    if (of.kind === 'user') avatars[of.id] = id;
    if (of.kind === 'task') covers[of.id] ??= id;
  }
  return { byId, covers, avatars };
}
