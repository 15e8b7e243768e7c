/** `npm run bench [-- name…]`: measures, prints each line at once, and puts it into the table of docs/BENCH.md, where lines not measured now stay. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { benchAppend } from './append.ts';
import { benchAuth } from './auth.ts';
import { benchEventStoreDb } from './esdb.ts';
import { benchForeign } from './foreign.ts';
import { benchForwarder } from './forwarder.ts';
import { benchHttp } from './http.ts';
import { benchLive } from './live.ts';
import { figure, line, type Row } from './measure.ts';
import { benchMedia } from './media/media.ts';
import { benchMongoDb } from './mongodb.ts';
import { benchNotifications } from './notifications.ts';
import { benchRebuild } from './rebuild.ts';
import { benchSeal } from './seal.ts';
import { benchStart } from './start.ts';
import { benchWorkers } from './workers.ts';

const BENCHES: Record<string, () => Promise<Row[]>> = {
  append: benchAppend,
  rebuild: async () => [...(await benchRebuild(100_000)), ...(await benchRebuild(1_000_000))],
  http: benchHttp,
  auth: benchAuth,
  start: benchStart,
  esdb: benchEventStoreDb,
  foreign: benchForeign,
  forwarder: benchForwarder,
  mongodb: () => benchMongoDb(),
  live: benchLive,
  workers: benchWorkers,
  notifications: benchNotifications,
  media: benchMedia,
  seal: () => benchSeal(),
};
const DOCUMENT = new URL('../docs/BENCH.md', import.meta.url);
const [BEGIN, END] = ['<!-- measured -->', '<!-- end -->'];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`no such bench: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(1);
}
const rows: Row[] = [];
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const row of (await BENCHES[name]?.()) ?? []) {
    rows.push(row);
    process.stdout.write(`${line(row)}\n`);
  }
}
writeTable(rows);

function writeTable(measured: readonly Row[]): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const lines = measured.map((row) => {
    const costs = row.unit === 'ms' || row.unit === 'MB';
    const met = costs ? row.ratio <= row.target : row.ratio >= row.target;
    return `| ${row.what} | ${figure(row.ours)} ${row.unit} | ${figure(row.bare)} ${row.unit} | **${row.ratio.toFixed(2)}** | ${costs ? '≤' : '≥'} ${row.target} | ${met ? 'yes' : 'no'} | ${row.spread} |`;
  });
  const head = '| what | ours | bare | ratio | target | met | slowest–fastest |\n|---|---|---|---|---|---|---|';
  const where = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${new Date().toISOString().slice(0, 10)}.`;
  const [before, rest = ''] = text.split(BEGIN);
  const [old = '', after = ''] = rest.split(END);
  const table = new Map([...old.split('\n').filter((one) => /^\| [^-w]/.test(one)), ...lines].map((one) => [one.split('|')[1]?.trim(), one]));
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n${where}\n\n${head}\n${[...table.values()].join('\n')}\n${END}${after}`);
}
