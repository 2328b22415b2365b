import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaced, type GatewayProgram } from './gateway.js';

const SCRIPT = new URL('../../docs/gateways/apache-dharma.lua', import.meta.url);
const MODULES = '/usr/lib/apache2/modules';
/** What the shipped text needs, and what Debian's own configuration always loads. */
const LOADED = ['mpm_event', 'authz_core', 'access_compat', 'headers', 'lua', 'proxy', 'proxy_http', 'setenvif', 'ssl'];

export const APACHE: GatewayProgram = {
  program: 'apache2',
  shipped: 'apache.conf',
  changes: ({ dharma, service, key }, port) => [
    ['DHARMA_ADDRESS=127.0.0.1:8181', `DHARMA_ADDRESS=${dharma}`],
    ['http://127.0.0.1:3000/', `http://${service}/`],
    ['Listen 8080', `Listen 127.0.0.1:${port}`],
    ['<VirtualHost *:8080>', `<VirtualHost *:${port}>`],
    ...(key === undefined
      ? []
      : ([['# SetEnvIf Request_URI ^ DHARMA_KEY=<id>.<secret>', `SetEnvIf Request_URI ^ DHARMA_KEY=${key}`]] as const)),
  ],
  surround(site, folder) {
    // Its processes are nobody's, who must find the script, and may not enter a folder of root.
    const script = join(folder, 'apache-dharma.lua');
    copyFileSync(SCRIPT, script);
    chmodSync(folder, 0o755);
    const modules = LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
    return [
      ...modules,
      `ServerRoot ${folder}`,
      `DefaultRuntimeDir ${folder}`,
      `PidFile ${folder}/apache.pid`,
      'ServerName localhost',
      'ErrorLog "|/bin/cat"',
      'LogLevel warn',
      ...(process.getuid?.() === 0 ? ['User nobody', 'Group nogroup'] : []),
      'StartServers 1',
      replaced(site, [['/etc/apache2/apache-dharma.lua', script]]),
    ].join('\n');
  },
  argv: (file, folder) => ['-D', 'FOREGROUND', '-d', folder, '-f', file],
};
