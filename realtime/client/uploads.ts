/** Uploads of files: how far each is, cancelled and tried again. A repeat has the same Idempotency-Key, so that nothing is there twice. */
import type { MediaSubject } from '../../contracts/media.ts';
import { uuid } from './api.ts';
import { fileSender, type Sent } from './send-file.ts';
import type { Store } from './store.ts';

/** A file on its way. */
export interface Upload {
  key: string;
  of: Pick<MediaSubject, 'kind' | 'id'>;
  name: string;
  /** The position at which the thing is there; missing where it was there before. */
  after?: string | undefined;
  /** The part that is sent, from 0 to 1. */
  sent: number;
  /** The reason why it failed; null while it goes on. */
  trouble: string | null;
}

export interface Uploads {
  /** Begins to send files to a thing. `after`: the position at which a new thing is there. Resolves when each was taken, failed or was cancelled. */
  add(of: Upload['of'], files: readonly File[], after?: string): Promise<void>;
  retry(key: string): void;
  /** Ends an upload, or takes a failed one from the list. */
  cancel(key: string): void;
  close(): void;
}

export interface UploadsOptions {
  store: Store;
  token(refused: boolean): Promise<string | null>;
  /** Resolves to true where this installation has files posted to its store. */
  isDirect(): Promise<boolean>;
  /** Called with each file that was taken, and the position at which it is there. */
  taken(id: string, position: string): void;
  say(text: string): void;
}

/** The number of uploads at once; the others wait. */
const AT_ONCE = 2;
const UNREACHED = 'The server cannot be reached. Is the network there?';

export function createUploads({ store, token, isDirect, taken, say }: UploadsOptions): Uploads {
  const files = new Map<string, File>();
  const underWay = new Map<string, AbortController>();
  const send = fileSender({ token, isDirect });
  const turns: (() => void)[] = [];
  let sending = 0;

  function change(key: string, by: Partial<Upload>): void {
    store.set({ uploads: store.get().uploads.map((one) => (one.key === key ? { ...one, ...by } : one)) });
  }

  function drop(key: string): void {
    files.delete(key);
    store.set({ uploads: store.get().uploads.filter((one) => one.key !== key) });
  }

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (sending >= AT_ONCE) await new Promise<void>((resolve) => turns.push(resolve));
    sending++;
    await work().finally(() => {
      sending--;
      turns.shift()?.();
    });
  }

  const start = (key: string): Promise<void> => inTurn(() => carryOut(key));

  async function carryOut(key: string): Promise<void> {
    const upload = store.get().uploads.find((one) => one.key === key);
    const file = files.get(key);
    if (!upload || !file) return;
    const stopping = new AbortController();
    underWay.set(key, stopping);
    const progress = (sent: number) => change(key, { sent });
    const { status, body } = await send({ key, of: upload.of, after: upload.after, file, progress, signal: stopping.signal });
    underWay.delete(key);
    // It may have been cancelled meanwhile.
    if (files.has(key)) ended(upload, status, body);
  }

  function ended({ key, name }: Upload, status: number, body: Sent['body']): void {
    if (status >= 200 && status < 300) {
      drop(key);
      say(`“${name}” was added.`);
      taken(body.id ?? '', body.position ?? '');
      return;
    }
    const trouble = status === 0 ? UNREACHED : (body.detail ?? `The server answered ${status}.`);
    change(key, { trouble });
    say(`“${name}” was not added. ${trouble}`);
  }

  function cancel(key: string): void {
    drop(key);
    underWay.get(key)?.abort();
  }

  return {
    async add(of, chosen, after) {
      const added = chosen.map((file) => ({ key: uuid(), of, after, name: file.name, sent: 0, trouble: null, file }));
      for (const { key, file } of added) files.set(key, file);
      store.set({ uploads: [...store.get().uploads, ...added.map(({ file: _, ...upload }) => upload)] });
      await Promise.all(added.map(({ key }) => start(key)));
    },
    retry(key) {
      change(key, { trouble: null, sent: 0 });
      void start(key);
    },
    cancel,
    close: () => {
      for (const { key } of store.get().uploads) cancel(key);
    },
  };
}
