import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const RECORDED = 'a time that is recorded or shown, and waited for by nobody';
const COMMAND = 'a command says when it was given: the deadlines of tasks, and items that are scheduled, are times of day';
const WORK = 'a worker’s commands, and the times that it records; how long it has worked is measured by the monotonic clock';

/** Every place that asks for the time of day: how often in which file, and why. How long something takes or lasts is `performance.now()`. */
const PLACES: Readonly<Record<string, readonly [number, string]>> = {
  'app/administration.ts': [1, 'shown: the age of a request that another process recorded'],
  'gateway/audit/audit-log.ts': [1, RECORDED],
  'gateway/identity/identity.ts': [1, 'sessions and codes live for days, over restarts and in several processes, so their ends are times of day'],
  'gateway/identity/secrets/mongodb/mongodb.ts': [1, 'the same ends, where they are kept'],
  'gateway/identity/secrets/sqlite/sqlite.ts': [1, 'the same ends, where they are kept'],
  'gateway/pages.ts': [1, 'compared with the times of files'],
  'media/keep/keep.ts': [1, 'compared with the times of files'],
  'media/keep/verify-route.ts': [1, 'compared with the times of files and events'],
  'app/operator/media.ts': [1, 'compared with the times of files and events'],
  'media/intake/direct/posted.ts': [1, 'a refusal is forgotten hours after its ticket has ended, which has a time of day'],
  'media/access/open.ts': [1, 'an address ends at a time of day, which its client is told'],
  'media/intake/receive.ts': [1, COMMAND],
  'media/intake/spool.ts': [3, 'compared with the times of files, and one of them'],
  'media/scan/scan-ready.ts': [1, COMMAND],
  'media/work/media-work.ts': [1, WORK],
  'media/work/media.ts': [1, COMMAND],
  'notifier/deliver.ts': [1, WORK],
  'notifier/deliveries.ts': [1, 'whether an overdue task has still that deadline is asked when its message is made'],
  'notifier/mailer/outbox/outbox.ts': [1, RECORDED],
  'notifier/notifier.ts': [1, COMMAND],
  'notifier/texter/http/http.ts': [1, 'a Retry-After that is a date, in an answer without one of its own'],
  'notifier/texter/report-routes.ts': [1, COMMAND],
  'platform/event-bus/rabbitmq/failures.ts': [1, RECORDED],
  'platform/event-store/double/certificate.ts': [2, 'the days for which a certificate is good'],
  'platform/event-store/double/log.ts': [1, RECORDED],
  'platform/event-store/double/server-facts.ts': [1, RECORDED],
  'platform/event-store/eventstoredb/ready.ts': [1, 'the library takes the end of a wait as a time of day, of which it makes a length at once'],
  'platform/event-store/sqlite/log-tables.ts': [1, RECORDED],
  'platform/files/file/file.ts': [1, 'compared with the times of files'],
  'platform/files/s3/s3.ts': [1, 'compared with the times of unfinished uploads'],
  'platform/followers/parking.ts': [1, RECORDED],
  'platform/followers/requests.ts': [1, RECORDED],
  'platform/followers/standstills.ts': [1, 'shown: since when it stands still, of a length by the monotonic clock'],
  'platform/http/app.ts': [1, 'a token names its end as a time of day, of which a length is made when it is first seen'],
  'platform/outlet.ts': [1, RECORDED],
  'platform/read-models/mongodb/generations.ts': [1, 'a number above those of models that were lost'],
  'platform/read-models/sqlite/generations.ts': [1, 'a number above those of models that were lost'],
  'platform/time/alarm.ts': [2, 'what is due at a time of day, compared anew twice a minute'],
  'platform/work/dispatch.ts': [2, 'items that are scheduled are due at a time of day'],
  'app/erasing/steps.ts': [1, RECORDED],
  'app/start-parts.ts': [3, 'the times of commands; a date of expiry in a file'],
  'platform/erasing/erase.ts': [1, RECORDED],
  'write-side/erase-user.ts': [1, RECORDED],
  'write-side/repair-by-link.ts': [1, COMMAND],
  'app/person-export.ts': [1, 'a document says when it was made'],
  'platform/work/leased-work.ts': [1, WORK],
  'read-side/commands-for-each.ts': [1, COMMAND],
  'read-side/queries/dashboard.ts': [1, 'what is overdue, and which day it is, is asked at a time of day'],
  'read-side/queries/site-rights.ts': [1, 'who lives somewhere is asked at a time of day'],
  'read-side/queries/model-routes.ts': [1, 'what is overdue, or due today'],
  'realtime/client/components/card.tsx': [1, 'what is overdue'],
  'realtime/client/words.ts': [3, 'how long ago, in words'],
  'realtime/connection.ts': [1, 'a token names its end as a time of day, of which a length is made when it is first seen'],
  'write-side/command-routes.ts': [1, COMMAND],
  'write-side/workers/orders-work.ts': [1, WORK],
  'write-side/workers/orders.ts': [1, COMMAND],
  'write-side/workers/close-repairs.ts': [1, 'the days in which a repair is confirmed end at a time of day'],
  'write-side/workers/keep-in-step.ts': [1, COMMAND],
  'write-side/workers/due-clock.ts': [1, 'what is due is due at a time of day'],
  'write-side/workers/scheduler.ts': [1, 'the deadlines of tasks are times of day'],
  'write-side/workers/unassign.ts': [1, COMMAND],
  'write-side/workers/visit-clock.ts': [3, 'the ends of visits and of what a blocklist says are times of day'],
};

const ASKED = /\bDate\.now\b|\bnew Date\b(?!\()|\bnew Date\(\)|(?<!new )\bDate\(\)/g;

function asking(): Record<string, number> {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], { cwd: ROOT, encoding: 'utf8' });
  const files = listed.split('\n').filter((file) => file && !/\.(test|suite|fixture)\.tsx?$|^(system|bench)\//.test(file));
  const found: Record<string, number> = {};
  for (const file of files) {
    const times = readFileSync(join(ROOT, file), 'utf8').match(ASKED)?.length ?? 0;
    if (times > 0) found[file] = times;
  }
  return found;
}

describe('the time of day', () => {
  it('is asked for nowhere without a reason: a clock that is set must neither shorten nor lengthen what takes or lasts', () => {
    const known = Object.fromEntries(Object.entries(PLACES).map(([file, [times]]) => [file, times]));
    expect(asking()).toEqual(known);
  });

  it('is found however it is asked for', () => {
    const found = (code: string) => code.match(ASKED)?.length ?? 0;
    expect(['Date.now()', 'now = Date.now', 'new Date()', 'new Date', 'Date()'].map(found)).toEqual([1, 1, 1, 1, 1]);
    expect(['new Date(text)', 'Date.parse(text)', 'performance.now()', 'new Date(0)'].map(found)).toEqual([0, 0, 0, 0]);
  });
});
