/** OpenAPI 3.1 from rows of routes: the document behind /openapi.json and /docs. */
import { z } from 'zod';
import type { Audience } from './aggregate.ts';
import { FORMER_USER, FRESH_LOGIN_NEEDED, PROBLEMS, type ProblemCode, statusesOf } from './problem.ts';

/** The description of a route, as far as the document needs it. */
export interface DocumentedRoute {
  method: string;
  path: string;
  who: Audience;
  summary: string;
  tag: string;
  query?: z.ZodType | undefined;
  body?: z.ZodType | null | undefined;
  form?: boolean | 'ignored' | undefined;
  stream?: boolean | undefined;
  status?: number | undefined;
  otherStatus?: number | undefined;
  response?: z.ZodType | undefined;
  example?: unknown;
  hidden?: boolean | undefined;
}

type JsonObject = Record<string, unknown>;

/** The JSON Schema (2020-12) of a zod schema: of what clients send (`input`), or of what they get (`output`). */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'input'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
  return rest;
}

const header = (description: string) => ({ description, schema: { type: 'string' } });

const COMMAND_HEADERS = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Names this command: sent again with the same key and body, it is answered as the first time and done once.',
    schema: { type: 'string', maxLength: 255 },
  },
  { name: 'If-Match', in: 'header', description: 'The ETag you have seen; another revision is answered 412.', schema: { type: 'string' } },
];
const QUERY_HEADERS = [
  {
    name: 'Read-After',
    in: 'header',
    description: 'A Position from a command: the answer waits (2 s at most, else 503) until it shows that change.',
    schema: { type: 'string' },
  },
  { name: 'If-None-Match', in: 'header', description: 'The ETag you have: 304 when nothing changed.', schema: { type: 'string' } },
];

/** The whole OpenAPI document of these routes, but the hidden ones, for an API of this version. */
export function openApi(routes: readonly DocumentedRoute[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes.filter((one) => !one.hidden)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'taskledger',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Commands and queries over HTTP. Every path below /api/ is there below /api/v1/ too. A command answers ETag (the revision) and Position; ' +
        'a query answers Position, and with Read-After it waits for one. Every error is problem+json (RFC 9457) with a stable `code`.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.filter((one) => !one.hidden).map((one) => one.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From POST /api/login; 15 minutes.' },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'tlk_…',
          description: 'Of another backend, from POST /api/admin/api-keys; until it is revoked.',
        },
      },
      schemas: { Problem: problemSchema },
      responses: {
        Problem: {
          description: 'A problem (RFC 9457).',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** A code with its statuses, as `conflict (409, 412)`. */
function codeInWords(code: ProblemCode): string {
  return `${code} (${statusesOf(code).join(', ')})`;
}

const problemSchema = {
  type: 'object',
  required: ['type', 'code', 'title', 'status', 'detail'],
  properties: {
    type: {
      type: 'string',
      description: `Stable: /problems/<code>, or a finer one: ${FRESH_LOGIN_NEEDED} asks for POST /api/me/proof; ${FORMER_USER} is a user who was deleted.`,
    },
    code: { enum: PROBLEM_CODES, description: `Stable, whatever else changes: ${PROBLEM_CODES.map(codeInWords).join('; ')}.` },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What to do.' },
    errors: {
      type: 'array',
      description: 'Every wrong field: a JSON Pointer into the body, ?parameter, :path-parameter or Header-Name.',
      items: { type: 'object', required: ['pointer', 'detail'], properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
    },
    instance: { type: 'string', description: 'The request’s id, also in the log.' },
  },
};

function operation(route: DocumentedRoute): JsonObject {
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.tag],
    ...(route.who === 'anyone' ? {} : { security: [{ accessToken: [] }, ...(isForBackends(route) ? [{ apiKey: [] }] : [])] }),
    ...(Array.isArray(route.who) ? { description: `For the roles ${route.who.join(', ')}.` } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headersOf(route)],
    ...(route.body
      ? {
          requestBody: {
            required: !route.body.safeParse({}).success,
            content: {
              [mediaTypeOf(route)]: { schema: jsonSchema(route.body), ...example(route) },
            },
          },
        }
      : {}),
    responses: { ...success(route), default: { $ref: '#/components/responses/Problem' } },
  };
}

function mediaTypeOf({ form, stream }: DocumentedRoute): string {
  if (stream) return 'multipart/form-data';
  return form ? 'application/x-www-form-urlencoded' : 'application/json';
}

function isForBackends({ who }: DocumentedRoute): boolean {
  return Array.isArray(who) && who.includes('service');
}

/** Commands take an Idempotency-Key, and If-Match where their aggregate exists already. A POST that is no command (a login) takes neither. */
function headersOf({ method, path, response }: DocumentedRoute): JsonObject[] {
  if (method === 'GET') return QUERY_HEADERS;
  if (!response || isQueryLike(response)) return [];
  return COMMAND_HEADERS.filter(({ name }) => name !== 'If-Match' || path.includes('/:id'));
}

function example({ example: value }: DocumentedRoute): JsonObject {
  return value === undefined || value === null ? {} : { example: value };
}

function operationId({ method, path }: DocumentedRoute): string {
  return `${method.toLowerCase()}${path.replace(/^\/api/, '').replace(/[/:.-]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
}

function pathParameters({ path }: DocumentedRoute): JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' ? { type: 'string', format: 'uuid' } : { type: 'string' },
  }));
}

function queryParameters({ query }: DocumentedRoute): JsonObject[] {
  if (!query) return [];
  const { properties = {}, required = [] } = jsonSchema(query) as { properties?: Record<string, JsonObject>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    required: required.includes(name),
    schema,
  }));
}

function success({ method, body, response, status: said, otherStatus }: DocumentedRoute): JsonObject {
  const status = said ?? (response ? (method === 'POST' && body && !isQueryLike(response) ? 201 : 200) : 204);
  const headers = { Position: header('Log position of what is answered.'), ETag: header('The revision, or a hash of a list.') };
  const answer = {
    description: 'Done.',
    headers,
    ...(response ? { content: { 'application/json': { schema: jsonSchema(response, 'output') } } } : {}),
  };
  return { [status]: answer, ...(otherStatus === undefined ? {} : { [otherStatus]: answer }) };
}

/** True where a POST does not answer as commands do, as a login: it makes no resource and answers 200. */
function isQueryLike(response: z.ZodType): boolean {
  return !(response instanceof z.ZodObject && 'revision' in response.shape);
}
