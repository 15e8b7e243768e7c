/**
 * Where something of a person is kept, and where in their document it is given back; or why it is not. A new kind of secret does not compile without a
 * line here; a new aggregate and a new read model fail a test.
 */
import type { ExportSection } from '../contracts/person-export.ts';
import type { SecretKind } from '../gateway/identity/secrets/secrets.ts';

/** The sections in which it is given, or the reason why it is not. `profile` is the head of the document. */
export type GivenBack = { in: readonly (ExportSection | 'profile')[] } | { not: string };

const NOTHING = { not: 'holds nothing of a person' } as const;

/** The streams, by category. */
export const OF_STREAMS: Readonly<Record<string, GivenBack>> = {
  user: { in: ['profile', 'account', 'reservations'] },
  session: { not: 'has the end of a session by its id, which is in no list any more; who ended it and when is in the audit log' },
  task: { in: ['tasks', 'comments'] },
  notification: { in: ['notifications'] },
  order: { in: ['orders'] },
  timer: { not: 'has the deadlines of tasks, which are given with them' },
  media: { in: ['files'] },
  invitation: { in: ['invitations'] },
  site: { in: ['residencies'] },
  asset: { in: ['downtimes'] },
  repair: { in: ['repairs', 'repairWords'] },
  visit: { in: ['visits'] },
  blocklist: { not: 'has who is not let in, by name: nobody with an account' },
  complaint: { in: ['complaints', 'complaintWords'] },
};

/** The read models, by name. */
export const OF_READ_MODELS: Readonly<Record<string, GivenBack>> = {
  user_directory: { in: ['profile'] },
  role_holders: { not: 'has the times of roles, which `account` gives by their events' },
  task_list: { in: ['tasks'] },
  task_detail: { in: ['comments'] },
  comments: { in: ['comments'] },
  notifications: { in: ['notifications'] },
  orders: { in: ['orders'] },
  timers: { not: 'has the deadlines of tasks, which are given with them' },
  media: { in: ['files'] },
  invitations: { in: ['invitations'] },
  workers: { not: 'has the role and the posts, which `account` gives by their events' },
  sites: NOTHING,
  places: NOTHING,
  residents: { in: ['residencies'] },
  assets: NOTHING,
  downtimes: { in: ['downtimes'] },
  repairs: { in: ['repairs'] },
  repair_details: { in: ['repairWords'] },
  visits: { in: ['visits'] },
  blocked: { not: 'has who is not let in, by name: nobody with an account' },
  complaints: { in: ['complaints'] },
  complaint_entries: { in: ['complaintWords'] },
};

/** The records of each kind in the secrets. */
export const OF_SECRETS: Readonly<Record<SecretKind, GivenBack>> = {
  credentials: { in: ['profile'] },
  sessions: { in: ['sessions'] },
  codes: { not: 'has hashes of codes, each with an end; what they were asked for is in `account`, and `visits`' },
  keys: NOTHING,
  'api-keys': { in: ['apiKeys'] },
  'second-factors': { in: ['profile'] },
  subjects: { in: ['signIns'] },
  'ways-in': { not: 'has random numbers, by which half-finished logins end with the sessions, and keyed hashes of sign-ins' },
  'sign-ins': { not: 'has sign-ins under way, for ten minutes, by no user' },
  audit: { in: ['audit'] },
  erasures: { not: 'has the texts of who is being erased, until they are: who is asked for by then is a deleted user' },
  erased: { not: 'has the ids of who was erased, who has no account any more' },
  'person-keys': { not: 'has the keys that what is kept of people is sealed with, by their ids; a key that is given away protects nobody' },
};

/** What else there is, in words. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'the outbox of an embedded installation': 'holds links and codes that open accounts; its last thousand mails are for tests and first steps',
  'the bytes of files': 'are fetched one by one, by the address in `files`: a document with all of them would be as long as a disk',
  'caches and queues': 'hold copies, for a short while',
  'the log of a process': 'has ids and networks, and is the operator’s',
  backups: 'hold what the stores held',
  'complaints that were filed anonymously': 'say nowhere who filed them',
  'edits of others’ tasks and repair requests': 'are part of those: no read model finds who changed a word',
  'mails to an address that belongs to no account': 'are found by nobody, since no read model has addresses',
};
