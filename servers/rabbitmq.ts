/** The RabbitMQ that the system has installed, with its management plugin. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { firstAnswer } from './answering.ts';
import { linkPlugins, ownLibrariesFirst } from './code-path.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './programs.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';
import { managementOf, type VirtualHosts } from './virtual-hosts.ts';

const run = promisify(execFile);

// The package's own script first: the one that Debian puts in the path changes to the system's user, folder and node.
const find = () => findProgram('/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server');
const findErl = () => findProgram('erl');
const findEpmd = () => findProgram('epmd', '/usr/lib/erlang/bin/epmd');

/** A RabbitMQ of the caller's own. */
export interface RabbitMq extends Server, VirtualHosts {
  /** Kills the broker, deletes all its data (queues, messages, virtual hosts), and starts it again on the same port. */
  wipe(): Promise<void>;
  /** Has the broker evaluate an Erlang expression, as its operator may; resolves to what it prints. Error: where it cannot. */
  evaluate(expression: string): Promise<string>;
}

/** The reason why RabbitMQ cannot run here; null where it can. */
export function missing(): string | null {
  return find() && findErl() && findEpmd() ? null : 'rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)';
}

/** Starts RabbitMQ on a node, cookie, folders and name service (epmd) of its own; several may run. The user is guest, the password guest. */
export async function startRabbitMq(options: ServerOptions = {}): Promise<RabbitMq> {
  const [command, erl, epmd] = [find(), findErl(), findEpmd()];
  if (!command || !erl || !epmd) throw new Error(missing() ?? '');
  const ports = { amqp: options.port ?? (await freePort()), management: await freePort(), node: await freePort(), names: await freePort() };
  const place = await folderFor('rabbitmq', options.folder);
  const { folder } = place;
  await writeSettings(folder, ports);
  const isLinked = await linkPlugins(join(folder, 'plugins'), command);
  const server = await startServer({
    name: 'rabbitmq',
    url: `amqp://guest:guest@127.0.0.1:${ports.amqp}`,
    port: ports.amqp,
    ...place,
    // The name service is in the server's group and ends with it; RabbitMQ alone would leave a daemon behind.
    command: ['/bin/sh', '-c', `"$0" -address 127.0.0.1 -port ${ports.names} >/dev/null 2>&1 & exec "$@"`, epmd, command, '-noinput'],
    env: {
      ...environment(folder, ports),
      ...(isLinked && { RABBITMQ_PLUGINS_DIR: join(folder, 'plugins') }),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} ${ownLibrariesFirst(erl)}`,
    },
    answers: () => firstAnswer(ports.amqp, 'AMQP\0\0\x09\x01'),
  });
  return {
    ...server,
    ...managementOf(ports.amqp, ports.management),
    async wipe() {
      await server.kill();
      await rm(join(folder, 'data'), { recursive: true, force: true, maxRetries: 5 });
      await server.restart();
    },
    async evaluate(expression) {
      const { PATH = '' } = process.env;
      const control = join(dirname(command), 'rabbitmqctl');
      const { stdout } = await run(control, ['eval', expression], { env: { PATH, ...environment(folder, ports) } });
      return stdout.trim();
    },
  };
}

interface Ports {
  amqp: number;
  management: number;
  /** The port of the Erlang node, and that of the service which tells it by the node's name (epmd). */
  node: number;
  names: number;
}

async function writeSettings(folder: string, { amqp, management }: Ports): Promise<void> {
  await mkdir(join(folder, 'home'), { recursive: true });
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${amqp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${management}`,
    // The disk that a machine for tests has to spare.
    'disk_free_limit.absolute = 50MB',
    'raft.wal_max_size_bytes = 32000000',
    'log.console = true',
    'log.console.level = warning',
    'log.file = false',
  ];
  await writeFile(join(folder, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
  await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_management].\n');
  // Read in place of the system's own file of this name.
  await writeFile(join(folder, 'rabbitmq-env.conf'), '');
  const cookie = join(folder, 'home', '.erlang.cookie');
  await rm(cookie, { force: true });
  await writeFile(cookie, randomBytes(16).toString('hex'));
  await chmod(cookie, 0o400);
}

function environment(folder: string, { node, names }: Ports): Record<string, string> {
  return {
    HOME: join(folder, 'home'),
    // Several brokers may have this name: each has a name service of its own.
    RABBITMQ_NODENAME: 'taskledger@localhost',
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'logs'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(node),
    // By this variable the script becomes the server instead of staying as its parent, so that a signal reaches the server.
    RABBITMQ_ALLOW_INPUT: '1',
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_CRASH_DUMP_SECONDS: '0',
  };
}
