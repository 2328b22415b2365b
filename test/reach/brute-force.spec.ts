/** What a search says of a random world, against everything that random requests try in it. */
import fc from 'fast-check';
import {
  type AccessRequest,
  boundService,
  compile,
  decide,
  type Outcome,
  provenDomains,
  specify,
  type World,
} from '#engine';
import { type Callers, Effort, eachOf, type Finding, judge, othersThan, Reachability } from '#reach';
import { requestsFor } from '#verification';
import { NOW, situations, type Generated } from '../properties/worlds.js';

const REQUESTS = 60;
const TRIES = 120;
const IS_LONG = process.env['DHARMA_LONG'] === '1';
const WORLDS = IS_LONG ? 500 : 15;

/** A world whose answers hang on nothing but who asks for what. */
function unconditional(world: World): World {
  const domains = [...world.domains].map(([name, domain]) => {
    const rules = domain.rules
      .filter(({ effect, when }) => effect === 'allow' || when === undefined)
      .map((rule) => ({ ...rule, when: undefined, obligations: [] }));
    return [name, { ...domain, rules }] as const;
  });
  return { ...world, domains: new Map(domains), outside: world.outside.filter(({ when }) => when === undefined) };
}

/** A world in which every other rule reads what a request holds. */
function conditional(world: World): World {
  const when = 'has(attributes.country) && attributes.country == "PT"';
  const domains = [...world.domains].map(([name, domain]) => {
    const rules = domain.rules.map((rule, index) => (index % 2 === 0 ? rule : { ...rule, when: rule.when ?? when }));
    return [name, { ...domain, rules }] as const;
  });
  return { ...world, domains: new Map(domains) };
}

/** A request as the search means it: at its time, by a fresh policy, of a gateway that can do everything. */
function plain(request: AccessRequest): AccessRequest {
  const { carries: _carries, ...rest } = request;
  return { ...rest, time: NOW, policyAgeSeconds: 0, askedFrom: '*' };
}

function* tries(generated: Generated, drawn: readonly AccessRequest[], seed: number): Generator<AccessRequest> {
  yield* drawn;
  const more = requestsFor(generated.world, seed)[Symbol.iterator]();
  for (let count = 0; count < TRIES; count++) yield more.next().value as AccessRequest;
}

describe('a search for callers that get through, in random worlds', () => {
  const seen = { allowed: 0, conditional: 0, byService: 0, byCredential: 0 };

  it.each`
    because                                      | change
    ${'is exact where nothing hangs on'}         | ${unconditional}
    ${'is sound where conditions read requests'} | ${conditional}
  `('$because', ({ change }: { change: (world: World) => World }) => {
    const isExact = change === unconditional;
    fc.assert(
      fc.property(situations(REQUESTS), fc.nat(), ({ generated, requests }, seed) => {
        const world = change(generated.world);
        const snapshot = compile(world);
        const reachability = new Reachability(world, snapshot, NOW, new Effort(20_000_000));
        const found = new Map<string, Finding>();
        /** @param isMeant  whether a caller is one that was looked for */
        const ask = (key: string, search: () => Finding, isMeant: (request: AccessRequest) => boolean): Finding => {
          let finding = found.get(key);
          if (finding === undefined) {
            finding = search();
            found.set(key, finding);
            check(finding);
            if ('witness' in finding) expect(isMeant(finding.witness.request)).toBe(true);
          }
          return finding;
        };
        const everybody = new Map<string, ReadonlySet<string>>();
        const reached = new Map<string, boolean>();
        const standsIn = (request: AccessRequest, name: string): boolean =>
          provenDomains(snapshot, request).some((domain) => within(domain, name));
        const check = (finding: Finding): void => {
          expect(finding.kind).not.toBe('undecided');
          if (finding.kind === 'allowed') {
            const { request, outcome } = finding.witness;
            expect(specify(world, request)).toEqual(outcome);
            expect(outcome.decision).toBe('allow');
          }
          if (isExact) expect(finding.kind).not.toBe('conditional');
          if (finding.kind === 'allowed' || finding.kind === 'conditional') seen[finding.kind]++;
        };
        const mayReach = (finding: Finding): void => {
          expect(isExact ? ['allowed'] : ['allowed', 'conditional']).toContain(finding.kind);
        };
        if (!isExact) askForEach(world, reachability, check);
        for (const asked of tries(generated, requests, seed)) {
          const request = plain(asked);
          const outcome: Outcome = decide(snapshot, request);
          if (outcome.decision === 'deny') continue;
          const endpoint = outcome.endpoint!;
          const others = (key: string, callers: Callers, isMeant: (request: AccessRequest) => boolean): void =>
            mayReach(ask(`${endpoint} ${key}`, () => reachability.find(endpoint, {}, othersThan(callers)), isMeant));
          others('', {}, () => true);
          const { actor } = outcome;
          if (actor !== null) {
            seen.byService++;
            const { wanted } = [...eachOf({ services: [actor] })][0]!;
            const isActor = (one: AccessRequest): boolean => actorOf(world, one) === actor;
            mayReach(ask(`${endpoint} ${actor}`, () => reachability.find(endpoint, {}, wanted), isActor));
            // Whoever gets through is one of the others for every set that it is not in.
            for (const name of generated.domains.filter((domain) => !standsIn(request, domain)))
              others(`not ${name}`, { domains: [name] }, (one) => !standsIn(one, name));
            if (!everybody.has(endpoint)) everybody.set(endpoint, everybodyAt(reachability, endpoint, check));
            if (outcome.meeting !== '*') expect(everybody.get(endpoint)!.has(actor)).toBe(true);
          } else {
            const all = { services: [...world.services.keys()], domains: generated.domains };
            others('outside', all, (one) => provenDomains(snapshot, one).length === 0);
          }
          for (const mechanism of generated.access.filter((name) => !brings(request, name)))
            others(`without ${mechanism}`, { mechanisms: [mechanism] }, (one) => !brings(one, mechanism));
          for (const mechanism of generated.access.filter((name) => proves(request, name))) {
            const key = `${endpoint} ${mechanism}`;
            if (!reached.has(key)) reached.set(key, reachedBy(reachability, endpoint, mechanism));
            seen.byCredential++;
            expect(reached.get(key)).toBe(true);
          }
        }
      }),
      // Of a few worlds, which ones decides what they show: the same ones each time.
      { numRuns: WORLDS, ...(IS_LONG ? {} : { seed: 20_261_126 }) },
    );
  });

  afterAll(() => {
    // A law that never sees what it is about proves nothing.
    expect(seen.allowed).toBeGreaterThan(50);
    expect(seen.conditional).toBeGreaterThan(10);
    expect(seen.byService).toBeGreaterThan(50);
    expect(seen.byCredential).toBeGreaterThan(50);
  });
});

