/**
 * Who watches a task: its maker, its assignee, who commented on it, and who asked to; but nobody who asked not to, until they ask to or are assigned anew.
 * The write side, the read model and the notifier fold it alike. A log without a word of watching folds to maker, assignee and commenters.
 */
import type { TaskEvent, TaskParties } from './task.ts';

/** The users who asked to watch a task, and those who asked not to. */
export interface Watching {
  watching: readonly string[];
  away: readonly string[];
}

/** The most users who may ask to watch one task: they bound the notifications that one event asks for. */
export const MOST_WATCHERS = 200;
/** The most commenters who watch a task: the latest. They bound those notifications, too. */
export const MOST_COMMENTERS = 100;
/** The most users of whom it is remembered that they asked not to watch: the latest. */
export const MOST_AWAY = 1_000;

/** The watching of a new task. */
export const NOBODY_ASKED: Watching = { watching: [], away: [] };

/** The watching after one more event of the task; the same object where the event changes nothing. Pure. */
export function watchingAfter(before: Watching, event: TaskEvent): Watching {
  const { watching, away } = before;
  switch (event.type) {
    case 'TaskCreated':
      return NOBODY_ASKED;
    case 'TaskAssigned':
      return away.some((one) => one === event.data.userId) ? { watching, away: without(away, event.data.userId) } : before;
    case 'TaskWatched':
      return { watching: [...without(watching, event.data.userId), event.data.userId], away: without(away, event.data.userId) };
    case 'TaskUnwatched':
      return { watching: without(watching, event.data.userId), away: [...without(away, event.data.userId), event.data.userId].slice(-MOST_AWAY) };
    default:
      return before;
  }
}

/** The authors of comments, each once, the latest last: at most MOST_COMMENTERS. */
export function latestCommenters(authors: readonly string[]): string[] {
  return [...new Set(authors.toReversed())].slice(0, MOST_COMMENTERS).toReversed();
}

/** The users who watch a task, each once: maker, assignee, commenters in their order, then who asked to. */
export function watchersOf({ maker, assignee, commenters, watching, away }: TaskParties & Watching & { commenters: readonly string[] }): string[] {
  const all = new Set([maker, assignee, ...commenters, ...watching]);
  return [...all].filter((one): one is string => Boolean(one) && !away.some((gone) => gone === one));
}

function without(ids: readonly string[], id: string | null): string[] {
  return ids.filter((one) => one !== id);
}
