/** The web app's files as routes: `/live.js`, `/assets/…`, and its page at every place that it has. */
import { areIds, PLACES } from '../contracts/places.ts';
import { ProblemError } from '../contracts/problem.ts';
import { ANY_QUERY } from '../platform/http/query-schemas.ts';
import type { Answer, RouteRequest, RouteWith } from '../platform/http/route.ts';
import type { Pages } from './pages.ts';

type PageRow = RouteWith<Pages>;

const row = (path: string) =>
  ({ method: 'GET', path, who: 'anyone', summary: 'A file of the web app.', tag: 'pages', hidden: true, query: ANY_QUERY }) as const;

const files: readonly PageRow[] = ['/live.js', '/favicon.svg', '/assets/:file'].map((path) => ({
  row: row(path),
  answer: (pages, { params }) => fileAt(pages, path.replace(':file', params.file ?? '')),
}));

/** The same page answers at all places: which of them it shows, it reads from the address. */
const places: readonly PageRow[] = PLACES.map((path) => ({ row: row(path), answer: pageAt }));

/** The routes of the files of the pages. */
export const pageRoutes: readonly PageRow[] = [...places, ...files];

/** Where a parameter is no id, the page says that there is no such place, and the status says it, too. */
function pageAt(pages: Pages, { params }: RouteRequest): Answer {
  const page = fileAt(pages, '/');
  return areIds(params) ? page : { ...page, status: 404 };
}

function fileAt(pages: Pages, path: string): Answer {
  const file = pages.file(path);
  if (!file) throw nothingThere();
  return { body: file.body, headers: { ...file.headers, 'Content-Type': file.type } };
}

function nothingThere(): ProblemError {
  return new ProblemError('not_found', 'There is no such file.');
}
