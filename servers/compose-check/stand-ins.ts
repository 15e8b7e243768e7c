/** The images that stand in for those of docker-compose.yml, under the same names, made of Debian's packages and of what the tests have. */

import { execFileSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKOUT } from '../../app/checkout-folder.ts';
import { buildFerretDb } from '../build-ferretdb.ts';
import { buildVersityGw } from '../build-versitygw.ts';
import { packDebian } from './debian-files.ts';
import type { Podman } from './podman.ts';

const SCRIPTS = fileURLToPath(new URL('stand-ins', import.meta.url));
const DEBIAN = 'localhost/debian-of-this-machine';
const OURS = 'localhost/taskledger:local';

/** The image that stands in for a service's, and what it is. */
export interface StandIn {
  /** What runs in the place of the image's server, for people. */
  is: string;
  /** Its Containerfile; the context has the folder `stand-ins`, and the folders that `context` copies. */
  file: string;
  /** Files and folders to be copied into the context, by the names that they get there. */
  context?: () => Promise<Record<string, string>>;
}

/** A server of Debian's that is started by the stand-in of its image's entrypoint. */
const debian = (is: string, script: string, more = ''): StandIn => ({
  is,
  file: `FROM ${DEBIAN}\nCOPY stand-ins/${script} /usr/local/bin/docker-entrypoint.sh\n${more}`,
});

/** A program of ours, on the image with all parts. */
const ours = (is: string, program: string, more = ''): StandIn => ({
  is,
  file: `FROM ${OURS}\nUSER root\nCOPY stand-ins/${program} /app/servers/compose-check/stand-ins/\n${more}`,
});

/** The image of the Dockerfile's first line. */
export const NODE_IMAGE: StandIn = {
  is: 'Node of the package `node`, npm of this machine',
  file: `FROM ${DEBIAN}
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd -o -g 1000 node && useradd -o -u 1000 -g node -m node
`,
  context: async () => ({
    node: join(CHECKOUT, 'node_modules/node/bin/node'),
    npm: dirname(dirname(execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim())),
  }),
};

/** The stand-ins by the service that they are for. What has none is our own image. */
export const STAND_INS: Readonly<Record<string, StandIn>> = {
  redis: debian(
    'Redis of Debian',
    'run-as-told.sh',
    `RUN ln -s redis-server /usr/bin/valkey-server && ln -s redis-cli /usr/bin/valkey-cli && mkdir -m 1777 /data
WORKDIR /data
ENTRYPOINT ["docker-entrypoint.sh"]
`,
  ),
  rabbitmq: debian(
    'RabbitMQ of Debian, with its management plugin',
    'run-as-told.sh',
    `ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq
RUN mkdir -p /etc/rabbitmq/conf.d /var/log/rabbitmq && echo '[rabbitmq_management].' > /etc/rabbitmq/enabled_plugins && : > /etc/rabbitmq/rabbitmq-env.conf \\
    && chown -R 100:101 /var/lib/rabbitmq /var/log/rabbitmq && chmod 1777 /var/lib/rabbitmq /var/log/rabbitmq
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
`,
  ),
  mongodb: {
    ...debian(
      'FerretDB, which has no replica sets and here no passwords',
      'mongodb.sh',
      'COPY ferretdb /usr/local/bin/mongod\nRUN mkdir -p /data/db && chown 999:999 /data/db\n',
    ),
    context: async () => ({ ferretdb: await buildFerretDb() }),
  },
  // It buffers, and logs, where the image does.
  proxy: debian(
    'nginx of Debian',
    'nginx.sh',
    `RUN rm -rf /etc/nginx/sites-enabled/* /var/lib/nginx && mkdir /var/cache/nginx && ln -s /var/cache/nginx /var/lib/nginx \\
    && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log && chmod 1777 /run /etc/nginx/conf.d /var/cache/nginx
ENTRYPOINT ["docker-entrypoint.sh"]
`,
  ),
  eventstore: ours(
    'the double of the tests, with an answer for the health check',
    'event-store.ts',
    'ENTRYPOINT ["node", "servers/compose-check/stand-ins/event-store.ts"]\n',
  ),
  // The program of the image, of the version that the image has.
  s3: {
    is: 'versitygw, built here',
    file: `FROM ${DEBIAN}\nCOPY versitygw /usr/local/bin/versitygw\n`,
    context: async () => ({ versitygw: await buildVersityGw() }),
  },
  mailpit: {
    ...ours(
      'a mail server that takes every mail and lists it, without pages',
      'mailpit.ts',
      `COPY smtp-server /app/node_modules/smtp-server
COPY punycode.js /app/node_modules/punycode.js
RUN printf '#!/bin/sh\\nexec wget -q -O /dev/null http://127.0.0.1:8025/readyz\\n' > /mailpit && chmod +x /mailpit
ENTRYPOINT ["node", "servers/compose-check/stand-ins/mailpit.ts"]
`,
    ),
    context: async () => Object.fromEntries(['smtp-server', 'punycode.js'].map((name) => [name, join(CHECKOUT, 'node_modules', name)])),
  },
};

/** Makes the file system that the stand-ins begin with. */
export async function buildBase({ podman, folder }: Podman): Promise<void> {
  const tar = join(folder, 'debian.tar');
  await packDebian(tar);
  await podman('import', '-q', tar, DEBIAN);
}

/** Builds a stand-in under the name of the image whose place it takes. */
export async function buildStandIn({ podman, folder }: Podman, image: string, { file, context }: StandIn): Promise<void> {
  const place = join(folder, image.replaceAll(/\W/g, '-'));
  await mkdir(place);
  await cp(SCRIPTS, join(place, 'stand-ins'), { recursive: true });
  for (const [name, from] of Object.entries((await context?.()) ?? {})) await cp(from, join(place, name), { recursive: true, dereference: true });
  await writeFile(join(place, 'Containerfile'), file);
  await podman('build', '-q', '--pull=never', '--network=none', '-t', `localhost/${image}`, place);
}
