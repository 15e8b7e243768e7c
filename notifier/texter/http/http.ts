/** SMS by a provider's HTTPS API, in Twilio's shape: a form is posted, and the answer has the message's `sid`. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { FateUnknown, NotNow, ReceiverAway, Refused, type Taken } from '../../sending.ts';
import type { Text, Texter } from '../texter.ts';

export interface HttpTexterOptions {
  /** `https://ACCOUNT:TOKEN@host/2010-04-01/Accounts/ACCOUNT/Messages.json` */
  url: string;
  /** The sender: a phone number, a name where the provider takes one, or the SID of a messaging service (`MG…`), which picks a number. */
  from: string;
  /** Milliseconds to connect, and then to be answered; default 60,000. */
  timeout?: number;
}

/** The most bytes read of an answer. */
const ANSWER_LIMIT = 64 * 1024;
/** 4xx statuses that do not refuse an SMS: they pass by themselves, or wait for the operator (credentials, a wrong path). */
const MAY_PASS: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);
/** The most milliseconds that Retry-After can ask for. */
const LONGEST_WAIT = 24 * 60 * 60 * 1_000;

/**
 * Opens the texter; nothing is connected before the first SMS. Each SMS has its own connection: the other side may close a kept connection just
 * when it is used, and then the fate of the SMS is unknown.
 */
export function openHttpTexter({ url, from, timeout = 60_000 }: HttpTexterOptions): Texter {
  const { username, password, ...target } = withoutCredentials(url);
  const isSecure = target.address.protocol === 'https:';
  const options = {
    method: 'POST',
    agent: false as const,
    auth: `${username}:${password}`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json', Connection: 'close' },
  };

  return {
    send: async (text, signal) => {
      const body = formOf(text, from);
      const headers = { ...options.headers, 'Content-Length': Buffer.byteLength(body) };
      const outgoing = (isSecure ? httpsRequest : httpRequest)(target.address, { ...options, headers, signal });
      const { status, retryAfter, content } = await exchange(outgoing, body, { isSecure, timeout });
      return outcome(status, retryAfter, content);
    },
    close: async () => {},
  };
}

function withoutCredentials(url: string): { address: URL; username: string; password: string } {
  const address = new URL(url);
  const [username, password] = [decodeURIComponent(address.username), decodeURIComponent(address.password)];
  address.username = '';
  address.password = '';
  return { address, username, password };
}

/** True for the SID of a messaging service. */
export const isMessagingService = (from: string) => /^MG[0-9a-f]{32}$/i.test(from);

function formOf({ to, text, statusCallback }: Text, from: string): string {
  const form = new URLSearchParams({ To: to, [isMessagingService(from) ? 'MessagingServiceSid' : 'From']: from, Body: text });
  if (statusCallback) form.set('StatusCallback', statusCallback);
  return form.toString();
}

interface Answered {
  status: number;
  /** Milliseconds that the provider asks to be left alone; 0: it does not ask. */
  retryAfter: number;
  content: string;
}

/** Sends the request and reads the answer. Errors: FateUnknown once the other side may have read the request; before, ReceiverAway. */
function exchange(outgoing: ClientRequest, body: string, { isSecure, timeout }: { isSecure: boolean; timeout: number }): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let isWritten = false;
    const late = () => outgoing.destroy(new Error(isWritten ? `no answer within ${timeout} ms` : `no connection within ${timeout} ms`));
    let timer = setTimeout(late, timeout);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(isWritten ? new FateUnknown(error.message, { cause: error }) : new ReceiverAway('sms', error));
    };
    outgoing.on('socket', (socket) =>
      // The request goes out as soon as the connection stands.
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        isWritten = true;
        clearTimeout(timer);
        timer = setTimeout(late, timeout);
      }),
    );
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      const { statusCode: status = 0 } = response;
      outgoing.off('error', fail);
      outgoing.on('error', () => {});
      // The status tells the outcome, whether the rest of the answer arrives or not.
      contentOf(response).then((content) => {
        clearTimeout(timer);
        resolve({ status, retryAfter: retryAfterOf(response), content });
      });
    });
    outgoing.end(body);
  });
}

/** The beginning of the answer, as far as it arrives, up to ANSWER_LIMIT. */
async function contentOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > ANSWER_LIMIT) break;
    }
  } catch {
    // The connection broke: the bytes that arrived are returned.
  }
  return Buffer.concat(chunks).toString();
}

function outcome(status: number, retryAfter: number, content: string): Taken {
  const answer = parsed(content);
  if (status >= 200 && status < 300) return typeof answer.sid === 'string' && answer.sid ? { providerId: answer.sid.slice(0, 200) } : {};
  // Its words may have the number, or the person, in any form.
  const code = /^\d{1,6}$/.test(String(answer.code)) ? [answer.code] : [];
  const error = ['the provider answered', status, ...code].join(' ');
  if (status >= 400 && status < 500 && !MAY_PASS.has(status)) throw new Refused(error);
  throw new NotNow(error, retryAfter);
}

function parsed(content: string): { sid?: unknown; code?: unknown } {
  try {
    const answer = JSON.parse(content);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {};
  }
}

/** The milliseconds that Retry-After asks for: seconds, or a date, counted from the answer's own (RFC 9110, 10.2.3); 0 for none. */
function retryAfterOf({ headers }: Pick<IncomingMessage, 'headers'>): number {
  const { 'retry-after': wanted = '', date = '' } = headers;
  const milliseconds = /^\d+$/.test(wanted) ? Number(wanted) * 1_000 : Date.parse(wanted) - (Date.parse(date) || Date.now());
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(milliseconds, 0), LONGEST_WAIT);
}
