/** The web app's files as routes: `/`, `/live.js`, `/assets/…`. */
import { ProblemError } from '../contracts/problem.ts';
import type { RouteWith } from '../platform/http/route.ts';
import type { Pages } from './pages.ts';

/** The routes of the files of the pages. */
export const pageRoutes: readonly RouteWith<Pages>[] = ['/', '/live.js', '/favicon.svg', '/assets/:file'].map((path) => ({
  row: { method: 'GET', path, who: 'anyone', summary: 'A file of the web app.', tag: 'pages', hidden: true },
  answer: (pages, { params }) => {
    const file = pages.file(path.replace(':file', params.file ?? ''));
    if (!file) throw new ProblemError('not_found', 'There is no such file.');
    return { body: file.body, headers: { ...file.headers, 'Content-Type': file.type } };
  },
}));
