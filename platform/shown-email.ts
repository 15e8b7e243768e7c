/** E-mail addresses as people read them, and as the one value that one user has. */
import { domainToUnicode } from 'node:url';
import { normaliseEmail, storedEmail } from '../contracts/email.ts';
import type { UniqueValue } from './command-handler.ts';

/** An address with its domain in Unicode, where that names the same domain: `anna@xn--bcher-kva.example` → `anna@bücher.example`. */
export function shownEmail(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  if (!/(^|\.)xn--/i.test(address.slice(at))) return address;
  const shown = address.slice(0, at) + domainToUnicode(address.slice(at));
  return storedEmail(shown) === storedEmail(address) ? shown : address;
}

/** The value that one user at a time has: an address, however it is written. */
export function emailValue(address: string): UniqueValue {
  return addressValue('email', address);
}

/** The value that one open invitation at a time has: the address that it invites. */
export function invitedValue(address: string): UniqueValue {
  return addressValue('invitation', address);
}

function addressValue(kind: string, address: string): UniqueValue {
  const value = normaliseEmail(address);
  const shown = shownEmail(value).normalize('NFKC').toLowerCase();
  return { kind, value, ...(shown === value ? {} : { before: [shown] }) };
}
