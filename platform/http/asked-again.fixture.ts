/** A client that hears of a crowd, and comes again. */
import { setTimeout as delay } from 'node:timers/promises';

const MOST_TRIES = 60;
const PAUSE = 500;

/** The answer to a request. A busy machine may have no place for it just now: nothing was done then, and it is sent again. */
export async function askedAgain(request: () => Promise<Response>): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const response = await request();
    if (tries === MOST_TRIES || !(await isCrowded(response))) return response;
    await delay(PAUSE);
  }
}

async function isCrowded(response: Response): Promise<boolean> {
  return response.status === 503 && (await response.clone().text()).includes('Too much is asked of this at the moment');
}
