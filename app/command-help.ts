/** What the command line can be asked, in words: all of it, and each command alone. */
import { DEAD_LETTER_QUEUES } from '../contracts/dead-letter.ts';
import { ROLES } from '../contracts/role.ts';
import { ALL_PARTS, isPart } from './parts.ts';

export const USAGE = `usage: npm start                        the whole system in one process
       npm start -- <part>                a part as a process of its own, on shared servers: ${ALL_PARTS.join(', ')}
       npm start -- notifier --workers email=2,sms=1
                                          the same, with delivery workers in processes of their own
       npm start -- replay [projection…]  make read models anew from history
       npm start -- dead-letters          what failed for good: list, show, retry, discard
       npm start -- users                 accounts: list, create, role, reset-password, end-sessions, confirm,
                                          second-factor, export
       npm start -- migrate               move what DATA_DIR holds to the servers of EVENT_STORE_URL and SECRETS_URL
       npm start -- seal                  seal the events in DATA_DIR that an older release wrote clear
       npm start -- rotate-master-key     another key for the keys that personal data is sealed with
       npm start -- backup <folder>       a copy of what DATA_DIR holds, also while a process runs on it
       npm start -- media verify          bytes of files without an event, and events without bytes
       npm start -- media claim           make this installation the one whose events decide about the files of FILES_URL
       npm start -- media copy <from> <to>
                                          the files of one store into another, each named as in FILES_URL
       npm start -- verify-erasure <file> a certificate of an erasure: its signature, and whether anything is left
       npm start -- <command> --help      more about one of these
       npm start --silent -- <command>    the same without npm's own lines
       npm start -- --version             the version`;

const COMMANDS: Readonly<Record<string, string>> = {
  replay: `usage: npm start -- replay [projection…]

Makes read models anew from history: those that are named, or all. It mails nobody. While a process runs on DATA_DIR that one
does it, and goes on answering; where EVENT_STORE_URL is a server, the part projections does it.`,
  'dead-letters': `usage: npm start -- dead-letters list [queue]            queues: ${DEAD_LETTER_QUEUES.join(', ')}
       npm start -- dead-letters show <id>
       npm start -- dead-letters retry <id> [recipient]
       npm start -- dead-letters retry --all [queue] [--unknown]
       npm start -- dead-letters discard <id>

Lists, shows, tries again or gives up what failed for good. A recipient is the right one where the old one was wrong; --unknown
takes along what may have had its effect already.`,
  users: `usage: npm start -- users list [words]
       npm start -- users create <e-mail> <role> [name]   with a password that is printed once
       npm start -- users role <e-mail> <role>            roles: ${ROLES.join(', ')}; the last admin stays one
       npm start -- users reset-password <e-mail>         to one that is printed once; all sessions end
       npm start -- users end-sessions <e-mail>
       npm start -- users confirm <e-mail>                say that the address is theirs
       npm start -- users second-factor <e-mail>          take it away, as of who lost the app and the recovery codes
       npm start -- users export <id|e-mail> [--out file] all that is kept of a person, as JSON; --force: also over a file that is there
       --password with create and reset-password: a password of yours, asked for at the terminal, or the first line of standard input`,
  migrate: `usage: npm start -- migrate

Moves what DATA_DIR holds to the servers of EVENT_STORE_URL and SECRETS_URL, which are empty. No process may run on the folder; what
is there stays there.`,
  seal: `usage: npm start -- seal

Seals the personal fields of events in DATA_DIR that an older release wrote clear: writes a sealed copy of the log beside it, compares
both, puts the copy in its place, and overwrites the clear file. It needs room for the copy, and no process may run on the folder. A run
that was interrupted is finished by the next one.`,
  'rotate-master-key': `usage: npm start -- rotate-master-key

Makes another master key, wraps every key of a person with it, and removes the one before. Where the stores are servers, processes may
run; no process may run on DATA_DIR where one is embedded. A run that was interrupted is finished by the next one.`,
  'verify-erasure': `usage: npm start -- verify-erasure <file>

Checks the certificate of an erasure, as GET /api/users/<id>/erasure gives it: its signature, and in the stores that nothing is left of
the person. Prints a line for each, and what no installation can know; ends with 1 where something is left. Where the stores are
servers, run it in the environment of the part media: without its FILES_URL, bytes of files are not looked at.`,
  backup: `usage: npm start -- backup <folder>

Copies what DATA_DIR holds into a folder that it makes, also while a process runs, and reads the copy through. A process can start
on the copy: set DATA_DIR to it.`,
};

const MEDIA = `usage: npm start -- media                   the part media as a process of its own
       npm start -- media verify [--hashes]
       npm start -- media claim
       npm start -- media copy <from> <to>

verify compares the store of files with the events and changes nothing; with --hashes it reads each file as it came, and compares its
SHA-256, too. claim makes this installation, as its events are now, the one
that decides what is removed, as after a restore or where the former one is no more; copy copies the files of one store into another, each named
as in FILES_URL.`;

const NOTIFIER = `usage: npm start -- notifier [--workers email=2,sms=1]

Runs the part notifier as a process of its own. --workers: with so many delivery workers of each channel, in processes of their own.`;

/** The help for a command; for none, and for what is none, all of it. */
export function helpOn(command: string | undefined): string {
  if (command === undefined) return USAGE;
  if (command === 'media') return MEDIA;
  if (command === 'notifier') return NOTIFIER;
  if (isPart(command))
    return `usage: npm start -- ${command}\n\nRuns the part ${command} as a process of its own, on the servers that the environment names (docs/RUNNING.md).`;
  return (Object.hasOwn(COMMANDS, command) && COMMANDS[command]) || USAGE;
}
