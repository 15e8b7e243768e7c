/** The sources of what the account's own stream, the secrets and the audit log keep of a person. */
import type { AuditEntry } from '../../contracts/audit.ts';
import { byOf, byOrNobody, type ExportItem } from '../../contracts/person-export.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import { type PersonSource, personSource } from '../../platform/person-source.ts';
import { emailValue } from '../../platform/shown-email.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { whereabouts } from '../audit/audit-record.ts';
import type { ApiKeys } from '../identity/api-keys.ts';
import type { Subjects } from '../identity/oidc/subjects.ts';
import { listOfSessions } from '../identity/session-list.ts';
import type { Sessions } from '../identity/sessions.ts';
import type { Users } from '../identity/users.ts';

export interface OwnSourcesOptions {
  store: Pick<EventStore, 'readStream'>;
  commands: Pick<CommandHandler, 'holder'>;
  users: Pick<Users, 'load'>;
  sessions: Pick<Sessions, 'list'>;
  subjects: Pick<Subjects, 'list'>;
  apiKeys: Pick<ApiKeys, 'madeBy'>;
}

/** The sources of the account's history, sessions, sign-ins, API keys and reserved addresses. */
export function ownSources({ store, commands, users, sessions, subjects, apiKeys }: OwnSourcesOptions): readonly PersonSource[] {
  async function* accountOf(person: string): AsyncGenerator<ExportItem<'account'>> {
    for await (const { type, time, metadata, data } of knownEvents(store, `user-${person}`))
      yield { type, time, by: byOf(metadata.actor, person), data };
  }

  async function* reservationsOf(person: string): AsyncGenerator<ExportItem<'reservations'>> {
    const { state } = await users.load(person);
    const wanted = [state.email, state.pending?.email].filter((one) => one !== undefined && one !== '');
    for (const value of new Set(wanted as string[])) if ((await commands.holder(emailValue(value))) === person) yield { kind: 'email', value };
  }

  return [
    personSource({ section: 'account', items: accountOf }),
    personSource({
      section: 'sessions',
      items: (person) => oneByOne(sessions.list(person).then((all) => listOfSessions(all, '').items.map(sessionItem))),
    }),
    personSource({
      section: 'signIns',
      items: (person) => oneByOne(subjects.list(person).then((all) => all.map(({ issuer, since }) => ({ issuer, since })))),
    }),
    personSource({ section: 'apiKeys', items: (person) => oneByOne(apiKeys.madeBy(person)) }),
    personSource({ section: 'reservations', items: reservationsOf }),
  ];
}

async function* oneByOne<T>(all: Promise<readonly T[]>): AsyncGenerator<T> {
  yield* await all;
}

function sessionItem({ current: _, ...session }: ReturnType<typeof listOfSessions>['items'][number]): ExportItem<'sessions'> {
  return session;
}

/** Entries of the audit log that are read at once. */
const ENTRIES = 200;

/** The source of the entries of the audit log of what the person did, or what was done to the account; of others' networks and ids, nothing. */
export function auditSource(audit: Pick<AuditLog, 'flush' | 'page'>): PersonSource {
  async function* entriesOf(person: string): AsyncGenerator<ExportItem<'audit'>> {
    await audit.flush();
    let page = await audit.page({ user: person, limit: ENTRIES });
    yield* page.items.map((entry) => auditItem(entry, person));
    while (page.more) {
      page = await audit.page({ user: person, limit: ENTRIES, after: page.items.at(-1) });
      yield* page.items.map((entry) => auditItem(entry, person));
    }
  }
  return personSource({ section: 'audit', items: entriesOf });
}

/** A login has nobody who asked: where it was done, it was the person’s. One that was refused may have been anybody’s. */
function auditItem(whole: AuditEntry, person: string): ExportItem<'audit'> {
  const { user, about, network, ...entry } = whole;
  const isTheirs = whereabouts(whole) === person && (user !== null || entry.outcome === 'done');
  return { ...entry, by: byOrNobody(user, person), about: byOrNobody(about, person), network: isTheirs ? network : null };
}
