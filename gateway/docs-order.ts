/** The order of operations on the page of the API: that of a person's day, and not of the parts that answer them. */

/** An operation, by where it stands. */
export interface PlacedOperation {
  path: string;
  method: string;
}

/** Groups, from logging in to what operators look at. One that is not named comes last. */
const GROUPS = [
  'sessions',
  'tasks',
  'notifications',
  'media',
  'users',
  'invitations',
  'orders',
  'sites',
  'assets',
  'repairs',
  'visitors',
  'complaints',
  'admin',
  'health',
];

/** The first words of paths behind `/api/`, in the order in which they stand in a group. */
const RESOURCES = [
  ...['login', 'token', 'sessions', 'logout', 'password-resets', 'confirmations', 'confirmation-mails', 'link-checks', 'oidc', 'session-rules'],
  ...[
    'tasks',
    'dashboard',
    'inbox',
    'notifications',
    'media',
    'users',
    'me',
    'email-changes',
    'unsubscribe',
    'invitations',
    'orders',
    'sites',
    'assets',
    'repairs',
    'visitors',
    'complaints',
  ],
];

/** What is made is read, changed and deleted afterwards. */
const METHODS = ['post', 'get', 'patch', 'put', 'delete'];

/** The groups in their order. */
export function groupsInOrder<Group extends { name: string }>(groups: readonly Group[]): Group[] {
  return [...groups].sort((one, other) => rank(GROUPS, one.name) - rank(GROUPS, other.name));
}

/** The operations of a group in their order: a resource after the other, each from the whole to its parts. */
export function operationsInOrder<Operation extends PlacedOperation>(operations: readonly Operation[]): Operation[] {
  const keyed = operations.map((operation) => ({ operation, key: keyOf(operation) }));
  return keyed.sort((one, other) => compare(one.key, other.key)).map(({ operation }) => operation);
}

type Key = readonly [resource: number, path: string, method: number];

function keyOf({ path, method }: PlacedOperation): Key {
  const [resource = ''] = path.replace(/^\/(api\/)?/, '').split('/');
  // A path sorts before those below it.
  return [rank(RESOURCES, resource), path, rank(METHODS, method)];
}

function compare(one: Key, other: Key): number {
  const at = one.findIndex((part, place) => part !== other[place]);
  if (at < 0) return 0;
  return (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
}

function rank(known: readonly string[], name: string): number {
  const at = known.indexOf(name);
  return at < 0 ? known.length : at;
}
