/** The addresses at which the page fetches files: asked for together, and kept while they are good. */
import type { MediaAddresses, PictureSize } from '../../contracts/media.ts';
import type { Api } from './api.ts';

/** Resolves to an address at which a file can be fetched now; a kept one while that is good. `anew`: where the kept one failed. Rejects where there is none. */
export type AddressOf = (id: string, size: PictureSize | 'original', how?: { save?: boolean; anew?: boolean }) => Promise<string>;

/** Milliseconds in which questions are gathered: what is drawn at once is asked for in one request. */
const GATHERED = 10;
/** The most files in one question: MOST_ADDRESSES of the contract. */
const AT_ONCE = 100;
/** Milliseconds for which an address is used: less than the ten minutes that it has at least. */
const KEPT = 8 * 60_000;

interface Question {
  id: string;
  answer(url: Promise<string>): void;
}

/** Makes the page's source of addresses. */
export function askedTogether(api: Pick<Api, 'get'>): AddressOf {
  const kept = new Map<string, { url: Promise<string>; until: number }>();
  /** The questions that wait, by what they ask for of a file. */
  const waiting = new Map<string, Question[]>();

  function gathered(id: string, how: string): Promise<string> {
    return new Promise((answer) => {
      const questions = waiting.get(how) ?? [];
      if (questions.length === 0) setTimeout(() => ask(how), GATHERED);
      waiting.set(how, [...questions, { id, answer }]);
    });
  }

  function ask(how: string): void {
    const questions = waiting.get(how) ?? [];
    waiting.delete(how);
    for (let at = 0; at < questions.length; at += AT_ONCE) {
      const some = questions.slice(at, at + AT_ONCE);
      const ids = [...new Set(some.map(({ id }) => id))];
      const urls = api
        .get<MediaAddresses>(`/api/media/urls?ids=${ids.join(',')}&${how}`)
        .then(({ body }) => new Map(body.items.map(({ id, url }) => [id, url])));
      for (const { id, answer } of some) answer(urls.then((found) => found.get(id) ?? Promise.reject(new Error(`file ${id} has no address`))));
    }
  }

  return async (id, size, { save = false, anew = false } = {}) => {
    const how = `size=${size}&disposition=${save ? 'attachment' : 'inline'}`;
    const key = `${id}?${how}`;
    const before = kept.get(key);
    if (before && !anew && before.until > performance.now()) return before.url;
    const url = gathered(id, how);
    kept.set(key, { url, until: performance.now() + KEPT });
    url.catch(() => kept.delete(key));
    return url;
  };
}
