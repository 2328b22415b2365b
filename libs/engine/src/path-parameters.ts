/** Paths for readers who must not see the values of some parameters. */
import { canonicalPath } from './canonical.js';
import type { Snapshot } from './snapshot.js';

/** What stands in the place of a value. */
const BLANK = '*';

/**
 * The canonical path of a target with the values of some parameters replaced by `*`.
 *
 * @param endpoint  that the target resolved to, or null
 * @param names  as the path templates of the policy call them
 * @param path  without its query
 * @returns `left` names the parameters that were replaced. Null where nobody can tell what is a parameter: no endpoint
 *   answers, or the path is refused
 */
export function pathWithout(
  snapshot: Snapshot,
  endpoint: string | null,
  method: string | undefined,
  path: string,
  names: ReadonlySet<string>,
): { readonly path: string; readonly left: readonly string[] } | null {
  const canonical = canonicalPath(path);
  const node = endpoint === null ? undefined : snapshot.endpoints.get(endpoint);
  const place = canonical && node?.paths.find(canonical.path, 1);
  if (canonical === undefined || place === undefined) return null;
  // Several operations at one place may call its parameters differently: one that is to be hidden in any of them is.
  const answering = (method === undefined ? undefined : place.choose(method)) ?? place.answering[0]!;
  const templates = [answering, ...place.answering].map(({ template }) => template);
  const left = new Set<string>();
  const segments = canonical.path.slice(1).split('/');
  for (const template of templates) {
    template.forEach((segment, index) => {
      if (segment.kind !== 'parameter' || segment.name === undefined || !names.has(segment.name)) return;
      left.add(segment.name);
      segments[index] = BLANK;
    });
  }
  return { path: `/${segments.join('/')}`, left: [...left] };
}
