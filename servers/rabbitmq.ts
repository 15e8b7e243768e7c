/** RabbitMQ, as the system has it installed, with its management plugin. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstAnswer } from './answering.ts';
import { freePort } from './ports.ts';
import { findProgram } from './programs.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';
import { managementOf, type VirtualHosts } from './virtual-hosts.ts';

// The package's own script first: the one Debian puts in the path changes to the system's user, folder and node.
const find = () => findProgram('/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server');
const findEpmd = () => findProgram('epmd', '/usr/lib/erlang/bin/epmd');

/** A RabbitMQ of one's own. */
export interface RabbitMq extends Server, VirtualHosts {
  /** Kills it, deletes all that it kept (queues, messages, virtual hosts), and starts it again on the same port. */
  wipe(): Promise<void>;
}

/** Why RabbitMQ cannot run here; null where it can. */
export function missing(): string | null {
  return find() && findEpmd() ? null : 'rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)';
}

/** Starts RabbitMQ on a node, cookie, folders and name service (epmd) of its own; several may run. The user is guest, the password guest. */
export async function startRabbitMq(options: ServerOptions = {}): Promise<RabbitMq> {
  const [command, epmd] = [find(), findEpmd()];
  if (!command || !epmd) throw new Error(missing() ?? '');
  const port = options.port ?? (await freePort());
  const [management, distribution, names] = [await freePort(), await freePort(), await freePort()];
  const place = await folderFor('rabbitmq', options.folder);
  const { folder } = place;
  await writeSettings(folder, { port, management });
  const env = environment(folder, { distribution, names });
  const server = await startServer({
    name: 'rabbitmq',
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    port,
    ...place,
    // The name service is in the server's group and ends with it; RabbitMQ alone would leave a daemon behind.
    command: ['/bin/sh', '-c', `"$0" -address 127.0.0.1 -port ${names} >/dev/null 2>&1 & exec "$@"`, epmd, command, '-noinput'],
    env,
    // What follows is no AMQP: the answer to it is the version that the server speaks.
    answers: () => firstAnswer(port, 'AMQP\0\0\0\0'),
  });
  return {
    ...server,
    ...managementOf(port, management),
    async wipe() {
      await server.kill();
      await rm(join(folder, 'data'), { recursive: true, force: true, maxRetries: 5 });
      await server.restart();
    },
  };
}

async function writeSettings(folder: string, { port, management }: { port: number; management: number }): Promise<void> {
  await mkdir(join(folder, 'home'), { recursive: true });
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${management}`,
    // What a machine for tests has to spare.
    'disk_free_limit.absolute = 50MB',
    'raft.wal_max_size_bytes = 32000000',
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
  ];
  await writeFile(join(folder, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
  await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_management].\n');
  // In place of the system's own.
  await writeFile(join(folder, 'rabbitmq-env.conf'), '');
  const cookie = join(folder, 'home', '.erlang.cookie');
  await rm(cookie, { force: true });
  await writeFile(cookie, randomBytes(16).toString('hex'));
  await chmod(cookie, 0o400);
}

function environment(folder: string, { distribution, names }: { distribution: number; names: number }): Record<string, string> {
  return {
    HOME: join(folder, 'home'),
    RABBITMQ_NODENAME: `taskledger-${distribution}@localhost`,
    RABBITMQ_MNESIA_DIR: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'logs'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distribution),
    // With it the script becomes the server instead of staying as its parent, so that a signal reaches the server.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_CRASH_DUMP_SECONDS: '0',
  };
}
