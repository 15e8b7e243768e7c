/** Opens the mailer that a URL names. */
import { join } from 'node:path';
import type { Mailer } from './mailer.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { openSmtp } from './smtp.ts';

/** A mailer, and the outbox where it is one. */
export interface OpenMailer {
  mailer: Mailer;
  outbox: Outbox | null;
}

/** `outbox:` (a file in `dataDir`), `smtp:` or `smtps:`. */
export function openMailer(url: string, { dataDir, from }: { dataDir: string; from: string }): OpenMailer {
  const scheme = url.split(':')[0];
  if (scheme === 'outbox') {
    const outbox = openOutbox(join(dataDir, 'outbox.db'));
    return { mailer: outbox, outbox };
  }
  if (scheme === 'smtp' || scheme === 'smtps') return { mailer: openSmtp({ url, from }), outbox: null };
  throw new Error(`MAIL_URL: there is no mailer for ${scheme}: here; use outbox:, smtp: or smtps:`);
}
