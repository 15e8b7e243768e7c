/** The things that the items of an inbox are about, as their reader may see them now: a title and a link. */
import { idOf } from '../../contracts/message.ts';
import { type AboutCategory, kinds } from '../../contracts/notifications/kinds.ts';
import { taskPath } from '../../contracts/notifications/task.ts';
import type { RouteRequest } from '../../platform/http/route.ts';
import { type AssetDocument, assets } from '../../projections/projectors/assets.ts';
import type { NotificationDocument } from '../../projections/projectors/notifications.ts';
import { type TaskListDocument, taskList } from '../../projections/projectors/task-list.ts';
import { type VisitDocument, visits } from '../../projections/projectors/visits.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { isAtDesk, rolesOfCaller } from './site-rights.ts';
import { mayRead } from './task-stream.ts';

/** The thing that a notification is about. */
export interface InboxSubject {
  title: string;
  /** The path on the pages, as `/#task=<id>`; missing where there is no page of it. */
  link?: string;
  /** True where the reader has to do the thing. */
  own: boolean;
}

/** Looks up things of one category; resolves, by stream, to those that exist and that the caller may see. */
type Lookup = (context: QueryContext, request: RouteRequest, streams: readonly string[]) => Promise<ReadonlyMap<string, InboxSubject>>;

/** The lookups by category. Things of a category without one have the title of their kind's words, and no page. */
const LOOKUPS: Readonly<Partial<Record<AboutCategory, Lookup>>> = {
  task: tasks,
  asset: assetsAtWork,
  visit: visitors,
};

/** Resolves to the things that these notifications are about, by stream. Errors: those of `reading`. */
export async function subjectsOf(
  context: QueryContext,
  request: RouteRequest,
  page: readonly NotificationDocument[],
): Promise<ReadonlyMap<string, InboxSubject>> {
  const found = Object.entries(LOOKUPS).map(async ([category, lookup]) => {
    const streams = page.filter(({ kind }) => kinds[kind].about === category).map(({ about }) => about.stream);
    return streams.length > 0 ? [...(await lookup(context, request, [...new Set(streams)]))] : [];
  });
  return new Map((await Promise.all(found)).flat());
}

async function tasks(context: QueryContext, request: RouteRequest, streams: readonly string[]): Promise<ReadonlyMap<string, InboxSubject>> {
  const caller = callerOf(request);
  const { result } = await reading(context, taskList, request, ({ state }) =>
    context.readModels.get(taskList.model, state.generation, streams.map(idOf)),
  );
  return new Map(
    result.flatMap(({ id, document }) => {
      const task = document as TaskListDocument | null;
      if (!task || task.deleted || !mayRead(caller, task)) return [];
      return [[`task-${id}`, { title: task.title, link: taskPath(id), own: task.assignee === caller.id }]];
    }),
  );
}

/** Assets of sites where the caller works. */
async function assetsAtWork(context: QueryContext, request: RouteRequest, streams: readonly string[]): Promise<ReadonlyMap<string, InboxSubject>> {
  const caller = callerOf(request);
  const { result } = await reading(context, assets, request, ({ state }) =>
    context.readModels.get(assets.model, state.generation, streams.map(idOf)),
  );
  return new Map(
    result.flatMap(({ id, document }) => {
      const asset = document as AssetDocument | null;
      if (!asset || rolesOfCaller(caller, asset.site).length === 0) return [];
      return [[`asset-${id}`, { title: asset.name, own: false }]];
    }),
  );
}

/** Visits to the caller, and those of sites at whose desk they are. */
async function visitors(context: QueryContext, request: RouteRequest, streams: readonly string[]): Promise<ReadonlyMap<string, InboxSubject>> {
  const caller = callerOf(request);
  const { result } = await reading(context, visits, request, ({ many }) => many(streams.map(idOf)));
  return new Map(
    result.flatMap(({ id, document }) => {
      const visit = document as VisitDocument | null;
      if (!visit || (visit.host !== caller.id && !isAtDesk(caller, visit.site))) return [];
      return [[`visit-${id}`, { title: visit.name, link: '/', own: visit.host === caller.id }]];
    }),
  );
}
