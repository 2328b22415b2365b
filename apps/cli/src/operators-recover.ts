import { handOver, orAbandon } from './credentials.js';
import { onOwnDatabase } from './database.js';
import { openSecretOutlet } from './secret.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface RecoverOptions {
  readonly databaseUrl?: string;
  readonly name: string;
  /** File that gets the token. */
  readonly out?: string;
}

/** A new token for an operator who lost every other: whoever may write to the database may have one. */
export async function recoverOperator(terminal: Terminal, options: RecoverOptions): Promise<ExitCode> {
  const { name, out } = options;
  const { migrateDatabase, openDatabase, PostgresCredentialStore } = await import('#store');
  const outlet = await openSecretOutlet(terminal, out);
  const secret = await orAbandon(outlet, () =>
    onOwnDatabase(terminal, options.databaseUrl, async (url) => {
      await migrateDatabase(url, 'check');
      const dataSource = await openDatabase({ url, connections: 1 });
      try {
        return await new PostgresCredentialStore(dataSource).recoverOperator(name);
      } finally {
        await dataSource.destroy();
      }
    }),
  );
  const id = secret.slice(0, secret.indexOf('.'));
  await handOver(terminal, outlet, { id, secret }, `the token \`${id}\` of \`${name}\``, undefined);
  return 0;
}
