/** Checks a certificate of an erasure: its signature, and in the stores of this process what it says. */
import {
  ERASURE_STEP_NAMES,
  type ErasureCertificate,
  type ErasureCheck,
  FILES_NOT_SEEN,
  NOT_KNOWN,
  NOT_LOOKED_FOR,
} from '../../contracts/erasure.ts';
import { leftInAudit } from '../../gateway/audit/erase-from-audit.ts';
import { certificateIn, certificateKeyOf } from '../../gateway/erasing/certificate.ts';
import { keysWithoutNote } from '../../gateway/identity/person-keys/erasure-notes.ts';
import type { Secrets } from '../../gateway/identity/secrets/secrets.ts';
import { canonicalJson } from '../../platform/erasing/canonical.ts';
import { type ErasureState, openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { personTexts } from '../../platform/erasing/person-texts.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Find, ReadModels } from '../../platform/read-models/read-models.ts';
import { SNAPSHOTS, searchedTextsReference, userReference } from '../../platform/sealing/person-reference.ts';
import { mediaFiles } from '../../projections/projectors/media.ts';
import { userDirectory } from '../../projections/projectors/user-directory.ts';
import { filesInEvents } from './files-of.ts';
import { accessLeft } from './from-secrets.ts';

export interface CheckPorts {
  store: EventStore;
  secrets: Secrets;
  readModels: ReadModels;
}

type Line = ErasureCheck['lines'][number];
/** What is said of a person in a certificate, and the references of their keys, as the log has them. */
type Sought = Pick<ErasureCertificate, 'person' | 'requestedAt'> & { keys: readonly string[] };
/** The number of things that are left somewhere, and what they are called. */
type Look = readonly [what: string, look: (of: Sought) => Promise<number>, left: string];

/** Makes the check. Its errors are those of the stores. */
export function erasureCheckOn(ports: CheckPorts): (document: unknown) => Promise<ErasureCheck> {
  const { secrets, store } = ports;
  const records = openErasureRecords(store);

  async function ofCertificate(certificate: ErasureCertificate, state: ErasureState | null): Promise<Line[]> {
    const own = (await certificateKeyOf(secrets)) === certificate.publicKey;
    const kept = state?.certificate;
    const isKept = kept !== null && kept !== undefined && canonicalJson(kept) === canonicalJson(certificate);
    const lacking = ERASURE_STEP_NAMES.filter((name) => !certificate.steps.some(({ step }) => step === name));
    return [
      line('the key of the signature', own, own ? 'it is the one of this installation' : 'it is another one than that of this installation'),
      line('the record of the erasure', isKept, isKept ? 'it has the same certificate' : 'it has no such certificate'),
      line('the steps', lacking.length === 0, lacking.length === 0 ? 'all are there' : `missing: ${lacking.join(', ')}`),
    ];
  }

  return async (document) => {
    const certificate = certificateIn(document);
    if (typeof certificate === 'string') return { lines: [line('the certificate', false, certificate)], notKnown: [...NOT_KNOWN] };
    const state = await records.read(certificate.person);
    const lines = [line('the certificate', true, 'its signature fits'), ...(await ofCertificate(certificate, state))];
    const { person, requestedAt } = certificate;
    for (const [what, look, left] of looksAt(ports))
      lines.push(lineOfCount(what, await look({ person, requestedAt, keys: state?.keys ?? [] }), left));
    const files = await filesInEvents(store, certificate.person);
    lines.push(lineOfCount('the log: files', [...files.values()].filter((isOver) => !isOver).length, 'files are not deleted'));
    return { lines, notKnown: [...NOT_KNOWN, ...NOT_LOOKED_FOR, FILES_NOT_SEEN], files: [...files.keys()] };
  };
}

/** The line of what is looked for and must not be there; `left` says what a number of them is called. */
export function lineOfCount(what: string, count: number, left: string): Line {
  return line(what, count === 0, count === 0 ? 'nothing is left' : `${count} ${left}`);
}

function line(what: string, ok: boolean, found: string): Line {
  return { what, ok, found };
}

/** What is looked at in the stores. */
function looksAt({ store, secrets, readModels }: CheckPorts): Look[] {
  return [
    ['the log: the erasure', async ({ person }) => Number(!(await isErasedIn(store, person))), 'event is missing that says so'],
    ['the log: texts', async ({ person }) => (await personTexts(store, person)).texts.length, 'texts can be read'],
    ['the secrets: the key', async ({ person }) => keysLeft(secrets, person), 'keys are there'],
    ['the secrets: keys of addresses and numbers', (of) => addressKeysLeft(secrets, of), 'are not destroyed'],
    [
      'the secrets: the key of kept states',
      async (of) => (await withoutNote(secrets, of)).filter((key) => key === SNAPSHOTS).length,
      'was not renewed',
    ],
    ['the secrets: the key of texts to look for', ({ person }) => textsKeyLeft(secrets, person), 'is there'],
    ['the secrets: access', ({ person }) => accessLeft(secrets, person), 'records are there'],
    ['the secrets: texts to look for', async ({ person }) => (await secrets.list('erasures', person)).length, 'records are there'],
    ['the audit log', ({ person }) => leftInAudit(secrets, person), 'entries tell a network'],
    ['the read models: the user', ({ person }) => usersLeft(readModels, person), 'documents are there'],
    ['the read models: files', ({ person }) => filesLeft(readModels, person), 'files are not deleted'],
  ];
}

async function isErasedIn(store: Pick<EventStore, 'readStream'>, person: string): Promise<boolean> {
  for await (const page of store.readStream(`user-${person}`)) if (page.some(({ type }) => type === 'UserErased')) return true;
  return false;
}

async function keysLeft(secrets: Pick<Secrets, 'list'>, person: string): Promise<number> {
  const records = await secrets.list<{ live?: unknown }>('person-keys', person);
  const tombstones = records.filter(({ key, value }) => key === userReference(person) && value.live === undefined);
  // Without its note of the destruction, the key could be made anew.
  return records.length - tombstones.length + (tombstones.length === 0 ? 1 : 0);
}

/** The keys of an erasure that lack its note: an address may have another key by now, of whoever has it since. */
function withoutNote(secrets: Pick<Secrets, 'some'>, { person, requestedAt: at, keys }: Sought): Promise<string[]> {
  return keysWithoutNote(secrets, { person, at, keys });
}

async function addressKeysLeft(secrets: Pick<Secrets, 'some'>, of: Sought): Promise<number> {
  return (await withoutNote(secrets, of)).filter((key) => key !== SNAPSHOTS && key !== userReference(of.person)).length;
}

async function textsKeyLeft(secrets: Pick<Secrets, 'get'>, person: string): Promise<number> {
  const record = await secrets.get<{ live?: unknown }>('person-keys', searchedTextsReference(person));
  return record?.value.live === undefined ? 0 : 1;
}

async function usersLeft(readModels: ReadModels, person: string): Promise<number> {
  const state = await readModels.state(userDirectory.model);
  const found = state ? await readModels.get(userDirectory.model, state.generation, [person]) : [];
  return found.filter(({ document }) => document !== null).length;
}

async function filesLeft(readModels: ReadModels, person: string): Promise<number> {
  const state = await readModels.state(mediaFiles.model);
  if (!state) return 0;
  const page: Find = { where: [{ field: 'maker', op: 'eq', value: person }], sort: [], limit: 1_000 };
  const found = await readModels.find(mediaFiles.model, state.generation, page);
  return found.filter(({ document }) => document?.status !== 'deleted' && document?.status !== 'refused').length;
}
