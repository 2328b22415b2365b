import { type Cidr, parseCidr } from '#cel';
import type { Catalogue } from './catalogue.js';
import type { Place } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';

interface Network {
  readonly text: string;
  readonly cidr: Cidr;
  readonly owner: string;
  readonly at: Place;
}

interface Proof {
  readonly owner: string;
  readonly at: Place;
}

/** Every caller is at most one enforcement point, and what it may assert exists. */
export function judgeEnforcementPoints(catalogue: Catalogue, known: References, report: Report): void {
  const networks: Network[] = [];
  const proofs = new Map<string, Proof>();
  for (const [owner, { document, source }] of catalogue.enforcementPoints) {
    known.domain({ name: document.metadata.domain, source, path: ['metadata', 'domain'] });
    for (const [index, name] of (document.spec.mayAssert ?? []).entries()) {
      known.mechanism({ name, source, path: ['spec', 'mayAssert', index] });
    }
    for (const [index, credential] of (document.spec.credentials ?? []).entries()) {
      const path = ['spec', 'credentials', index];
      if (credential.kind === 'network') {
        for (const [position, text] of credential.cidrs.entries()) {
          const at = placeIn(source, [...path, 'cidrs', position]);
          const cidr = judgeNetwork(text, at, report);
          if (cidr !== undefined) networks.push({ text, cidr, owner, at });
        }
        continue;
      }
      const proof = credential.kind === 'unixSocket' ? 'unixSocket' : `${credential.kind} \`${credential.id}\``;
      const at = placeIn(source, path);
      const first = proofs.get(proof);
      if (first === undefined) {
        proofs.set(proof, { owner, at });
      } else if (first.owner !== owner) {
        const code = credential.kind === 'unixSocket' ? 'unix-socket-conflict' : 'credential-conflict';
        report.add(
          at,
          code,
          `${proof} stands for \`${first.owner}\` too, so nobody could tell the two apart; at`,
          first.at,
        );
      }
    }
  }
  judgeSharedAddresses(networks, report);
}

function judgeNetwork(text: string, at: Place, report: Report): Cidr | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    report.add(
      at,
      'bad-cidr',
      `\`${text}\` is not a network: an address, \`/\` and a prefix length, like 127.0.0.1/32`,
    );
  } else if (cidr.prefixLength === 0) {
    report.add(at, 'network-too-wide', `\`${text}\` is every address there is; name the ones you mean`);
    return undefined;
  }
  return cidr;
}

/** Networks overlap only by one holding the other, so in the order of their bits a short stack of open ones is enough. */
function judgeSharedAddresses(networks: readonly Network[], report: Report): void {
  const ordered = networks
    .map((network) => ({ network, bits: bitsOf(network.cidr) }))
    .sort((left, right) => (left.bits < right.bits ? -1 : left.bits > right.bits ? 1 : 0));
  const open: { readonly network: Network; readonly bits: string }[] = [];
  for (const current of ordered) {
    while (open.length > 0 && !current.bits.startsWith(open.at(-1)!.bits)) open.pop();
    const rival = open.findLast(({ network }) => network.owner !== current.network.owner)?.network;
    if (rival !== undefined) {
      report.add(
        current.network.at,
        'network-conflict',
        `\`${current.network.text}\` shares addresses with \`${rival.text}\` of \`${rival.owner}\`, at`,
        rival.at,
      );
    }
    if (open.at(-1)?.network.owner !== current.network.owner) open.push(current);
  }
}

function bitsOf({ address, prefixLength }: Cidr): string {
  return `${address.family}:${address.bits
    .toString(2)
    .padStart(address.family === 4 ? 32 : 128, '0')
    .slice(0, prefixLength)}`;
}
