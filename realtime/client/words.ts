/** Events in words, and dates as the user's locale writes them. */
import { characters } from '../../contracts/fields.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import { STATUS_NAMES } from './board-view.ts';

/** Names a person by id. */
export type NameOf = (id: string) => string;

/** An event in words that follow the name of the one who did it: “moved it to Done”. */
export function toldOfTask(event: { type: string; data: unknown }, nameOf: NameOf): string {
  const one = event as TaskEvent;
  switch (one.type) {
    case 'TaskCreated':
      return 'created it';
    case 'TaskAssigned':
      return assigned(one.data, nameOf);
    case 'TaskEdited':
      return edited(one.data);
    case 'TaskStatusChanged':
      return `moved it from ${STATUS_NAMES[one.data.from]} to ${STATUS_NAMES[one.data.to]}`;
    case 'TaskCommented':
      return 'commented';
    case 'TaskWatched':
      return 'watches it';
    case 'TaskUnwatched':
      return 'watches it no more';
    case 'TaskDeleted':
      return 'deleted it';
    case 'TaskRestored':
      return 'brought it back';
    default:
      return 'changed it';
  }
}

/** The words of the button that has the user watch a task, or watch it no more. */
export function watchWord(watching: boolean): string {
  return watching ? 'Unwatch' : 'Watch';
}

/** What watching means, and how many do. */
export function watchHint(watchers: number): string {
  return `Who watches is told of comments and of changes of status. ${watchers === 1 ? '1 person watches' : `${watchers} people watch`} this task.`;
}

/** What is said when the user began to watch a task, or ended it. */
export function watchSaid(title: string, watching: boolean): string {
  return watching ? `You watch “${title}”.` : `You watch “${title}” no more.`;
}

function assigned({ userId, because }: Extract<TaskEvent, { type: 'TaskAssigned' }>['data'], nameOf: NameOf): string {
  if (because === 'user_deleted') return 'took it from a user whose account was deleted';
  const said = userId ? `gave it to ${nameOf(userId)}` : 'took the assignee away';
  return because === 'repair_request' ? `${said}, since its repair request says so` : said;
}

function edited(data: Extract<TaskEvent, { type: 'TaskEdited' }>['data']): string {
  const fields = Object.keys(data);
  if (fields.length === 1 && data.title !== undefined) return `renamed it “${data.title}”`;
  if (fields.length === 1 && data.priority) return `set the priority to ${data.priority}`;
  return `changed the ${new Intl.ListFormat('en').format(fields)}`;
}

const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const DAY = 86_400_000;

/** Day and time as the user's locale writes them: `21 Nov 2026, 10:00`. */
export function fullTime(time: string): string {
  return dayAndTime.format(new Date(time));
}

/** The number of calendar days from now to then, in the user's time zone. */
function daysUntil(then: Date, now: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(then) - midnight(now)) / DAY);
}

/** The distance of a day that is near: `tomorrow`; undefined for any other. */
function nearDay(time: string, now: Date): string | undefined {
  const days = daysUntil(new Date(time), now);
  return Math.abs(days) < 7 ? relative.format(days, 'day') : undefined;
}

/** Day and time in full, with the distance of a day that is near: `21 Nov 2026, 10:00 (tomorrow)`. */
export function timeWithDay(time: string, now = new Date()): string {
  const near = nearDay(time, now);
  return near ? `${fullTime(time)} (${near})` : fullTime(time);
}

/** A day: by its distance (`tomorrow`) where it is near, else by its date. */
export function shortDay(time: string, now = new Date()): string {
  const then = new Date(time);
  const near = nearDay(time, now);
  if (near) return near;
  return (then.getFullYear() === now.getFullYear() ? day : dayOfYear).format(then);
}

/** The rough time since then: `just now`, `5 minutes ago`, `yesterday`, a date. */
export function ago(time: string, now = new Date()): string {
  const minutes = Math.round((Date.parse(time) - now.getTime()) / 60_000);
  if (minutes > -1) return 'just now';
  if (minutes > -60) return relative.format(minutes, 'minute');
  if (minutes > -24 * 60 && daysUntil(new Date(time), now) === 0) return relative.format(Math.round(minutes / 60), 'hour');
  return shortDay(time, now);
}

/** An instant as an `<input type="datetime-local">` has it, in the user's time zone; empty for none. */
export function toInput(time: string | null): string {
  if (!time) return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The text of such an input as an instant in UTC; null for empty text. */
export function fromInput(text: string): string | null {
  return text ? new Date(text).toISOString() : null;
}

/** The size of a file: `14 kB`, `2.8 MB`. */
export function bytesInWords(bytes: number): string {
  const [unit, by] = bytes < 1e6 ? (['kilobyte', 1e3] as const) : bytes < 1e9 ? (['megabyte', 1e6] as const) : (['gigabyte', 1e9] as const);
  const maximumFractionDigits = unit === 'kilobyte' ? 0 : 1;
  return new Intl.NumberFormat('en', { style: 'unit', unit, maximumFractionDigits }).format(Math.max(bytes / by, bytes > 0 ? 0.6 : 0));
}

/** The part of the most characters from which on the room that is left is told. */
const TOLD_FROM = 0.9;

/** How much room a text leaves of the most characters that are taken, or how much is too much; empty while there is plenty. `text`: as the server counts it. */
export function roomInWords(text: string, most: number): string {
  const length = characters(text);
  if (length <= most * TOLD_FROM) return '';
  const of = `${length} of ${most} characters`;
  return length > most ? `${of}: ${length - most} too many. Shorten it; nothing was cut.` : `${of}.`;
}
