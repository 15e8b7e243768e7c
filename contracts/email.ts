/**
 * E-mail addresses, in three forms. Stored: the domain in A-labels and lower case (RFC 5890), the local part as it was written, in NFC. Compared:
 * also the local part in NFKC and lower case, where no provider tells case apart. Shown: the domain in Unicode (platform/shown-email.ts).
 *
 *     email.parse('Anna@Bücher.Example') // 'Anna@xn--bcher-kva.example'
 */
import { z } from 'zod';
import { isSeen } from './typed-text.ts';

/** The most octets of an address, and of its local part (RFC 5321, 4.5.3.1). */
const MOST = { address: 254, local: 64, domain: 253 };

/** Atoms of a dot-atom (RFC 5322, 3.2.3), also beyond ASCII (RFC 6532, 3.2) but for what nobody sees: controls, blanks, unassigned characters. */
const ATOM = /^(?:[\w!#$%&'*+/=?^`{|}~-]|\u200c|\u200d|(?![\p{C}\p{Z}])[^\0-\x7f])+$/u;
const ASCII = /^[\0-\x7f]*$/;
/** A hyphen at an end of a label: an A-label hides those of its label in Unicode. */
const HYPHEN_OUTSIDE = /(?:^|[.。])-|-(?:[.。]|$)/;
const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;
/** The addresses that releases before this one took, with labels that end with a hyphen and local parts of any length. */
const EARLIER = z.regexes.email;

const octets = (text: string) => new TextEncoder().encode(text).length;

/** The text before and after the last @; the first is empty where there is none. */
function split(address: string): [local: string, domain: string] {
  const at = address.lastIndexOf('@');
  return [address.slice(0, Math.max(at, 0)), address.slice(at + 1)];
}

/** A domain in A-labels and lower case, as it is where it is ASCII already; empty for what cannot be one. */
function inALabels(domain: string): string {
  if (ASCII.test(domain)) return domain.toLowerCase();
  // Browsers and Node.js share this mapping (UTS 46). Other signs of ASCII would have a meaning in a URL.
  const url = `http://${domain}`;
  const mayBe = /^(?:[a-z\d.-]|[^\0-\x7f])+$/i.test(domain) && !HYPHEN_OUTSIDE.test(domain.normalize('NFKC'));
  return mayBe && URL.canParse(url) ? new URL(url).hostname : '';
}

/** True for labels of letters, digits and hyphens, `least` of them, the last of which is no number. */
function isHostName(domain: string, least: number): boolean {
  const labels = domain.split('.');
  return labels.length >= least && labels.every((label) => LABEL.test(label)) && /[a-z]/.test(labels.at(-1) ?? '') && domain.length <= MOST.domain;
}

const isDotAtom = (text: string) => text.split('.').every((atom) => ATOM.test(atom));

/** The problem with an address, undefined for none. `least`: the number of labels that its domain has at least, default 2. */
export function emailProblem(address: string, least = 2): string | undefined {
  const [local, domain] = split(storedEmail(address));
  if (!isDotAtom(local) || !isDotAtom(local.normalize('NFKC')) || !isHostName(domain, least)) return 'must be an e-mail address';
  if (octets(local) > MOST.local) return `must have at most ${MOST.local} bytes before the @`;
  return octets(local) + 1 + domain.length > MOST.address ? `must be at most ${MOST.address} bytes long` : undefined;
}

/** The form in which an address is stored. What is no address stays as it is, or becomes another that is none. */
export function storedEmail(address: string): string {
  const [local, domain] = split(address);
  return `${local.normalize('NFC')}@${inALabels(domain)}`;
}

/**
 * The form of an address in which one mailbox is one text: as stored, in lower case. Texts that `normaliseEmail` alone takes for equal, as of full width,
 * may be mailboxes of two people at their provider.
 */
export function mailboxOf(address: string): string {
  return storedEmail(address.trim()).toLowerCase();
}

/** The form of an address in which equal addresses are equal text. */
export function normaliseEmail(address: string): string {
  const [local, domain] = split(address.trim());
  return `${folded(local)}@${inALabels(domain) || folded(domain)}`;
}

const folded = (text: string) => text.normalize('NFKC').toLowerCase();

/** The JSON Schema of all addresses. */
const asText = { format: 'idn-email', maxLength: MOST.address } as const;

/** An address that is new to us: checked, and in its stored form. */
export const email = z
  .string()
  .superRefine((text, context) => {
    // In what was stored before, such a one is an address like any other.
    const message = emailProblem(text) ?? (isSeen(split(text)[0]) ? undefined : 'must have something that can be seen before the @');
    if (message) context.addIssue({ code: 'custom', message });
  })
  .overwrite(storedEmail)
  .meta({ ...asText, description: 'An e-mail address (RFC 6531); its domain in Unicode or in A-labels.' });

/** An address that any release has stored, as it is. */
export const emailOnRecord = z
  .string()
  .refine((text) => octets(text) <= MOST.address && (emailProblem(text) === undefined || EARLIER.test(text)), 'must be an e-mail address')
  .meta(asText);
