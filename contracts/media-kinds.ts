/** The kinds of things that have files: who may read and add, and who hears of them. */
import type { Actor } from './aggregate.ts';
import { assetTopics, rolesAtAsset } from './asset.ts';
import { orderTopics } from './order.ts';
import type { SiteRole } from './post.ts';
import { maySeeRepair, type RepairParties, repairTopics, rolesAtRepair } from './repair-state.ts';
import { mayChangeTask, mayReadTask, type TaskParties, taskTopics } from './task.ts';

/** The state of a thing that has files: the part that every decider's state has. */
export interface FiledThing {
  exists: boolean;
  deleted?: boolean;
}

/** A kind of thing that has files: in which streams it lives, who may read its files and add to them, and who hears of them. */
export interface HasFiles<State extends FiledThing> {
  /** The category of the stream whose state decides. */
  category: string;
  /** True where somebody may read the files. Never asked of a thing that is not there. `id`: the thing's, as the stream is named. */
  mayRead(actor: Actor, state: State, id: string): boolean;
  /** True where somebody may add files. `part`: the id of the part, where the kind is of parts that have no stream of their own. */
  mayAttach(actor: Actor, state: State, id: string, part: string): boolean;
  /** True where somebody may take away files that others added: who may change the thing. */
  mayTakeAway(actor: Actor, state: State, id: string, part: string): boolean;
  /** True where the thing of the state has this part, where the kind is of parts that have no stream of their own. */
  holds?(state: State, part: string): boolean;
  /** The live topics of its files. */
  topics(stream: string, state: State): string[];
  /** What the id of such a thing means, in an upload, and in a question for the files of several. */
  uploadedFor: string;
  listed: string;
}

/** A kind with the state that its rules are asked with. */
function hasFiles<State extends FiledThing>(it: HasFiles<State>): HasFiles<State> {
  return it;
}

const ofTask = {
  category: 'task',
  mayRead: mayReadTask,
  mayAttach: mayReadTask,
  mayTakeAway: mayChangeTask,
  topics: (stream: string, parties: TaskParties) => taskTopics(stream, null, parties),
};

const isMaker = ({ id, role }: Actor, { maker }: { maker: string }): boolean => role === 'admin' || id === maker;
/** A task with who wrote each of its comments, by their ids. Read models have that elsewhere, and are never asked who may add files. */
type Commented = FiledThing & TaskParties & { commented?: Readonly<Record<string, string>> };

const wrote = ({ id }: Actor, { commented = {} }: Commented, comment: string): boolean =>
  Object.hasOwn(commented, comment) && commented[comment] === id;
const works = (actor: Actor, repair: RepairParties, ...roles: readonly SiteRole[]): boolean =>
  rolesAtRepair(actor, repair).some((role) => roles.includes(role));
const isSelf = (actor: Actor, _: FiledThing, id: string): boolean => actor.role === 'admin' || actor.id === id;

/**
 * The kinds by their names, which are storage formats. A further kind is one line: routes, rights, lists and pushes are made from it. Where its category
 * has several read models, the first has what its rules ask of a state.
 */
export const filesOf = {
  task: hasFiles<FiledThing & TaskParties>({
    ...ofTask,
    uploadedFor: 'The id of the task that it is for.',
    listed: 'Files on these tasks, and on their comments: `of` says on which.',
  }),
  /** A comment has no stream of its own: the task's decides. */
  comment: hasFiles<Commented>({
    ...ofTask,
    holds: ({ commented = {} }, comment) => Object.hasOwn(commented, comment),
    mayAttach: (actor, task, _, comment) => mayReadTask(actor, task) && (actor.role === 'admin' || wrote(actor, task, comment)),
    mayTakeAway: (actor, task, _, comment) => mayChangeTask(actor, task) || (mayReadTask(actor, task) && wrote(actor, task, comment)),
    uploadedFor: 'The id of the comment that it is for. Where it is new, send its Position as Read-After.',
    listed: 'Files on these comments.',
  }),
  order: hasFiles<FiledThing & { maker: string }>({
    category: 'order',
    mayRead: isMaker,
    mayAttach: isMaker,
    mayTakeAway: isMaker,
    topics: (_stream, { maker }) => orderTopics(maker),
    uploadedFor: 'The id of the order that it is for.',
    listed: 'Files on these orders.',
  }),
  asset: hasFiles<FiledThing & { site: string }>({
    category: 'asset',
    mayRead: (actor, { site }) => rolesAtAsset(actor, site).length > 0,
    mayAttach: (actor, { site }) => rolesAtAsset(actor, site).some((role) => role === 'staff' || role === 'maintenance'),
    mayTakeAway: (actor, { site }) => rolesAtAsset(actor, site).includes('staff'),
    topics: (_stream, { site }) => assetTopics(site),
    uploadedFor: 'The id of the asset that it is for.',
    listed: 'Files on these assets.',
  }),
  /** Who filed a request shows what is broken. */
  repair: hasFiles<FiledThing & RepairParties>({
    category: 'repair',
    mayRead: maySeeRepair,
    mayAttach: (actor, repair) => actor.id === repair.requester || works(actor, repair, 'staff', 'maintenance'),
    mayTakeAway: (actor, repair) => works(actor, repair, 'staff'),
    topics: (_stream, repair) => repairTopics(repair),
    uploadedFor: 'The id of the repair request that it is for.',
    listed: 'Files on these repair requests.',
  }),
  /** The newest is the user's avatar; everybody who is logged in sees it. */
  user: hasFiles<FiledThing>({
    category: 'user',
    mayRead: () => true,
    mayAttach: isSelf,
    mayTakeAway: isSelf,
    topics: (stream) => [stream.replace('-', ':'), 'profiles'],
    uploadedFor: 'The id of the user whose picture it is.',
    listed: 'Files on these profiles; the newest picture is the avatar.',
  }),
};
