/** The sources of what read models and streams keep of a person. */
import { byOf, byOrNobody, type ExportItem } from '../../contracts/person-export.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { type PersonSource, personSource } from '../../platform/person-source.ts';
import type { Condition, Document, ReadModels } from '../../platform/read-models/read-models.ts';
import { comments } from '../../projections/projectors/comments.ts';
import { type ComplaintEntryDocument, complaintEntries } from '../../projections/projectors/complaint-entries.ts';
import { type ComplaintDocument, complaints } from '../../projections/projectors/complaints.ts';
import { type DowntimeDocument, downtimes } from '../../projections/projectors/downtimes.ts';
import { type InvitationDocument, invitations } from '../../projections/projectors/invitations.ts';
import { type MediaDocument, mediaFiles, subjectName } from '../../projections/projectors/media.ts';
import { notifications } from '../../projections/projectors/notifications.ts';
import { type OrderDocument, orders } from '../../projections/projectors/orders.ts';
import { repairDetails } from '../../projections/projectors/repair-details.ts';
import { repairs } from '../../projections/projectors/repairs.ts';
import { type ResidentDocument, residents } from '../../projections/projectors/residents.ts';
import { taskDetail } from '../../projections/projectors/task-detail.ts';
import { type TaskListDocument, taskList } from '../../projections/projectors/task-list.ts';
import { type VisitDocument, visits } from '../../projections/projectors/visits.ts';
import { personalOfOrder } from '../queries/orders.ts';
import { documentsWhere, documentsWith, type FoundDocument, wholeIn } from './documents.ts';
import { notificationItem } from './notification-item.ts';
import { repairItem, wordsToRepairs } from './repairs.ts';

export interface PersonReading {
  store: EventStore;
  readModels: ReadModels;
}

/** Streams that are read at once. */
const AT_ONCE = 10;

const is = (field: string, value: string): Condition => ({ field, op: 'eq', value });

/** The sources of all that read models have of a person: tasks, comments, notifications, orders, files, invitations, and what is theirs at sites. */
export function readSources({ store, readModels }: PersonReading): readonly PersonSource[] {
  const whole = wholeIn(readModels);
  return [
    personSource({
      section: 'tasks',
      expectWhole: whole(taskList),
      items: (person) => made(documentsWhere(readModels, taskList, [is('members', person)]), async (one) => taskItem(one, person)),
    }),
    personSource({ section: 'comments', expectWhole: whole(comments, taskDetail), items: (person) => commentsOf(readModels, person) }),
    personSource({
      section: 'notifications',
      expectWhole: whole(notifications),
      items: (person) =>
        made(documentsWhere(readModels, notifications, [is('recipientId', person)]), ({ id, document }) => notificationItem(store, id, document)),
    }),
    personSource({
      section: 'orders',
      expectWhole: whole(orders),
      items: (person) => made(documentsWhere(readModels, orders, [is('maker', person)]), (one) => orderItem(store, one)),
    }),
    personSource({ section: 'files', expectWhole: whole(mediaFiles), items: (person) => filesOf(readModels, person) }),
    personSource({ section: 'invitations', expectWhole: whole(invitations), items: (person) => invitationsOf(readModels, person) }),
    personSource({
      section: 'residencies',
      expectWhole: whole(residents),
      items: (person) => made(documentsWhere(readModels, residents, [is('userId', person)]), async (one) => residencyItem(one)),
    }),
    personSource({
      section: 'downtimes',
      expectWhole: whole(downtimes),
      items: (person) => made(documentsWhere(readModels, downtimes, [is('by', person)]), async (one) => downtimeItem(one)),
    }),
    personSource({
      section: 'repairs',
      expectWhole: whole(repairs),
      items: (person) => made(documentsWhere(readModels, repairs, [is('requester', person)]), async (one) => repairItem(one, person)),
    }),
    personSource({ section: 'repairWords', expectWhole: whole(repairDetails), items: (person) => repairWordsOf(readModels, person) }),
    personSource({
      section: 'visits',
      expectWhole: whole(visits),
      items: (person) => made(documentsWhere(readModels, visits, [is('host', person)]), async (one) => visitItem(one)),
    }),
    personSource({
      section: 'complaints',
      expectWhole: whole(complaints),
      items: (person) => made(documentsWhere(readModels, complaints, [is('filedBy', person)]), async (one) => complaintItem(one)),
    }),
    personSource({
      section: 'complaintWords',
      expectWhole: whole(complaintEntries),
      items: (person) => made(documentsWhere(readModels, complaintEntries, [is('author', person)]), async (one) => complaintWordsItem(one)),
    }),
  ];
}

/** What is made of each document of some pages, a few at once, in their order, without what is null. */
async function* made<D extends Document, R>(
  pages: AsyncIterable<FoundDocument<D>[]>,
  make: (one: FoundDocument<D>) => Promise<R | null>,
): AsyncGenerator<R> {
  for await (const page of pages) {
    for (let from = 0; from < page.length; from += AT_ONCE) {
      const items = await Promise.all(page.slice(from, from + AT_ONCE).map(make));
      yield* items.filter((one): one is Awaited<R> & (R & {}) => one !== null);
    }
  }
}

