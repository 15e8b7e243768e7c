/** How keys, boxes and records of erasing name a person: a text that says who it is to us, and to nobody else. */

import { mailboxOf } from '../../contracts/email.ts';
import { isUuid } from '../../contracts/fields.ts';

const [USER, ADDRESS, ACTOR, VISIT, BLOCKED, INSTALLATION] = ['user:', 'address:', 'actor:', 'visit:', 'blocked:', 'installation:'] as const;

/** The reference under which snapshots are sealed: their key is the installation's, and each erasure renews it. */
export const SNAPSHOTS = `${INSTALLATION}snapshots`;

/** The reference under which the texts of somebody who is being erased are sealed, until they were looked for. */
export function searchedTextsReference(id: string): string {
  return `${INSTALLATION}texts:${id}`;
}

/** The user with this id. */
export function userReference(id: string): string {
  return `${USER}${id}`;
}

/** Whoever came by the visit with this id, and has no account. */
export function visitReference(id: string): string {
  return `${VISIT}${id}`;
}

/** Whoever is not let in, by the entry with this id. */
export function blockedReference(entry: string): string {
  return `${BLOCKED}${entry}`;
}

/** Whoever did something: a user by their id, or an author that is no person, as `system`, a policy or an API key, and is never erased. */
export function actorReference(actor: string): string {
  return isUuid(actor) ? userReference(actor) : `${ACTOR}${actor}`;
}

/**
 * Whoever has an address or a number, however it is written: an address as one mailbox, so that whoever types it with capitals, or its domain in Unicode,
 * means the same person. `hmac` is that of the installation's keys: the reference holds nothing readable.
 */
export function addressReference(address: string, hmac: (text: string) => string): string {
  return referenceAsWritten(address.includes('@') ? mailboxOf(address) : address, hmac);
}

/** All references that whoever has an address may have boxes under: the first releases that sealed took each way to write it for another mailbox. */
export function addressReferences(address: string, hmac: (text: string) => string): string[] {
  return [...new Set([addressReference(address, hmac), referenceAsWritten(address, hmac)])];
}

function referenceAsWritten(address: string, hmac: (text: string) => string): string {
  return `${ADDRESS}${hmac(`sealed for:${address}`)}`;
}

/** The id of the user whom a reference names; undefined for one that names none. */
export function userIn(reference: string): string | undefined {
  return reference.startsWith(USER) ? reference.slice(USER.length) : undefined;
}

/** True for a person who has one key and never another: a user, who came by a visit, or is not let in. An address gets another one for whoever has it next. */
export function hasOneKey(reference: string): boolean {
  return [USER, VISIT, BLOCKED].some((kind) => reference.startsWith(kind));
}

/** True for an author that is no person, whose key is never destroyed. */
export function isNobody(reference: string): boolean {
  return reference.startsWith(ACTOR);
}
