import type { Catalogue, EndpointEntry, Entry } from './catalogue.js';
import type { ServiceDocument } from './document-policy.js';
import { isWithin } from './names.js';
import { hostPatternFault, type PatternFault, pathTemplateFault, rpcFault, topicFault } from './patterns.js';
import type { ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import type { Path } from './yaml.js';

/** Memberships and their overlaps, placements, hosts and operations. */
export function judgeServices(catalogue: Catalogue, known: References, report: Report): void {
  for (const service of catalogue.services.values()) {
    judgeMemberships(service, catalogue, known, report);
    const { source } = service;
    judgeHosts(service.document.spec.hosts, source, ['spec', 'hosts'], report);
    for (const endpoint of catalogue.endpointsOf.get(service.document.metadata.name) ?? [])
      judgeEndpoint(endpoint, report);
  }
}

function judgeMemberships(
  service: Entry<ServiceDocument>,
  catalogue: Catalogue,
  known: References,
  report: Report,
): void {
  const { source, document } = service;
  const memberships = document.spec.domains;
  const external = document.spec.kind === 'external';
  if (external) {
    if (memberships !== undefined && memberships.length > 0) {
      report.add(
        placeIn(source, ['spec', 'domains']),
        'membership-forbidden',
        'an external service lies outside every domain and has no `domains`',
      );
    }
    return;
  }
  if (memberships === undefined || memberships.length === 0) {
    const path = memberships === undefined ? ['spec'] : ['spec', 'domains'];
    report.add(
      placeIn(source, path),
      'membership-missing',
      `\`${document.metadata.name}\` is in no domain; give it \`domains\`, or the kind \`external\``,
    );
    return;
  }
  const before = new Set<string>();
  for (const [index, name] of memberships.entries()) {
    const path = ['spec', 'domains', index];
    if (!known.domain({ name, source, path })) continue;
    if (before.has(name)) {
      report.add(placeIn(source, path), 'duplicate-membership', `the membership in \`${name}\` is listed twice`);
      continue;
    }
    for (const other of before) if (judgeOverlap(name, other, catalogue, source, path, report)) break;
    before.add(name);
  }
}

/** @returns whether there was a fault: the first of a membership is enough */
function judgeOverlap(
  one: string,
  other: string,
  catalogue: Catalogue,
  source: ReadDocument,
  path: Path,
  report: Report,
): boolean {
  if (isWithin(one, other) || isWithin(other, one)) return false;
  const missing = [
    [one, other],
    [other, one],
  ].filter(([side, listed]) => !(catalogue.domains.get(side!)!.document.spec.overlaps ?? []).includes(listed!));
  if (missing.length === 0) return false;
  const mend = missing.map(([side, listed]) => `list \`${listed}\` in the \`overlaps\` of \`${side}\``).join(' and ');
  report.add(placeIn(source, path), 'overlap-missing', `\`${one}\` and \`${other}\` do not accept an overlap; ${mend}`);
  return true;
}

function judgeEndpoint(endpoint: EndpointEntry, report: Report): void {
  const { declaration, service, path } = endpoint;
  if (declaration === undefined) return;
  const { source, document } = service;
  judgeHosts(declaration.hosts, source, [...path, 'hosts'], report);
  const memberships = document.spec.domains ?? [];
  if (declaration.domains !== undefined && declaration.domains.length === 0) {
    report.add(
      placeIn(source, [...path, 'domains']),
      'placement-missing',
      `\`${endpoint.id}\` is placed nowhere; leave \`domains\` out for every membership`,
    );
  }
  for (const [index, name] of (declaration.domains ?? []).entries()) {
    if (memberships.includes(name)) continue;
    const members =
      memberships.length === 0 ? 'it has none' : `these are ${memberships.map((item) => `\`${item}\``).join(', ')}`;
    report.add(
      placeIn(source, [...path, 'domains', index]),
      'placement-outside',
      `\`${name}\` is not a membership of \`${document.metadata.name}\`: ${members}`,
    );
  }
  for (const [index, operation] of (declaration.operations ?? []).entries()) {
    const at: Path = [...path, 'operations', index];
    if ('path' in operation) judge(operation.path, pathTemplateFault, 'bad-path', source, [...at, 'path'], report);
    if ('rpc' in operation) judge(operation.rpc, rpcFault, 'bad-rpc', source, [...at, 'rpc'], report);
    if ('topic' in operation) judge(operation.topic, topicFault, 'bad-topic', source, [...at, 'topic'], report);
  }
}

function judgeHosts(hosts: readonly string[] | undefined, source: ReadDocument, path: Path, report: Report): void {
  for (const [index, host] of (hosts ?? []).entries())
    judge(host, hostPatternFault, 'bad-host', source, [...path, index], report);
}

function judge(
  text: string,
  faultOf: (text: string) => PatternFault,
  code: string,
  source: ReadDocument,
  path: Path,
  report: Report,
): void {
  const fault = faultOf(text);
  if (fault !== undefined) report.add(placeIn(source, path), code, `\`${text}\` ${fault}`);
}
