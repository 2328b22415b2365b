import type { World } from '#engine';
import {
  API_VERSION,
  type Bundle,
  chainOf,
  type Fault,
  loadBundle,
  type LocatedDocument,
  type SourceFile,
} from '#policy';
import type { StoredDocument } from './stored-document.js';

/** The source of every suspension. No bundle may have it, so none prunes a suspension. */
export const SUSPENSION_SOURCE = 'suspension';

/** The document by which a domain is suspended until somebody resumes it. */
export function suspensionFile(domain: string, because: string): SourceFile {
  const text = JSON.stringify({
    apiVersion: API_VERSION,
    kind: 'Suspension',
    metadata: { name: domain },
    spec: { because },
  });
  return { file: `Suspension/${domain}`, text };
}

/** Domains that an operator suspended. */
export function suspendedDomains(set: readonly StoredDocument[]): ReadonlySet<string> {
  return new Set(set.filter(({ kind }) => kind === 'Suspension').map(({ name }) => name));
}

/**
 * Whether the document of a domain says that it is suspended.
 *
 * @returns undefined when there is no such domain
 */
export function isSuspendedByDocument(set: readonly StoredDocument[], domain: string): boolean | undefined {
  const stored = set.find(({ kind, name }) => kind === 'Domain' && name === domain);
  if (stored === undefined) return undefined;
  return loadBundle([{ file: domain, text: stored.text }]).documents.some(
    ({ document }) => document.kind === 'Domain' && document.spec.suspended === true,
  );
}

/** The domain and those around it that are suspended, by an operator or by their documents. */
export function suspendedAround(set: readonly StoredDocument[], domain: string): readonly string[] {
  const marked = suspendedDomains(set);
  return chainOf(domain).filter((name) => marked.has(name) || isSuspendedByDocument(set, name) === true);
}

/** A bundle that holds a suspended domain does not resume it, and is told so. */
export function suspensionWarnings(held: readonly LocatedDocument[], suspended: ReadonlySet<string>): readonly Fault[] {
  return held
    .filter(({ document }) => document.kind === 'Domain' && suspended.has(document.metadata.name))
    .map((located) => ({
      ...located.locate(['spec', 'suspended']),
      severity: 'warning',
      code: 'stays-suspended',
      message: `\`${located.document.metadata.name}\` was suspended by an operator and stays so; \`dharma resume ${located.document.metadata.name}\` ends it`,
    }));
}

/** Suspensions are made by their own route; a bundle that held one would bring it back after it was ended. */
export function suspensionFaults(held: readonly LocatedDocument[]): readonly Fault[] {
  return held
    .filter(({ document }) => document.kind === 'Suspension')
    .map((located) => ({
      ...located.at,
      severity: 'error',
      code: 'suspension-in-bundle',
      message: `a bundle suspends nothing: run \`dharma suspend ${located.document.metadata.name}\`, or write \`suspended: true\` in the domain`,
    }));
}

/**
 * The world as the documents describe it, without what operators suspended. Tests are judged by it: a domain that is
 * suspended at night can still be mended.
 */
export function worldAsWritten({ documents }: Bundle, world: World): World {
  const suspended = new Set(
    documents.flatMap(({ document }) => (document.kind === 'Suspension' ? [document.metadata.name] : [])),
  );
  if (suspended.size === 0) return world;
  const domains = new Map(world.domains);
  for (const { document } of documents) {
    const { name } = document.metadata;
    if (document.kind !== 'Domain' || !suspended.has(name)) continue;
    domains.set(name, { ...domains.get(name)!, suspended: document.spec.suspended ?? false });
  }
  return { ...world, domains };
}
