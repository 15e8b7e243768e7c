/** The profile at the head of a person's document. */
import type { ExportProfile } from '../../contracts/person-export.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import type { Credentials } from '../identity/credentials.ts';
import type { SecondFactors } from '../identity/second-factor/second-factors.ts';
import type { Users } from '../identity/users.ts';

export interface ProfileOptions {
  store: Pick<EventStore, 'readStream'>;
  users: Pick<Users, 'load'>;
  credentials: Pick<Credentials, 'version'>;
  secondFactors: Pick<SecondFactors, 'isOn'>;
}

/** Resolves to the profile of a user, also of one who was deleted; null where there never was one. Errors: those of the stores. */
export async function profileOf({ store, users, credentials, secondFactors }: ProfileOptions, id: string): Promise<ExportProfile | null> {
  const { state } = await users.load(id);
  if (!state.exists) return null;
  const [times, password, secondFactor] = await Promise.all([timesIn(store, id), credentials.version(id), secondFactors.isOn(id)]);
  return { ...fieldsOf(id, state), ...times, confirmedAt: state.confirmed ? times.confirmedAt : null, password: password > 0, secondFactor };
}

function fieldsOf(id: string, { name, email, role, confirmed, deleted, pending, phone, pendingPhone, choices }: UserState) {
  return {
    ...{ id, name, email: shownEmail(email), role, confirmed, deleted, phone },
    pendingEmail: pending && shownEmail(pending.email),
    pendingPhone: pendingPhone?.phone ?? null,
    notificationChoices: choices,
  };
}

async function timesIn(store: ProfileOptions['store'], id: string): Promise<{ createdAt: string | null; confirmedAt: string | null }> {
  let createdAt: string | null = null;
  let confirmedAt: string | null = null;
  for await (const { type, time, data } of knownEvents(store, `user-${id}`)) {
    if (type === 'UserCreated') createdAt = time;
    if (type === 'UserConfirmed' || (type === 'EmailChanged' && (data as { by?: unknown }).by === 'mailbox')) confirmedAt = time;
  }
  return { createdAt, confirmedAt };
}
