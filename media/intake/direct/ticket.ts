/**
 * The ticket of a file that a client posts to the store itself: what was said of it, signed under a key of the installation. Whoever comes back with it
 * says with it what the posted object is to become.
 *
 *     const text = signedTicket(ticket, await urlKeys.newest());
 *     const ticket = await verifiedTicket(text, caller, context);
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { mediaSubject } from '../../../contracts/media.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import type { UrlKey } from '../../access/signed-url.ts';
import type { UrlKeys } from '../../access/url-keys.ts';
import { mediaIdOf } from '../receive.ts';
import { INCOMING, incomingOf } from './incoming.ts';

const ticketSchema = z.strictObject({
  /** The command that the upload is; the file's id follows from it. */
  command: z.string(),
  /** The user who may come back with the ticket. */
  user: z.string(),
  of: mediaSubject,
  name: z.string(),
  /** The type that the client says, and that the store holds it to. What the file is, is found from its content. */
  type: z.string(),
  bytes: z.int().positive(),
  access: z.enum(['private', 'public']),
  /** The end of the ticket in seconds since 1970. */
  expires: z.int(),
});

/** What a client has said of a file that it posts to the store itself. */
export type DirectTicket = z.infer<typeof ticketSchema>;

/** Seconds within which the client must begin to post the file. */
export const POST_SECONDS = 15 * 60;
/** Seconds within which it must come back: what nobody has received is swept after a day, and keys of before a change verify for a day. */
export const TICKET_SECONDS = 6 * 3_600;

/** The key under which a store takes what a client posts; nothing serves it. */
export function incomingKey({ command, user }: Pick<DirectTicket, 'command' | 'user'>): string {
  return `${incomingOf(user)}${mediaIdOf(command)}`;
}

/** The key that the release before took it under: a ticket of that one may come back for six hours after an upgrade. */
export function formerIncomingKey({ command }: Pick<DirectTicket, 'command'>): string {
  return `${INCOMING}${mediaIdOf(command)}/upload`;
}

/** The ticket as a text of letters, digits, `-`, `_` and `.`. */
export function signedTicket(ticket: DirectTicket, key: UrlKey): string {
  const said = Buffer.from(JSON.stringify(ticket)).toString('base64url');
  return `${said}.${key.id}.${signature(said, key)}`;
}

/** Who reads tickets. */
export interface TicketReader {
  urlKeys: Pick<UrlKeys, 'verifying'>;
  now(): Date;
}

/** The ticket in a text, where it was made here, for this user, and has not ended. Error: ProblemError `forbidden`. */
export async function verifiedTicket(text: string, user: string, { urlKeys, now }: TicketReader): Promise<DirectTicket> {
  const [said = '', id = '', given = ''] = text.split('.');
  const key = await urlKeys.verifying(id);
  if (!key || !isSame(signature(said, key), given)) throw forbidden('This ticket was not made here.');
  const { data: ticket } = ticketSchema.safeParse(JSON.parse(Buffer.from(said, 'base64url').toString()));
  // One of another release: it is signed all the same.
  if (!ticket) throw forbidden('This ticket is not known here any more. Ask for a new one.');
  if (ticket.user !== user) throw forbidden('This ticket was made for another user.');
  if (ticket.expires <= now().getTime() / 1_000) throw forbidden('This ticket has ended. Ask for a new one, and post the file again.');
  return ticket;
}

function forbidden(detail: string): ProblemError {
  return new ProblemError('forbidden', detail, { errors: [{ pointer: '/ticket', detail }] });
}

function isSame(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function signature(said: string, { id, secret }: UrlKey): string {
  const text = JSON.stringify(['media-ticket', id, said]);
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(text).digest('base64url');
}