/** Services that are said to get through; each is alike to the one that it is said to be like. */
function everybodyAt(
  reachability: Reachability,
  endpoint: string,
  check: (finding: Finding) => void,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const finding of reachability.everybody(endpoint, {})) {
    check(finding);
    if (!('witness' in finding)) continue;
    const { service, alike } = finding.witness;
    for (const { wanted } of eachOf({ services: [...alike] })) {
      const likewise = reachability.find(endpoint, {}, wanted).kind;
      expect(likewise === 'allowed' || likewise === finding.kind).toBe(true);
    }
    for (const name of service === undefined ? [] : [service, ...alike]) names.add(name);
  }
  return names;
}

/** Whether an assertion that nobody with a credential of this mechanism gets through is shown to be wrong. */
function reachedBy(reachability: Reachability, endpoint: string, mechanism: string): boolean {
  const { objections } = judge(reachability, {
    form: 'none',
    callers: { mechanisms: [mechanism] },
    endpoints: [endpoint],
  });
  return objections.some((one) => one.kind === 'reached' && brings(one.witness.request, mechanism));
}

function actorOf(world: World, { evidence }: AccessRequest): string | undefined {
  const trust = evidence.filter(({ role }) => role === 'trust');
  const services = trust.map((item) => boundService(world, item, world.mechanisms.get(item.mechanism)!)?.name);
  return services[0];
}

/** Plain chance seldom asks about what hangs on conditions alone. */
function askForEach(world: World, reachability: Reachability, check: (finding: Finding) => void): void {
  const endpoints = [...world.services.values()].flatMap((service) => service.endpoints).slice(0, 4);
  for (const { id } of endpoints) {
    for (const { wanted } of eachOf({ services: [...world.services.keys()] })) {
      const finding = reachability.find(id, {}, wanted);
      if (finding.kind === 'conditional' || finding.kind === 'allowed') check(finding);
    }
  }
}

function within(name: string, ancestor: string): boolean {
  return name === ancestor || name.startsWith(`${ancestor}.`);
}

/** Brings a credential of it that counts. */
function proves({ evidence }: AccessRequest, mechanism: string): boolean {
  return evidence.some(
    (item) =>
      item.mechanism === mechanism &&
      item.role === 'access' &&
      item.verified &&
      (item.expiresAt === undefined || item.expiresAt > NOW),
  );
}

function brings({ evidence }: AccessRequest, mechanism: string): boolean {
  return evidence.some((item) => item.mechanism === mechanism);
}
