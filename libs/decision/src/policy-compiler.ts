import { compile, decide, type Snapshot } from '#engine';
import { type IdentitySettings, identitySettings } from '#identity';
import { loadBundle, runTests, type SourceFile } from '#policy';

export type CompiledPolicy =
  | { readonly kind: 'valid'; readonly snapshot: Snapshot; readonly identity: IdentitySettings }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] };

/** Sources to something that can be put in force. Asynchronous, so that a worker can take the place of this thread. */
export type PolicyCompiler = (files: readonly SourceFile[], now: number) => Promise<CompiledPolicy>;

/** Compiles on this thread: right for a folder's few documents, and for a server that has nothing to answer yet. */
export const compileOnThisThread: PolicyCompiler = async (files, now) => {
  const bundle = loadBundle(files);
  if (bundle.world === null) {
    return { kind: 'invalid', faults: bundle.faults.map(({ message, ...at }) => `${place(at)}: ${message}`) };
  }
  const snapshot = compile(bundle.world);
  const failing = runTests(bundle, (request) => decide(snapshot, request), now).filter(({ passed }) => !passed);
  if (failing.length > 0) {
    return { kind: 'invalid', faults: failing.map(({ at, because }) => `${place(at)}: test fails: ${because}`) };
  }
  return { kind: 'valid', snapshot, identity: identitySettings(bundle.documents.map(({ document }) => document)) };
};

function place({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}
