/** /openapi.json; /docs: the same as one page, which loads nothing from elsewhere; /asyncapi.json, for consumers of the bus. */
import { asyncApi, type OutsideBroker } from '../contracts/asyncapi.ts';
import { openApi } from '../contracts/openapi.ts';
import { escaped } from '../platform/http/html.ts';
import { ANY_QUERY } from '../platform/http/query-schemas.ts';
import type { RouteRow, RouteWith } from '../platform/http/route.ts';
import { NOTHING_RUNS } from '../platform/http/security-headers.ts';
import { groupsInOrder, operationsInOrder } from './docs-order.ts';

/** The documents, each as its text. */
export interface ApiDocuments {
  openApi: string;
  /** The AsyncAPI document, made at the first call. */
  asyncApi(): string;
  page: string;
}

/** The documents of these rows. `broker` is asked for the broker that services outside listen to, once it is known where the process listens. */
export function documentsOf(rows: readonly RouteRow[], version: string, broker: () => OutsideBroker | null): ApiDocuments {
  const document = openApi(rows, version);
  let events: string | undefined;
  return {
    openApi: JSON.stringify(document, null, 1),
    asyncApi: () => {
      events ??= JSON.stringify(asyncApi(version, broker()), null, 1);
      return events;
    },
    page: page(document as unknown as Document),
  };
}

const OF_DOCS = { method: 'GET', who: 'anyone', tag: 'docs', hidden: true, query: ANY_QUERY } as const;
const JSON_FOR_ALL = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' };

/** The routes of the documents, which the documents leave out. */
export const docRoutes: readonly RouteWith<ApiDocuments>[] = [
  {
    row: { ...OF_DOCS, path: '/openapi.json', summary: 'The OpenAPI 3.1 document.' },
    answer: (documents) => ({ body: documents.openApi, headers: JSON_FOR_ALL }),
  },
  {
    row: { ...OF_DOCS, path: '/asyncapi.json', summary: 'The AsyncAPI 3.0 document: the events that services outside can listen to.' },
    answer: (documents) => ({ body: documents.asyncApi(), headers: JSON_FOR_ALL }),
  },
  {
    row: { ...OF_DOCS, path: '/docs', summary: 'The OpenAPI document as a page.' },
    answer: (documents) => ({
      body: documents.page,
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': `${NOTHING_RUNS}; style-src 'unsafe-inline'; img-src 'self'`,
      },
    }),
  },
];

interface Schema {
  type?: string;
  enum?: unknown[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  personal?: boolean;
}
interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: unknown[];
  parameters: { name: string; in: string; description?: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, { content?: { 'application/json'?: { schema: Schema } } }>;
}
interface Document {
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
}

const coded = (text: string) => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');

function page({ info, tags, paths }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const ofGroup = (name: string) => operationsInOrder(operations.filter((one) => one.operation.tags[0] === name));
  const groups = groupsInOrder(tags).map(({ name }) => ({ name, rows: ofGroup(name) }));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} API</title><link rel="icon" href="/favicon.svg"><style>${CSS}</style>
<header><h1>${escaped(info.title)} <small>${escaped(info.version)}</small></h1><p>${coded(info.description)}</p>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>; the events on the bus: <a href="/asyncapi.json">/asyncapi.json</a></p></header>
<nav aria-label="Groups">${groups.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join(' ')}</nav>
<main>${groups.map(({ name, rows }) => `<section id="${escaped(name)}"><h2>${escaped(name)}</h2>${rows.map(block).join('')}</section>`).join('')}</main></html>`;
}

function block({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const body = Object.values(operation.requestBody?.content ?? {})[0];
  const [status, answer] = Object.entries(operation.responses)[0] ?? [];
  const schema = answer?.content?.['application/json']?.schema;
  return `<details id="${escaped(operation.operationId)}"><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(operation.summary)}</summary>
${doorOf(operation)} ${escaped(operation.description ?? '')}</p>
${parameters(operation)}${body ? `<h3>Body</h3>${fields(body.schema)}${sample(body.example)}` : ''}
<h3>Answer ${escaped(status)}</h3>${schema ? fields(schema) : '<p>Empty.</p>'}</details>`;
}

function doorOf({ security }: Operation): string {
  if (!security) return '<p>Open to all.';
  return security.length > 1 ? '<p>Needs an access token, or an API key.' : '<p>Needs an access token.';
}

function parameters({ parameters: rows }: Operation): string {
  const cells = rows.map(
    (one) => `<tr><td><code>${escaped(one.name)}</code><td>${escaped(one.in)}<td>${escaped(typeOf(one.schema))}<td>${escaped(one.description ?? '')}`,
  );
  return `<h3>Parameters</h3><div class="wide"><table><tr><th>Name<th>In<th>Type<th>What${cells.join('')}</table></div>`;
}

function fields(schema: Schema): string {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return `<p>${escaped(typeOf(schema))}</p>`;
  const rows = properties.map(
    ([name, one]) =>
      `<tr><td><code>${escaped(name)}</code>${schema.required?.includes(name) ? '' : ' <i>optional</i>'}<td>${escaped(typeOf(one))}<td>${escaped(one.description ?? '')}`,
  );
  return `<div class="wide"><table><tr><th>Field<th>Type<th>What${rows.join('')}</table></div>`;
}

function sample(example: unknown): string {
  return example === undefined ? '' : `<pre>${escaped(JSON.stringify(example, null, 2))}</pre>`;
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.items) return `list of ${typeOf(schema.items)}${schema.maxItems ? ` (at most ${schema.maxItems})` : ''}`;
  return `${schema.format ?? schema.type ?? 'any'}${length(schema)}`;
}

function length({ minLength, maxLength }: Schema): string {
  return maxLength === undefined ? '' : ` (${minLength ?? 0}–${maxLength} characters)`;
}

const CSS = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:0 auto;padding:1rem}
h1 small{font-weight:400;opacity:.6}h2{margin:2rem 0 .5rem;text-transform:capitalize}h3{margin:1rem 0 .25rem;font-size:1rem}
nav{position:sticky;top:0;background:Canvas;padding:.5rem 0;display:flex;gap:.75rem;flex-wrap:wrap}
details{border:1px solid color-mix(in srgb,CanvasText 18%,Canvas);border-radius:.5rem;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
b{display:inline-block;min-width:4rem;font-family:ui-monospace,monospace}.get{color:#0a7a4b}.post{color:#1f5fd0}.put,.patch{color:#9a5b00}.delete{color:#c02a2a}
@media(prefers-color-scheme:dark){.get{color:#5fd6a0}.post{color:#8db4ff}.put,.patch{color:#ffc266}.delete{color:#ff8f8f}}
code{overflow-wrap:anywhere}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;vertical-align:top;padding:.2rem .5rem;border-top:1px solid color-mix(in srgb,CanvasText 12%,Canvas)}
pre{overflow:auto;padding:.6rem;background:color-mix(in srgb,CanvasText 7%,Canvas);border-radius:.4rem}`;
