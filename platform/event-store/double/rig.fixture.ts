/** For tests: the double behind a proxy, and stores opened through it, all gone at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore } from '../event-store.ts';
import { openEventStoreDb } from '../eventstoredb/eventstoredb.ts';
import { type Double, type DoubleOptions, startDouble } from './double.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface Rig {
  double: Double;
  proxy: TcpProxy;
  /** The messages that the stores logged. */
  said: string[];
  /** Opens a store through the proxy. `patience`: milliseconds that a silent server is waited for. */
  open(options?: { patience?: number }): Promise<EventStore>;
  /** Replaces the double by a new one with the same data on the same port. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

export async function startRig(options: Partial<DoubleOptions> = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'double-'));
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const opened: EventStore[] = [];
  let double = await startDouble({ folder, ...options });
  const proxy = await startTcpProxy(double.port);
  return {
    get double() {
      return double;
    },
    proxy,
    said,
    open: async ({ patience } = {}) => {
      const url = double.url.replace(`:${double.port}`, `:${proxy.port}`);
      const store = await openEventStoreDb(url, { log: { info: say, warn: say }, ...(patience === undefined ? {} : { patience }) });
      opened.push(store);
      return store;
    },
    restart: async () => {
      await double.stop();
      double = await startDouble({ folder, ...options, port: double.port });
    },
    end: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await proxy.close();
      await double.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
