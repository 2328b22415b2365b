import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectAmqp } from 'amqplib';
import { freePort, replaced } from './gateway.js';

/** Debian's own script of that name changes users and folders; this one, which it calls, does not. */
const DEBIAN_FOLDER = '/usr/lib/rabbitmq/bin';
const SHIPPED = new URL('../../docs/integrations/rabbitmq.conf', import.meta.url);
/** Who asks the broker whether it is up; nobody that it knows. */
const PROBE = 'probe';
/** It starts a virtual machine, an application after the other, in seconds; several times that on a busy machine. */
const START_TRIES = 600;
const START_PAUSE_MILLISECONDS = 100;

/** A real RabbitMQ that runs, and asks Dharma as its page says. */
export interface RabbitMq {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts RabbitMQ with the configuration that we ship, on free loopback ports, with a folder and a cookie of its
 * own. Erlang's name server, which nodes otherwise start for good, is started beside it and ends with it.
 *
 * @param dharma  `address:port` of whoever answers for Dharma's HTTP check listener
 * @param patience  milliseconds that RabbitMQ waits for an answer
 */
export async function startRabbitMq(dharma: string, patience: number): Promise<RabbitMq> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-rabbitmq-'));
  const [port, distribution, names] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, 'rabbitmq.conf'), await configuration({ dharma, port, patience }));
  await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_auth_backend_http].\n');
  const env = {
    PATH: `${DEBIAN_FOLDER}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    // One process that ends when it is told to, instead of a shell around it.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(names),
    RABBITMQ_NODENAME: `dharma-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +SDio 2 +A 16',
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
  };
  const nameServer = spawn('epmd', [], { env, cwd: folder, stdio: 'ignore' });
  const broker = spawn('rabbitmq-server', [], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  const listen = (chunk: Buffer) => (complaint = `${complaint}${String(chunk)}`.slice(-4000));
  broker.stdout.on('data', listen);
  broker.stderr.on('data', listen);
  const stop = async () => {
    await ended(broker);
    await ended(nameServer);
    await rm(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (broker.exitCode === null && broker.signalCode === null && tries < START_TRIES) {
      await pause(START_PAUSE_MILLISECONDS);
    } else {
      await stop();
      throw new Error(`RabbitMQ does not start: ${complaint}`);
    }
  }
  return { port, stop };
}

async function configuration(here: { readonly dharma: string; readonly port: number; readonly patience: number }) {
  const shipped = await readFile(SHIPPED, 'utf8');
  const paths = ['user', 'vhost', 'resource', 'topic'].map(
    (path) => [`http://127.0.0.1:8181/rabbitmq/${path}`, `http://${here.dharma}/rabbitmq/${path}`] as const,
  );
  const text = replaced(shipped, [...paths, ['request_timeout = 2000', `request_timeout = ${here.patience}`]]);
  return `${text}
listeners.tcp.1 = 127.0.0.1:${here.port}
log.console.level = error
`;
}

/** The port is taken before the plugins are ready; who is turned away by name is so by a broker that is up. */
async function answers(port: number): Promise<boolean> {
  try {
    const connection = await connectAmqp(`amqp://${PROBE}:${PROBE}@127.0.0.1:${port}`);
    await connection.close();
    return true;
  } catch (fault) {
    return String(fault).includes('ACCESS_REFUSED') || String(fault).includes('403');
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
