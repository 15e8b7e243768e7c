/** The live topics and their names on the wire: those that the contracts declare, and `role:<role>`, which belongs to no aggregate. */
import type { TopicContract, TopicOfOne } from './aggregate.ts';
import { type Category, catalog } from './catalog.ts';
import { role } from './role.ts';

const roleTopic: TopicOfOne = {
  of: 'one',
  tells: 'what concerns a role; `role:admin` hears of all users',
  followers: 'who has the role, admins',
  mayFollow: (caller, name) => caller.role === name,
  name: { placeholder: '<role>', schema: role },
};

/** A topic with the category whose contract declares it; null where none does. */
export interface DeclaredTopic {
  contract: TopicContract;
  category: Category | null;
}

/** Every topic by its name without the colon and what follows it, as `task`. */
export const TOPICS: ReadonlyMap<string, DeclaredTopic> = new Map<string, DeclaredTopic>([
  ...catalog.flatMap(({ category, topics }) => Object.entries(topics).map(([name, contract]) => [name, { contract, category }] as const)),
  ['role', { contract: roleTopic, category: null }],
]);

/** A topic as a client names it, taken apart. */
export interface NamedTopic extends DeclaredTopic {
  /** The text after the colon, as it stands; empty where the topic has no colon. */
  id: string;
}

/** The topic that a text names; undefined where there is none. The form of the id is not checked. */
export function topicNamed(text: string): NamedTopic | undefined {
  const [name = '', ...rest] = text.split(':');
  const declared = TOPICS.get(name);
  if (!declared || rest.length !== partsOf(declared.contract)) return undefined;
  return { ...declared, id: rest.join(':') };
}

/** The number of parts after the topic's name: an id, a name, or both, as in `site:<id>:<role>`. */
function partsOf(contract: TopicContract): number {
  if (contract.of !== 'one') return 0;
  return contract.name?.placeholder.split(':').length ?? 1;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True for the text of a declared topic, with an id in lower case (or the topic's other name) where it has one. */
export function isTopic(text: string): boolean {
  const named = topicNamed(text);
  if (named?.contract.of !== 'one') return named !== undefined;
  const { name } = named.contract;
  return name ? name.schema.safeParse(named.id).success : ID.test(named.id);
}

/** A topic's pattern in documents, as `task:<id>`. */
export function writtenTopic(name: string, contract: TopicContract): string {
  return contract.of === 'one' ? `${name}:${contract.name?.placeholder ?? '<id>'}` : name;
}

const written = [...TOPICS]
  .map(([name, { contract }]) => writtenTopic(name, contract))
  .sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));

/** All topics in words, as `tasks, notifications, user:<id>, task:<id> or role:<role>`. */
export const ALL_TOPICS = `${written.slice(0, -1).join(', ')} or ${written.at(-1)}`;

/** The room of a topic for this caller: `notifications` → `notifications:<user id>`, others as they are. Events name rooms as their topics. */
export function roomOf(topic: string, caller: { id: string }): string {
  return TOPICS.get(topic)?.contract.of === 'caller' ? `${topic}:${caller.id}` : topic;
}

/** The name that clients know a room by. */
export function topicOf(room: string): string {
  const colon = room.indexOf(':');
  const name = colon < 0 ? room : room.slice(0, colon);
  return TOPICS.get(name)?.contract.of === 'caller' ? name : room;
}
