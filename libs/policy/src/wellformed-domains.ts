import { ANONYMOUS, type EvidenceRole } from '#engine';
import { parseCidr } from '#cel';
import type { Catalogue, Entry, MechanismEntry } from './catalogue.js';
import type { DomainDocument } from './document-domain.js';
import { isWithin, parentOf } from './names.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';

/** Ancestors, mechanism sets, marks, overlaps and delegations. */
export function judgeDomains(catalogue: Catalogue, known: References, report: Report): void {
  for (const domain of catalogue.domains.values()) {
    judgeAncestor(domain, catalogue, report);
    judgeSets(domain, catalogue, known, report);
    judgeMarks(domain, catalogue, known, report);
    for (const [index, name] of (domain.document.spec.overlaps ?? []).entries()) {
      known.domain({ name, source: domain.source, path: ['spec', 'overlaps', index] });
    }
  }
  const made = [...catalogue.suspensions.values(), ...catalogue.quotas.values(), ...catalogue.fourEyes.values()];
  for (const { document, source } of made) {
    known.domain({ name: document.metadata.name, source, path: ['metadata', 'name'] });
  }
  for (const mechanism of catalogue.mechanisms.values()) judgeMechanism(mechanism, known, report);
}

function judgeAncestor(domain: Entry<DomainDocument>, catalogue: Catalogue, report: Report): void {
  const name = domain.document.metadata.name;
  const parent = parentOf(name);
  if (parent === undefined || catalogue.domains.has(parent) || catalogue.mayBeDeclared(parent)) return;
  report.addUndeclared(
    `domain ${parent}`,
    placeIn(domain.source, ['metadata', 'name']),
    'missing-ancestor',
    `\`${name}\` lies in \`${parent}\`, which does not exist; declare it`,
  );
}

function judgeSets(domain: Entry<DomainDocument>, catalogue: Catalogue, known: References, report: Report): void {
  const { name } = domain.document.metadata;
  const sets: readonly (readonly [member: 'trust' | 'access' | 'recognizes', role: EvidenceRole])[] = [
    ['trust', 'trust'],
    ['access', 'access'],
    ['recognizes', 'trust'],
  ];
  for (const [member, role] of sets) {
    for (const [index, listed] of (domain.document.spec[member] ?? []).entries()) {
      const path = ['spec', member, index];
      if (member === 'access' && listed === ANONYMOUS) continue;
      if (!known.mechanism({ name: listed, source: domain.source, path })) continue;
      const { declaration, owner } = catalogue.mechanisms.get(listed)!;
      if (declaration.role !== role) {
        const message = `\`${listed}\` is ${declaration.role === 'access' ? 'an access' : 'a trust'} mechanism and cannot stand in \`${member}\``;
        report.add(placeIn(domain.source, path), 'mechanism-role', message);
      } else if (declaration.kind === 'network' && owner.document.metadata.name !== name) {
        const message = `only its owner \`${owner.document.metadata.name}\` may name the network mechanism \`${listed}\` in \`${member}\``;
        report.add(placeIn(domain.source, path), 'network-mechanism', message);
      }
    }
  }
}

function judgeMarks(domain: Entry<DomainDocument>, catalogue: Catalogue, known: References, report: Report): void {
  const { name } = domain.document.metadata;
  for (const [index, mark] of (domain.document.spec.boundary ?? []).entries()) {
    const path = ['spec', 'boundary', index];
    if (!known.endpoint({ name: mark, source: domain.source, path }) || mark.endsWith('/*')) continue;
    const endpoint = catalogue.endpoints.get(mark)!;
    if (endpoint.placements.some((placement) => isWithin(placement, name))) continue;
    if (!catalogue.isSettled(endpoint.service.document.metadata.name)) continue;
    report.add(
      placeIn(domain.source, path),
      'mark-outside',
      `\`${mark}\` is not placed in \`${name}\`, so \`${name}\` cannot mark it`,
    );
  }
}

function judgeMechanism({ declaration, owner, path }: MechanismEntry, known: References, report: Report): void {
  for (const [index, { domain, subjects }] of (declaration.delegations ?? []).entries()) {
    known.domain({ name: domain, source: owner.source, path: [...path, 'delegations', index, 'domain'] });
    if (declaration.kind !== 'network') continue;
    for (const [position, subject] of subjects.entries()) {
      judgeCidr(subject, placeIn(owner.source, [...path, 'delegations', index, 'subjects', position]), report);
    }
  }
  if (declaration.kind !== 'network') return;
  for (const [index, cidr] of declaration.network.cidrs.entries()) {
    judgeCidr(cidr, placeIn(owner.source, [...path, 'network', 'cidrs', index]), report);
  }
}

function judgeCidr(text: string, place: ReturnType<typeof placeIn>, report: Report): void {
  if (parseCidr(text) !== undefined) return;
  report.add(
    place,
    'bad-cidr',
    `\`${text}\` is not a network: an address, \`/\` and a prefix length, like 10.1.0.0/16`,
  );
}
