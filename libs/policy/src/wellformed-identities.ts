import { type Cidr, parseAddress, parseCidr } from '#cel';
import type { Catalogue, MechanismEntry } from './catalogue.js';
import { isWithin } from './names.js';
import type { ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import type { Path } from './yaml.js';

interface Binding {
  readonly service: string;
  readonly subject: string;
  readonly source: ReadDocument;
  readonly path: Path;
}

/** Subjects a pattern stands for, as a stretch of an order: patterns overlap only by one holding the other. */
interface Region {
  /** Sorts regions so that one that holds another comes before it. */
  readonly key: string;
  holds(key: string): boolean;
}

/** No subject can match two services, and bindings keep to the namespaces delegated to their memberships. */
export function judgeIdentities(catalogue: Catalogue, known: References, report: Report): void {
  const bindings = new Map<string, Binding[]>();
  for (const [service, { document, source }] of catalogue.services) {
    const isSettled = catalogue.isSettled(service);
    for (const [index, { mechanism, subject }] of (document.spec.identities ?? []).entries()) {
      const path: Path = ['spec', 'identities', index];
      if (!known.mechanism({ name: mechanism, source, path: [...path, 'mechanism'] })) continue;
      const binding = { service, subject, source, path: [...path, 'subject'] };
      const entry = catalogue.mechanisms.get(mechanism)!;
      if (regionOf(subject, entry) === undefined) {
        const message = `\`${subject}\` is not a subject of the network mechanism \`${mechanism}\`: an address, or a network like 10.1.0.0/16`;
        report.add(placeIn(source, binding.path), 'bad-cidr', message);
        continue;
      }
      if (isSettled) judgeDelegation(binding, document.spec.domains ?? [], entry, report);
      const list = bindings.get(mechanism) ?? [];
      bindings.set(mechanism, list);
      list.push(binding);
    }
  }
  for (const [mechanism, list] of bindings) judgeOverlaps(list, catalogue.mechanisms.get(mechanism)!, report);
}

function judgeDelegation(
  binding: Binding,
  memberships: readonly string[],
  mechanism: MechanismEntry,
  report: Report,
): void {
  const delegations = mechanism.declaration.delegations;
  if (delegations === undefined) return;
  const allowed = delegations.filter(({ domain }) => memberships.some((membership) => isWithin(membership, domain)));
  const inner = regionOf(binding.subject, mechanism)!;
  if (allowed.some(({ subjects }) => subjects.some((subject) => regionOf(subject, mechanism)?.holds(inner.key))))
    return;
  const message = `\`${binding.subject}\` lies in no namespace that \`${mechanism.declaration.name}\` delegates to a domain of \`${binding.service}\``;
  report.add(placeIn(binding.source, binding.path), 'identity-not-delegated', message);
}

function judgeOverlaps(bindings: readonly Binding[], mechanism: MechanismEntry, report: Report): void {
  const ordered = bindings
    .map((binding) => ({ binding, region: regionOf(binding.subject, mechanism)! }))
    .sort((left, right) => (left.region.key < right.region.key ? -1 : left.region.key > right.region.key ? 1 : 0));
  // INVARIANT: `open` holds the regions that hold the last one looked at, outermost first.
  const open: { readonly binding: Binding; readonly region: Region }[] = [];
  for (const current of ordered) {
    while (open.length > 0 && !open.at(-1)!.region.holds(current.region.key)) open.pop();
    const rival = open.findLast(({ binding }) => binding.service !== current.binding.service);
    if (rival !== undefined) {
      const message = `a subject can match both \`${current.binding.subject}\` of \`${current.binding.service}\` and \`${rival.binding.subject}\` of \`${rival.binding.service}\`, at`;
      report.add(
        placeIn(current.binding.source, current.binding.path),
        'identity-conflict',
        message,
        placeIn(rival.binding.source, rival.binding.path),
      );
    }
    // A second pattern of the same service inside its first adds nothing: leaving it out keeps the stack short.
    if (open.at(-1)?.binding.service !== current.binding.service) open.push(current);
  }
}

function regionOf(subject: string, { declaration }: MechanismEntry): Region | undefined {
  if (declaration.kind === 'network') {
    const cidr = networkOf(subject);
    return cidr && cidrRegion(cidr);
  }
  // Subjects hold no control characters, so an exact key is held by its equal and by prefixes only.
  if (!subject.endsWith('**')) return { key: `${subject}\u0000`, holds: (key) => key === `${subject}\u0000` };
  const prefix = subject.slice(0, -2);
  return { key: prefix, holds: (key) => key.startsWith(prefix) };
}

function networkOf(subject: string): Cidr | undefined {
  const address = parseAddress(subject);
  if (address === undefined) return parseCidr(subject);
  return parseCidr(`${subject}/${address.family === 4 && !subject.includes(':') ? 32 : 128}`);
}

function cidrRegion(cidr: Cidr): Region {
  const width = cidr.address.family === 4 ? 32 : 128;
  const bits = cidr.address.bits.toString(2).padStart(width, '0').slice(0, cidr.prefixLength);
  const prefix = `${cidr.address.family}:${bits}`;
  return { key: prefix, holds: (key) => key.startsWith(prefix) };
}
