/** docker-compose.tls.yml goes with docker-compose.yml and with the templates that it fills in. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHECKOUT } from '../app/checkout-folder.ts';
import { type ComposeFile, interpolated, readComposeFile } from './compose-file.ts';

const text = (name: string) => readFileSync(join(CHECKOUT, name), 'utf8');
const source = text('docker-compose.tls.yml');
const { services, ...rest } = parse(source) as ComposeFile;
const { proxy } = readComposeFile().services;

/** The proxy's variables, as docker lays the second file over the first. */
const environment = { ...proxy?.environment, ...services.proxy?.environment } as Record<string, string>;

const askedBy = (...templates: string[]) =>
  new Set(templates.flatMap((name) => [...text(name).matchAll(/\$\{(\w+)\}/g)].map(([, variable = '']) => variable)));

it('is valid by the Compose Specification, and changes the proxy alone', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(text('servers/compose-spec.schema.json')));
  validate({ services, ...rest });
  expect(validate.errors).toBeNull();
  expect([Object.keys(services), rest]).toEqual([['proxy'], {}]);
});

it('gives both templates all that they ask for, and lets the image fill in nothing else', () => {
  const asked = askedBy('servers/proxy.conf.template', 'servers/tls.conf.template');
  const { NGINX_ENVSUBST_FILTER: filter = '', ...given } = environment;
  expect(Object.keys(given).toSorted()).toEqual([...asked].toSorted());
  const pattern = new RegExp(interpolated(filter));
  expect([...asked].filter((name) => !pattern.test(name))).toEqual([]);
  expect(['host', 'PATH', 'request_uri', 'URL'].filter((name) => pattern.test(name))).toEqual([]);
});

it('publishes the port where TLS is spoken, and where it was http what leads to it', () => {
  expect(services.proxy?.ports?.map((port) => interpolated(port))).toEqual(['443:8443']);
  expect(environment.LISTEN).toBe('8443 ssl');
  expect(interpolated(proxy?.ports?.[0] ?? '', { PORT: '80' })).toBe(`80:${environment.PLAIN}`);
  expect(proxy?.healthcheck?.test.at(-1)).toBe(`http://127.0.0.1:${environment.PLAIN}/livez`);
});

it('mounts what is there, and the folder of certificates, to be read alone', () => {
  const volumes = services.proxy?.volumes?.map((one) => interpolated(one).split(':')) ?? [];
  expect(volumes.every(([, , mode]) => mode === 'ro')).toBe(true);
  expect(existsSync(join(CHECKOUT, volumes[0]?.[0] ?? ''))).toBe(true);
  expect(volumes[1]?.[1]).toBe(environment.CERTIFICATES);
});

it('does not start where nobody said by which address people come', () => {
  expect(environment.PUBLIC_URL).toMatch(/^\$\{PUBLIC_URL:\?.+\}$/);
});
