/** Random requests to random worlds, for models of what a configuration does with them. */
import fc from 'fast-check';
import { type AccessRequest, compile, decide, type Evidence, type World } from '#engine';
import { meshExport, type MeshExport, type MeshTarget } from '#mesh-export';
import { requestsFor } from '#verification';
import { NOW, worlds } from '../properties/worlds.js';

export interface Asked {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** A SPIFFE ID, or none. */
  readonly subject: string | undefined;
}

/** What a configuration does with a request to a service; undefined: it has nothing to do with that service. */
export type Model = (resources: readonly object[], asked: Asked, service: string) => boolean | undefined;

const REQUESTS_A_WORLD = 60;

/**
 * Holds a model to both directions: what passes where the undecided is refused Dharma allows, and what is refused where
 * it passes Dharma denies. Requests are such as are written one way only.
 */
export function expectBetween(target: MeshTarget, model: Model, numRuns: number): Record<string, number> {
  const seen = { passed: 0, refused: 0, open: 0 };
  fc.assert(
    fc.property(worlds, fc.nat(), ({ world }, seed) => {
      const trustDomains = new Map(
        [...world.mechanisms.values()].filter(({ kind }) => kind === 'spiffe').map(({ name }) => [name, 'x.example']),
      );
      const exported = (undecided: 'refuse' | 'pass'): MeshExport =>
        meshExport(withNamespaces(world), trustDomains, { target, undecided, now: NOW, podLabel: 'app', port: 80 });
      const [refusing, passing] = [exported('refuse').resources, exported('pass').resources];
      const snapshot = compile(withNamespaces(world));
      const subjects = [undefined, ...subjectsIn(withNamespaces(world)), 'spiffe://x.example/ns/nobody/sa/x'];
      let count = 0;
      for (const random of requestsFor(world, seed)) {
        if (count++ === REQUESTS_A_WORLD) break;
        if (random.target.kind !== 'address' || !isPlain(random.target)) continue;
        const { host, method, path } = random.target;
        const service = /(?:^|\.)(s\d)\.example$/.exec(host)?.[1];
        if (service === undefined) continue;
        const subject = subjects[count % subjects.length];
        const request: AccessRequest = {
          ...random,
          evidence: [
            ...(subject === undefined ? [] : evidenceOf(subject, trustDomains)),
            ...random.evidence.filter(({ role }) => role === 'access'),
          ],
          time: NOW,
          askedFrom: '*',
          carries: [],
        };
        const { decision } = decide(snapshot, request);
        const asked = { host, method, path: path.split('?')[0]!, subject };
        const [low, high] = [model(refusing, asked, service), model(passing, asked, service)];
        if (low === undefined) continue;
        if (low) expect({ asked, decision }).toEqual({ asked, decision: 'allow' });
        if (!high) expect({ asked, decision }).toEqual({ asked, decision: 'deny' });
        seen[low ? 'passed' : high ? 'open' : 'refused']++;
      }
    }),
    { numRuns },
  );
  return seen;
}

/** Random worlds know no Kubernetes; each of their services gets a namespace of its own. */
export function withNamespaces(world: World): World {
  const services = [...world.services].map(([name, service]) => {
    const identities = service.identities.map(({ mechanism, subject }) => ({
      mechanism,
      subject: subject.replace(/^spiffe:\/\/x\.example\/(s\d+)\/(\*\*|main)$/, (_, own: string, rest: string) =>
        rest === '**' ? `spiffe://x.example/ns/${own}/**` : `spiffe://x.example/ns/${own}/sa/main`,
      ),
    }));
    return [name, { ...service, identities }] as const;
  });
  return { ...world, services: new Map(services) };
}

function subjectsIn(world: World): readonly string[] {
  return [...world.services.values()]
    .flatMap(({ identities }) => identities)
    .filter(({ subject }) => subject.startsWith('spiffe:'))
    .map(({ subject }) => subject.replace('**', 'sa/other'));
}

function evidenceOf(subject: string, trustDomains: ReadonlyMap<string, string>): readonly Evidence[] {
  return [...trustDomains.keys()].map((mechanism) => ({
    role: 'trust',
    mechanism,
    subject,
    verified: true,
    scopes: [],
    groups: [],
    claims: {},
    attributes: {},
  }));
}

function isPlain({ host, path }: { readonly host: string; readonly path: string }): boolean {
  return (
    /^[a-z0-9.]+[a-z0-9]$/.test(host) &&
    /^(?:\/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*\/?$/.test(path.split('?')[0]!) &&
    !/[#%\s]/.test(path) &&
    path !== '' &&
    isAscii(path)
  );
}

function isAscii(text: string): boolean {
  return /^[!-~]*$/.test(text);
}
