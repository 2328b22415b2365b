import type { GatewayProgram } from './gateway.js';

export const NGINX: GatewayProgram = {
  program: 'nginx',
  shipped: 'nginx.conf',
  changes: ({ dharma, service, key }, port) => [
    ['server 127.0.0.1:8181;', `server ${dharma};`],
    ['server 127.0.0.1:3000;', `server ${service};`],
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ['map "" $dharma_key { default ""; }', `map "" $dharma_key { default "${key ?? ''}"; }`],
  ],
  surround(site, folder) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    // Root's nginx would otherwise drop to a user who cannot enter the folder.
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr warn; ${user}
    events { worker_connections 512; }
    http { access_log off; ${temporary.join(' ')} ${site} }`;
  },
  argv: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
};
