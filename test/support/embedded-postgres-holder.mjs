// Holds an embedded PostgreSQL until it is killed: run from the build, because only a process of its own can be killed.
import { startEmbeddedPostgres } from '../../dist/libs/store/src/index.js';

const server = await startEmbeddedPostgres({ folder: process.argv[2], durability: 'none' });
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url })}\n`);
setInterval(() => {}, 60_000);
