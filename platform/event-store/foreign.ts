/** What happens to events that are not ours: they are counted, and each category is said once, up to a bound, however many there are. */
import { categoryOf, type RecordedEvent } from '../../contracts/message.ts';
import { type ForeignReason, foreignReason } from '../../contracts/ours.ts';

/** Hears of foreign events. Both functions answer false, as a filter wants it. */
export interface Foreign {
  /** An event that a read passes, and perhaps passes again and again. */
  met(event: RecordedEvent): false;
  /** An event that the subscription passes, which meets each once. */
  counted(event: RecordedEvent): false;
}

export interface ForeignOptions {
  log?: { warn?(data: object, message: string): void };
  count?(reason: ForeignReason): void;
}

/** Categories that are said: memory and log stay small in a store with any number of them. */
const MOST = 100;
/** Characters of a foreign name that are said. */
const LENGTH = 100;

/** Opens the account of foreign events of a process. */
export function openForeign({ log, count = () => {} }: ForeignOptions = {}): Foreign {
  const said = new Set<string>();

  function say(event: RecordedEvent, reason: ForeignReason): void {
    if (said.size > MOST) return;
    const category = categoryOf(event.stream).slice(0, LENGTH);
    if (said.has(category)) return;
    said.add(category);
    if (said.size > MOST)
      log?.warn?.({ categories: MOST }, 'the event store has still more categories that are not ours; they are passed and no longer named');
    else
      log?.warn?.(
        { category, reason, stream: event.stream.slice(0, LENGTH), type: event.type.slice(0, LENGTH) },
        'the event store has events that are not ours; they are passed',
      );
  }

  function heard(event: RecordedEvent, report: (reason: ForeignReason) => void): false {
    const reason = foreignReason(event);
    if (!reason) return false;
    report(reason);
    say(event, reason);
    return false;
  }

  return { met: (event) => heard(event, () => {}), counted: (event) => heard(event, count) };
}
