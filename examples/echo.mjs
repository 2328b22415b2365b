/**
 * A service to try a gateway with: it answers every request with what it got, as JSON. It listens on port 3000 of this
 * machine, or where `HOST` and `PORT` say.
 */
import { createServer } from 'node:http';

const { HOST = '127.0.0.1', PORT = '3000' } = process.env;

const server = createServer(({ method, url, headers }, response) => {
  response.setHeader('content-type', 'application/json').end(`${JSON.stringify({ method, url, headers }, null, 2)}\n`);
});
server.listen(Number(PORT), HOST);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
