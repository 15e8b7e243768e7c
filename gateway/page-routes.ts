/** The web app's files as rows: `/`, `/live.js`, `/assets/…`. */
import { ProblemError } from '../contracts/problem.ts';
import type { Route } from '../platform/http/route.ts';
import type { Pages } from './pages.ts';

/** Rows for the files of the pages. */
export function pageRoutes(pages: Pages): Route[] {
  const row = (path: string): Route => ({
    method: 'GET',
    path,
    who: 'anyone',
    summary: 'A file of the web app.',
    tag: 'pages',
    hidden: true,
    handle: ({ params }) => {
      const file = pages.file(path.replace(':file', params.file ?? ''));
      if (!file) throw new ProblemError('not_found', 'There is no such file.');
      return { body: file.body, headers: { ...file.headers, 'Content-Type': file.type } };
    },
  });
  return ['/', '/live.js', '/favicon.svg', '/assets/:file'].map(row);
}