function taskItem({ id, document }: FoundDocument<TaskListDocument>, person: string): ExportItem<'tasks'> {
  const { title, description, status, priority, labels, deadline, createdAt, updatedAt, deleted, maker, assignee } = document;
  const people = { maker: byOf(maker, person), assignee: byOrNobody(assignee, person) };
  return { id, title, description, status, priority, labels, deadline, createdAt, updatedAt, deleted: deleted === 1, ...people };
}

/** The person's comments, task after task: a task that has many is read once for each page of them. */
async function* commentsOf(readModels: ReadModels, person: string): AsyncGenerator<ExportItem<'comments'>> {
  for await (const page of documentsWhere(readModels, comments, [is('author', person)], ['task'])) {
    const byTask = Map.groupBy(page, ({ document }) => document.task);
    for (const [task, said] of byTask) yield* await textsOf(readModels, task, new Set(said.map(({ id }) => id)));
  }
}

async function textsOf(readModels: ReadModels, task: string, ids: ReadonlySet<string>): Promise<ExportItem<'comments'>[]> {
  const [found] = await documentsWith(readModels, taskDetail, [task]);
  const all = found?.document.comments ?? [];
  return all.filter(({ id }) => ids.has(id)).map(({ id, text, time }) => ({ id, task, text, time }));
}

async function orderItem(store: EventStore, { id, document }: FoundDocument<OrderDocument>): Promise<ExportItem<'orders'> | null> {
  const { due: _, within: __, deadAt: ___, maker: ____, revision: _____, ...order } = document;
  const personal = await personalOfOrder(store, id);
  return personal && { id, ...order, ...personal };
}

/** The files that the person uploaded, and those on their profile that others did. */
async function* filesOf(readModels: ReadModels, person: string): AsyncGenerator<ExportItem<'files'>> {
  const item = async (one: FoundDocument<MediaDocument>) => fileItem(one, person);
  yield* made(documentsWhere(readModels, mediaFiles, [is('maker', person)]), item);
  const onProfile = documentsWhere(readModels, mediaFiles, [is('subject', subjectName({ kind: 'user', id: person }))]);
  yield* made(onProfile, async (one) => (one.document.maker === person ? null : fileItem(one, person)));
}

function fileItem({ id, document }: FoundDocument<MediaDocument>, person: string): ExportItem<'files'> {
  const {
    subject: _,
    thing: __,
    due: ___,
    within: ____,
    leased: _____,
    unscanned: ______,
    kept: _______,
    revision: ________,
    maker,
    ...file
  } = document;
  // The bytes of a refused file are gone.
  return { id, ...file, maker: byOf(maker, person), url: document.status === 'refused' ? null : `/api/media/${id}/url` };
}

/** The invitations that the person made, or accepted; of whom the others are for, nothing. */
async function* invitationsOf(readModels: ReadModels, person: string): AsyncGenerator<ExportItem<'invitations'>> {
  const item = async (one: FoundDocument<InvitationDocument>) => invitationItem(one, person);
  yield* made(documentsWhere(readModels, invitations, [is('madeBy', person)]), item);
  yield* made(documentsWhere(readModels, invitations, [is('userId', person)]), async (one) => (one.document.madeBy === person ? null : item(one)));
}

function invitationItem({ id, document }: FoundDocument<InvitationDocument>, person: string): ExportItem<'invitations'> {
  const { role, status, madeAt, until, madeBy, userId } = document;
  return { id, role, status, madeAt, until, maker: byOf(madeBy, person), accepted: byOrNobody(userId, person) };
}

async function* repairWordsOf(readModels: ReadModels, person: string): AsyncGenerator<ExportItem<'repairWords'>> {
  for await (const page of documentsWhere(readModels, repairDetails, [is('authors', person)]))
    yield* page.flatMap((one) => wordsToRepairs(one, person));
}

function residencyItem({ id, document }: FoundDocument<ResidentDocument>): ExportItem<'residencies'> {
  const { site, unit, from, until } = document;
  return { id, site, unit, from, until };
}

function downtimeItem({ id, document }: FoundDocument<DowntimeDocument>): ExportItem<'downtimes'> {
  const { asset, from, until, reason } = document;
  return { id, asset, from, until, reason };
}

/** A visit to the person; of who came, nothing. */
function visitItem({ id, document }: FoundDocument<VisitDocument>): ExportItem<'visits'> {
  const { site, unit, people, status, from, until } = document;
  return { id, site, unit, people, status, from, until };
}

function complaintItem({ id, document }: FoundDocument<ComplaintDocument>): ExportItem<'complaints'> {
  const { seen: _, words: __, filedBy: ___, revision: ____, escalated, ...complaint } = document;
  return { id, ...complaint, escalated: escalated === 1 };
}

function complaintWordsItem({ document }: FoundDocument<ComplaintEntryDocument>): ExportItem<'complaintWords'> | null {
  const { complaint, kind, text = '', time } = document;
  return kind === 'reply' || kind === 'note' ? { complaint, kind, text, time } : null;
}
