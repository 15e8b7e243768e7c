/**
 * Erasing a person: the steps, where an erasure stands, and the certificate of one that is done. The names of the steps are a storage format.
 */
import { z } from 'zod';
import { id, instant } from './fields.ts';

/**
 * The steps, in the order of a certificate, each with what it destroys. `before`: while the person's texts can still be read; `keys`: from then on they
 * cannot; `after`: once no process can have a key, or a state that was made with one; `last`: once the read models were made anew, too.
 */
export const ERASURE_STEPS = {
  access: { when: 'before', what: 'sessions, password, codes, second factor, ways to sign in' },
  texts: { when: 'before', what: 'texts of the person are gathered, to be looked for in the outbox; they go with the step `outbox`' },
  keys: { when: 'keys', what: 'the keys of the person, and of each address and number that was theirs' },
  'read-models': { when: 'after', what: 'documents and search words: every read model was made anew' },
  snapshots: { when: 'after', what: 'the key of kept states of streams, and of what else keeps clear text beside the log' },
  caches: { when: 'last', what: 'answers of queries' },
  files: { when: 'after', what: 'files that the person uploaded, with all sizes, and the picture of the profile' },
  outbox: { when: 'after', what: 'mails and SMS to the person, and texts of theirs in those to others' },
  audit: { when: 'after', what: 'networks in entries of the audit log; the fact, the time and the id stay' },
} as const;
export type ErasureStepName = keyof typeof ERASURE_STEPS;
export const ERASURE_STEP_NAMES = Object.keys(ERASURE_STEPS) as ErasureStepName[];
const stepName = z.enum(ERASURE_STEP_NAMES as [ErasureStepName, ...ErasureStepName[]]);

/** What no certificate can know. */
export const NOT_KNOWN = [
  'copies that other services made of events and of answers',
  'mails and SMS that were delivered, and what their carriers keep',
  'backups: whoever restores one of the secrets has the keys destroyed again at the next start, and texts in backups made by earlier releases are clear',
  'older versions of files in a bucket that keeps versions, and replicas that a tool keeps of the embedded files',
  'what others wrote about the person in their own words',
  'logs of processes and proxies, which have ids and networks',
  'what a disk keeps of overwritten blocks, as flash memory and snapshots of volumes do',
] as const;

/** What a certificate lists, and no check can look for: whoever looked would need the texts, which nobody can read any more. */
export const NOT_LOOKED_FOR = [
  'words of the person in read models other than those of users and files: they were made anew of a log in which the person reads as erased',
  'answers in the cache: they were dropped after that, and those since are made of the new read models',
  'mails and SMS in an outbox: they were searched for the texts before those were destroyed',
] as const;

/** What the check of a process does not see, and the command of an operator does. */
export const FILES_NOT_SEEN = 'bytes in the store of files: npm start -- verify-erasure looks at them, a process does not';

const doneStep = z.strictObject({
  step: stepName,
  what: z.string(),
  where: z.string().meta({ description: 'The kind of store, as `sqlite` or `mongodb`.' }),
  count: z.int().nonnegative().meta({ description: 'What was found there. A step that a kill has repeated counts what was left.' }),
  at: instant,
});
export type DoneStep = z.infer<typeof doneStep>;

/** The certificate: signed with Ed25519 over the canonical JSON (RFC 8785) of all other members. */
export const erasureCertificate = z.strictObject({
  type: z.literal('taskledger-erasure-1'),
  installation: z.string().meta({ description: 'The id of the installation, or of its certificate key.' }),
  person: id,
  requestedBy: z.string().meta({ description: 'The id of who asked for it.' }),
  requestedAt: instant,
  steps: z.array(doneStep),
  notKnown: z.array(z.string()).meta({ description: 'What the installation cannot know.' }),
  certifiedAt: instant,
  publicKey: z.string().meta({ description: 'SPKI, base64url.' }),
  signature: z.string().meta({ description: 'base64url.' }),
});
export type ErasureCertificate = z.infer<typeof erasureCertificate>;

/** Where an erasure stands that is not done yet. */
export const erasureStatus = z.strictObject({
  status: z.literal('under_way'),
  person: id,
  requestedAt: instant,
  steps: z.array(
    z.strictObject({
      step: stepName,
      at: instant.nullable().meta({ description: 'When it was done; null where it is not.' }),
      waitsFor: z.string().nullable().meta({ description: 'What it waits for; null where nothing is known to be in its way.' }),
    }),
  ),
});
export type ErasureStatus = z.infer<typeof erasureStatus>;

/** What a check of a certificate against the stores found. */
export const erasureCheck = z.strictObject({
  lines: z.array(
    z.strictObject({
      what: z.string().meta({ description: 'What was looked at.' }),
      ok: z.boolean(),
      found: z.string().meta({ description: 'What was found there, in words.' }),
    }),
  ),
  notKnown: z.array(z.string()).meta({ description: 'What the installation cannot know.' }),
  files: z
    .array(id)
    .optional()
    .meta({ description: 'The ids of all files that the person ever had, as the log has them; missing where the certificate is none.' }),
});
export type ErasureCheck = z.infer<typeof erasureCheck>;
