/** Virtual hosts of a RabbitMQ: an empty broker each, made in milliseconds over the management API. */
import { randomUUID } from 'node:crypto';

/** The virtual hosts of a broker, and its management API. */
export interface VirtualHosts {
  /** The port of the management API. */
  readonly managementPort: number;
  /** Makes an empty virtual host; answers its `amqp:` URL. */
  vhost(): Promise<string>;
  /** Deletes a virtual host (by its URL) with all that is in it; its connections are closed. */
  dropVhost(url: string): Promise<void>;
  /** Sends a request to the management API, as guest; answers the JSON, null where there is none. `path` is below /api. Error: not 2xx. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** The virtual hosts of the broker on `port`, with its management API on port `managementPort`. */
export function managementOf(port: number, managementPort: number): VirtualHosts {
  const origin = `127.0.0.1:${managementPort}`;
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const api = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`http://${origin}/api/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json', connection: 'close' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`RabbitMQ's management API answers ${method} ${path} with ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    managementPort,
    async vhost() {
      const name = randomUUID();
      await api('PUT', `vhosts/${name}`);
      return `amqp://guest:guest@127.0.0.1:${port}/${name}`;
    },
    async dropVhost(url) {
      await api('DELETE', `vhosts/${new URL(url).pathname.slice(1)}`);
    },
    api,
  };
}
