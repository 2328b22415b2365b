import type { AddressClaim } from '#engine';
import type { Catalogue, EndpointEntry } from './catalogue.js';
import type { EndpointDeclaration } from './document-policy.js';
import { chainOf, isWithin, parentOf } from './names.js';
import { claimFault, regionsAround, shapesOf, splitClaim } from './patterns.js';
import { placeIn, type Report } from './report.js';
import type { Path } from './yaml.js';

interface Answer {
  readonly endpoint: EndpointEntry;
  readonly path: Path;
}

/** No two endpoints answer the same operation at the same address. One pass over an index of all operations. */
export function judgeEndpointAddresses(catalogue: Catalogue, report: Report): void {
  const answers = new Map<string, Answer>();
  const reported = new Set<string>();
  for (const endpoint of catalogue.endpoints.values()) {
    for (const { key, path, words } of addressesOf(endpoint)) {
      const first = answers.get(key);
      if (first === undefined) {
        answers.set(key, { endpoint, path });
        continue;
      }
      const pair = `${first.endpoint.id} ${endpoint.id}`;
      if (first.endpoint.id === endpoint.id || reported.has(pair)) continue;
      reported.add(pair);
      const message = `\`${endpoint.id}\` and \`${first.endpoint.id}\` both answer ${words}; the other is at`;
      report.add(
        placeIn(endpoint.service.source, path),
        'address-conflict',
        message,
        placeIn(first.endpoint.service.source, first.path),
      );
    }
  }
}

type OperationDeclaration = NonNullable<EndpointDeclaration['operations']>[number];
const EVERY_TOPIC: OperationDeclaration = { topic: '**' };
const EVERY_PATH: OperationDeclaration = { path: '/**' };

function* addressesOf(
  endpoint: EndpointEntry,
): Generator<{ readonly key: string; readonly path: Path; readonly words: string }> {
  const { declaration, path } = endpoint;
  const kind = declaration?.kind ?? 'http';
  const trailingSlash = declaration?.trailingSlash ?? 'significant';
  const operations: readonly OperationDeclaration[] = declaration?.operations ?? [
    kind === 'async' ? EVERY_TOPIC : EVERY_PATH,
  ];
  for (const [index, operation] of operations.entries()) {
    const at: Path = declaration?.operations === undefined ? path : [...path, 'operations', index];
    if ('topic' in operation) {
      for (const action of new Set(operation.actions ?? ['*'])) {
        yield {
          key: `topic ${action} ${operation.topic}`,
          path: at,
          words: `\`${action}\` on the topic \`${operation.topic}\``,
        };
      }
    } else if ('resourceType' in operation) {
      for (const action of new Set(operation.actions ?? ['*'])) {
        const words = `\`${action}\` on resources of type \`${operation.resourceType}\``;
        yield { key: `resource ${action} ${operation.resourceType}`, path: at, words };
      }
    } else {
      const template = 'rpc' in operation ? operation.rpc : operation.path;
      const methods = 'rpc' in operation ? ['POST'] : (operation.methods ?? ['*']);
      for (const host of new Set(endpoint.hosts)) {
        for (const shape of shapesOf(template, trailingSlash)) {
          for (const method of new Set(methods))
            yield { key: `http ${method} ${host} ${shape}`, path: at, words: `\`${method} ${host}${shape}\`` };
        }
      }
    }
  }
}

interface Claim extends AddressClaim {
  readonly domain: string;
  readonly index: number;
  readonly text: string;
}

/** A child's claim lies within an ancestor's when any ancestor claims; unrelated domains do not claim one region. */
export function judgeClaims(catalogue: Catalogue, report: Report): void {
  const claims = new Map<string, readonly Claim[]>();
  const byRegion = new Map<string, Claim[]>();
  for (const [domain, { document, source }] of catalogue.domains) {
    const own: Claim[] = [];
    for (const [index, text] of (document.spec.addresses ?? []).entries()) {
      const fault = claimFault(text);
      if (fault !== undefined) {
        report.add(placeIn(source, ['spec', 'addresses', index]), 'bad-claim', `\`${text}\` ${fault}`);
        continue;
      }
      const claim = { ...splitClaim(text), domain, index, text };
      own.push(claim);
      const region = byRegion.get(text) ?? [];
      byRegion.set(text, region);
      region.push(claim);
    }
    claims.set(domain, own);
  }
  for (const [domain, own] of claims) {
    const parent = parentOf(domain);
    if (parent === undefined || own.length === 0) continue;
    const above = new Set(chainOf(parent).flatMap((ancestor) => (claims.get(ancestor) ?? []).map(({ text }) => text)));
    if (above.size === 0) continue;
    for (const claim of own) {
      if (regionsAround(claim).some((outer) => above.has(outer))) continue;
      const message = `\`${claim.text}\` lies in no address that a domain above \`${domain}\` claims`;
      report.add(
        placeIn(catalogue.domains.get(domain)!.source, ['spec', 'addresses', claim.index]),
        'claim-outside',
        message,
      );
    }
  }
  for (const region of byRegion.values()) {
    for (const [position, claim] of region.entries()) {
      const rival = region
        .slice(0, position)
        .find((other) => !isWithin(other.domain, claim.domain) && !isWithin(claim.domain, other.domain));
      if (rival === undefined) continue;
      const message = `\`${claim.text}\` is claimed by \`${rival.domain}\` too, which is no relative of \`${claim.domain}\`; at`;
      report.add(
        placeIn(catalogue.domains.get(claim.domain)!.source, ['spec', 'addresses', claim.index]),
        'claim-conflict',
        message,
        placeIn(catalogue.domains.get(rival.domain)!.source, ['spec', 'addresses', rival.index]),
      );
    }
  }
}
