import { parseAddress } from '#cel';
import { type AddressClaim, canonicalHost, canonicalPath } from '#engine';

/** What is wrong with a pattern, as the end of a sentence that begins with the pattern; `undefined`: nothing. */
export type PatternFault = string | undefined;

const PARAMETER = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Names of the parameters of a path template, by which conditions read what stood there. */
export function parametersOf(template: string): readonly string[] {
  return template.split('/').flatMap((segment) => PARAMETER.exec(segment)?.[1] ?? []);
}

/** A canonical host, or `*.suffix` for one or more labels before a canonical host name. */
export function hostPatternFault(pattern: string): PatternFault {
  const suffix = pattern.startsWith('*.') ? pattern.slice(2) : pattern;
  const canonical = canonicalHost(suffix);
  if (canonical === undefined) return 'is not a host: a name in ASCII, an address, or `*.` and a name';
  if (suffix !== pattern && isAddress(canonical)) return 'is not a host: an address has no names below it';
  if (canonical === suffix) return undefined;
  return `is not in canonical form; write \`${pattern === suffix ? '' : '*.'}${canonical}\``;
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || parseAddress(host) !== undefined;
}

/** Canonical segments: literal, `{parameter}` or `*`, and at the end also `**`. */
export function pathTemplateFault(template: string): PatternFault {
  if (!template.startsWith('/')) return 'is not a path template: it starts with `/`';
  const segments = template.slice(1).split('/');
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') continue;
    if (segment === '**') {
      if (index !== segments.length - 1) return 'has `**` before its end';
      continue;
    }
    const name = PARAMETER.exec(segment)?.[1];
    if (name !== undefined) {
      if (names.has(name)) return `names the parameter \`${name}\` twice`;
      names.add(name);
    } else if (/[*{}]/.test(segment)) {
      return `has the segment \`${segment}\`: a segment is a literal, \`{name}\` or \`*\`, and \`**\` ends the template`;
    }
  }
  // Judged as a request would be, with something harmless in the place of parameters.
  const sample = segments.map((segment) =>
    segment === '**' || segment === '*' || segment.startsWith('{') ? 'x' : segment,
  );
  const path = `/${sample.join('/')}`;
  if (path.includes('?')) return 'has a query, which is not part of matching';
  const canonical = canonicalPath(path);
  if (canonical === undefined) return 'can match no request: it is not what the canonical form of a path may hold';
  if (canonical.path === path) return undefined;
  const mended = canonical.path.slice(1).split('/');
  const written = segments.map((segment, index) => (sample[index] === segment ? mended[index]! : segment));
  return `is not in canonical form; write \`/${written.join('/')}\``;
}

/** `/package.Service/Method`, or `/package.Service/*`. */
export function rpcFault(rpc: string): PatternFault {
  if (!/^\/[A-Za-z_][A-Za-z0-9_.]*\/(?:\*|[A-Za-z_][A-Za-z0-9_]*)$/.test(rpc)) {
    return 'is not an RPC: `/package.Service/Method`, or `/package.Service/*`';
  }
  return pathTemplateFault(rpc);
}

/** Segments by `.`: literal, `*`, and at the end also `**`. */
export function topicFault(topic: string): PatternFault {
  const segments = topic.split('.');
  for (const [index, segment] of segments.entries()) {
    if (segment === '') return 'has an empty segment';
    if (segment === '**' && index !== segments.length - 1) return 'has `**` before its end';
    if (segment !== '*' && segment !== '**' && segment.includes('*'))
      return `has the segment \`${segment}\`: \`*\` stands alone`;
  }
  return undefined;
}

/** The shape of a template: what its parameters are called does not matter. */
export function shapeOf(template: string): string {
  return template
    .split('/')
    .map((segment) => (PARAMETER.test(segment) ? '*' : segment))
    .join('/');
}

/** Every shape an operation answers: `trailingSlash: ignore` adds the one with, or without, the last slash. */
export function shapesOf(template: string, trailingSlash: 'significant' | 'ignore'): readonly string[] {
  const shape = shapeOf(template);
  if (trailingSlash === 'significant' || shape === '/' || shape.endsWith('/**')) return [shape];
  return [shape, shape.endsWith('/') ? shape.slice(0, -1) : `${shape}/`];
}

/** `host` or `host/prefix`, as written. */
export function splitClaim(text: string): AddressClaim {
  const slash = text.indexOf('/');
  if (slash < 0) return { host: text, prefix: '' };
  return { host: text.slice(0, slash), prefix: text.slice(slash) };
}

export function claimFault(text: string): PatternFault {
  const { host, prefix } = splitClaim(text);
  const hostFault = hostPatternFault(host);
  if (hostFault !== undefined) return hostFault;
  if (prefix === '') return undefined;
  if (prefix.endsWith('/')) return `ends in \`/\`; write \`${text.replace(/\/+$/, '')}\``;
  if (/[*{}]/.test(prefix)) return 'has a wildcard in its path: a prefix is literal, whole segments';
  return pathTemplateFault(prefix) === undefined ? undefined : 'has a path that is not in canonical form';
}

/** The region itself and every one that holds it, as claims are written. */
export function regionsAround({ host, prefix }: AddressClaim): readonly string[] {
  const hosts = [host];
  if (!isAddress(host)) {
    const labels = host.split('.');
    for (let first = 1; first < labels.length; first += 1) hosts.push(`*.${labels.slice(first).join('.')}`);
  }
  const prefixes = [''];
  for (let slash = 0; slash >= 0 && prefix !== '';) {
    slash = prefix.indexOf('/', slash + 1);
    prefixes.push(slash < 0 ? prefix : prefix.slice(0, slash));
  }
  return hosts.flatMap((outer) => prefixes.map((path) => outer + path));
}
