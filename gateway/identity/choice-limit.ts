/** The limit of changes of a user's choices: they count with the other commands on that user's stream, whose history is as long as it has events. */
import type { Limits } from '../../platform/http/limits/limits.ts';

/** Counts a command of `actorId` on a user's choices once, however often it is decided anew; `headers` tell of the limit once it was admitted. */
export function limitOfChoices(limits: Limits, actorId: string, userId: string) {
  let taken: Promise<Record<string, string>> | undefined;
  return {
    admit: async () => {
      taken ??= limits.consume('stream-commands', `${actorId} user-${userId}`);
      await taken;
    },
    headers: async (): Promise<Record<string, string>> => (await taken) ?? {},
  };
}
