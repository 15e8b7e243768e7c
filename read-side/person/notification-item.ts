/** A notification as the one whom it is for gets it back. */
import { known } from '../../contracts/catalog.ts';
import type { Content, NotificationEvent } from '../../contracts/notification.ts';
import { kinds } from '../../contracts/notifications/kinds.ts';
import type { ExportItem } from '../../contracts/person-export.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { NotificationDocument } from '../../projections/projectors/notifications.ts';

/** The item of a notification. Its own words, where it has some, are read from its stream: read models have those of the inbox alone. */
export async function notificationItem(
  store: Pick<EventStore, 'readStream'>,
  id: string,
  document: NotificationDocument,
): Promise<ExportItem<'notifications'>> {
  const { channel, kind, status, about, read, attempts, lastError, createdAt, updatedAt } = document;
  const content = document.content ?? (kind === 'message' ? await contentOf(store, id) : null);
  const { title, text } = kinds[kind].inbox;
  const words = content ? { subject: content.subject ?? null, text: content.text } : { subject: title, text };
  return { id, channel, kind, status, about: about.stream, ...words, read, attempts, lastError, createdAt, updatedAt };
}

async function contentOf(store: Pick<EventStore, 'readStream'>, id: string): Promise<Content | null> {
  for await (const [first] of store.readStream(`notification-${id}`, { limit: 1 })) {
    const event = first && (known(first) as unknown as NotificationEvent);
    if (event?.type === 'NotificationRequested') return event.data.content ?? null;
  }
  return null;
}
