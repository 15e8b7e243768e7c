/** An SMS provider for tests that answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GotText {
  to: string;
  from: string;
  /** The messaging service that is to pick the number; empty for none. */
  service: string;
  body: string;
  statusCallback: string | undefined;
  /** The provider's name for the SMS; empty where it was not taken. */
  sid: string;
  authorization: string;
}

/** The provider's answer to a request: it takes the SMS, answers with a status (and Retry-After in seconds), says nothing, or hangs up. */
export type ProviderAnswer = 'take' | number | { status: number; retryAfter: string } | 'hang' | 'drop';

export interface Provider {
  /** The address with account and token, as SMS_URL has it. */
  url: string;
  token: string;
  port: number;
  /** Every SMS that the provider was asked to send; `taken` has those that it took. */
  given: GotText[];
  taken: GotText[];
  stop(): Promise<void>;
}

const ACCOUNT = 'AC0123456789abcdef';
const TOKEN = 'a t0ken/with+signs';

/** Starts a provider on a free port of this machine. */
export async function startProvider(answer: (text: GotText, before: number) => ProviderAnswer = () => 'take'): Promise<Provider> {
  const given: GotText[] = [];
  const taken: GotText[] = [];

  async function got(request: IncomingMessage): Promise<GotText> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const text = (name: string) => form.get(name) ?? '';
    const { authorization = '' } = request.headers;
    return {
      to: text('To'),
      from: text('From'),
      service: text('MessagingServiceSid'),
      body: text('Body'),
      statusCallback: form.get('StatusCallback') ?? undefined,
      sid: '',
      authorization,
    };
  }

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await got(request);
    const what = answer(text, given.length);
    given.push(text);
    if (what === 'drop') request.socket.destroy();
    if (what === 'take') take(text, response);
    if (typeof what === 'number') refuse(text, response, { status: what, retryAfter: '' });
    if (typeof what === 'object') refuse(text, response, what);
  }

  function take(text: GotText, response: ServerResponse): void {
    text.sid = `SM${String(taken.push(text)).padStart(32, '0')}`;
    reply(response, 201, { sid: text.sid, status: 'queued' });
  }

  function refuse({ to }: GotText, response: ServerResponse, { status, retryAfter }: { status: number; retryAfter: string }): void {
    if (retryAfter) response.setHeader('Retry-After', retryAfter);
    reply(response, status, { code: 20_000 + status, message: `no SMS for ${to} now`, status });
  }

  const server = createServer((request, response) => void receive(request, response).catch(() => request.socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${ACCOUNT}:${encodeURIComponent(TOKEN)}@127.0.0.1:${port}/2010-04-01/Accounts/${ACCOUNT}/Messages.json`,
    token: TOKEN,
    port,
    given,
    taken,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
