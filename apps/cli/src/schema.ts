import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { jsonSchemas } from '#policy';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface SchemaOptions {
  /** Folder that gets one file a kind. */
  readonly out?: string;
}

/** The JSON Schema of one kind, or of all. */
export async function schema(terminal: Terminal, kind: string | undefined, { out }: SchemaOptions): Promise<ExitCode> {
  const schemas = jsonSchemas();
  if (kind !== undefined && !Object.hasOwn(schemas, kind)) {
    const meant = Object.keys(schemas).find((known) => known.toLowerCase() === kind.toLowerCase());
    const hint =
      meant === undefined ? `The kinds are ${Object.keys(schemas).join(', ')}` : `Did you mean \`${meant}\`?`;
    throw new Stop(2, `\`${kind}\` is no kind of document. ${hint}`);
  }
  const wanted = Object.entries(schemas).filter(([name]) => kind === undefined || name === kind);
  if (out === undefined) {
    const [first] = wanted;
    await terminal.out.line(JSON.stringify(kind === undefined ? schemas : first![1], null, 2));
    return 0;
  }
  const folder = resolve(terminal.cwd, out);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of wanted) {
    const file = `${name}.schema.json`;
    await writeFile(join(folder, file), `${JSON.stringify(text, null, 2)}\n`);
    await terminal.out.line(join(out, file));
  }
  return 0;
}
