/**
 * The one-shot service of docker-compose.yml, which alone sees all secrets: `node servers/first-start.ts` makes the record of an installation's secrets,
 * once, and gives each service its own part of it, at every start. `… rotate redis` makes those of Redis anew. The first admin's password is not among
 * them: the gateway makes it, prints it, and keeps its hash alone.
 */
import { pathToFileURL } from 'node:url';
import { handOut } from './first-start/hand-out.ts';
import { makeRecord, ROTATABLE, rotate } from './first-start/record.ts';

/** The folder where docker-compose.yml mounts the record, and the one with a volume for each service. */
export const [RECORD, HANDED_OUT] = ['/run/taskledger', '/run/handed-out'];

/** Does what the words of the command line ask for; answers what is to be said. Errors: those of the record; words that are none. */
export async function firstStart(words: readonly string[], places = { record: RECORD, handedOut: HANDED_OUT }): Promise<string> {
  const [word, name = '', ...more] = words;
  if ((word !== undefined && word !== 'rotate') || more.length > 0) throw new Error(`first-start takes nothing, or rotate ${ROTATABLE.join('|')}`);
  const made = await makeRecord(places.record, process.env);
  if (word === 'rotate') await rotate(places.record, name);
  await handOut(places.record, places.handedOut);
  if (word === 'rotate') return `The secrets of ${name} are new. Start all again: docker compose up -d --force-recreate\n`;
  return made ? 'The secrets are made. The gateway prints the password of the first admin, once.\n' : '';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { RECORD_FOLDER = RECORD, HANDED_OUT_FOLDER = HANDED_OUT } = process.env;
  try {
    process.stdout.write(await firstStart(process.argv.slice(2), { record: RECORD_FOLDER, handedOut: HANDED_OUT_FOLDER }));
  } catch (error) {
    process.stderr.write(`taskledger: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
