/** docker-compose.yml as data, for what checks it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHECKOUT } from '../app/checkout-folder.ts';

/** A service of docker-compose.yml. Its texts are as written: with `${…}` and `$$`. */
export interface ComposeService {
  image: string;
  build?: { context: string; target: string };
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  restart: string;
  mem_limit: string;
  cpuset: string;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  network_mode?: string;
  user?: string;
  read_only?: boolean;
  tmpfs?: string[];
  ulimits?: Record<string, number>;
}

/** What docker-compose.yml says, its anchors and merges resolved. */
export interface ComposeFile {
  services: Record<string, ComposeService>;
  volumes: Record<string, object>;
  networks: Record<string, { internal?: boolean; driver_opts?: object }>;
}

/** Reads docker-compose.yml of this checkout. */
export function readComposeFile(): ComposeFile {
  return parse(readFileSync(join(CHECKOUT, 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile;
}

/** A value with its variables filled in as docker does it: `${NAME:-default}`, `${NAME:+instead}`, also one in another, and `$$` for a dollar. */
export function interpolated(value: string, env: Record<string, string> = {}): string {
  const inner = /\$\{(\w+)(?::([-+])([^${}]*))?\}/;
  let out = value.replaceAll('$$', '\0');
  const filledIn = ([, name = '', how, other = '']: RegExpExecArray) => (how === '+' ? env[name] && other : env[name] || other) ?? '';
  for (let found = inner.exec(out); found; found = inner.exec(out)) out = out.replace(found[0], filledIn(found).replaceAll('$', '$$$$'));
  return out.replaceAll('\0', '$');
}

/** The command, as words, by which docker asks for the health of a service; null where it asks for none. */
export function healthCommandOf({ healthcheck }: Pick<ComposeService, 'healthcheck'>): string[] | null {
  const [how, ...words] = healthcheck?.test.map((word) => interpolated(word)) ?? [];
  if (how === undefined || how === 'NONE') return null;
  return how === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
}
