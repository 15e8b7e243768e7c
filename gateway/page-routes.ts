/** The web app's files as routes: `/live.js`, `/assets/…`, and its page at every place that it has. */
import { z } from 'zod';
import { areIds, PLACES } from '../contracts/places.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Answer, RouteRequest, RouteWith } from '../platform/http/route.ts';
import type { Pages } from './pages.ts';

type PageRow = RouteWith<Pages>;

const row = (path: string) => ({ method: 'GET', path, who: 'anyone', summary: 'A file of the web app.', tag: 'pages', hidden: true }) as const;

const files: readonly PageRow[] = ['/live.js', '/favicon.svg', '/assets/:file'].map((path) => ({
  row: row(path),
  answer: (pages, { params }) => fileAt(pages, path.replace(':file', params.file ?? '')),
}));

/** A query is the page's own to read. */
const anyQuery = z.looseObject({});

/** The same page answers at all places: which of them it shows, it reads from the address. */
const places: readonly PageRow[] = PLACES.map((path) => ({ row: { ...row(path), query: anyQuery }, answer: pageAt }));

/** The routes of the files of the pages. */
export const pageRoutes: readonly PageRow[] = [...places, ...files];

function pageAt(pages: Pages, { params }: RouteRequest): Answer {
  if (!areIds(params)) throw nothingThere();
  return fileAt(pages, '/');
}

function fileAt(pages: Pages, path: string): Answer {
  const file = pages.file(path);
  if (!file) throw nothingThere();
  return { body: file.body, headers: { ...file.headers, 'Content-Type': file.type } };
}

function nothingThere(): ProblemError {
  return new ProblemError('not_found', 'There is no such file.');
}
