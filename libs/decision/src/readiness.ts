import { OUTSIDE, compile, decide, type AccessRequest, type Domain, type World } from '#engine';
import type { DecisionPoint } from './decision-point.js';
import type { LiveSnapshot } from './live-snapshot.js';

export type Readiness =
  | { readonly ready: true; readonly revision: number }
  | { readonly ready: false; readonly because: string };

/** Ready: a verified policy is in force, and the engine gives a built-in allow and a built-in deny. */
export function readiness(live: LiveSnapshot, decisionPoint: DecisionPoint): Readiness {
  const policy = live.inForce;
  if (decisionPoint.isClosed) return { ready: false, because: 'shutting down' };
  if (policy === undefined) return { ready: false, because: 'no policy is in force' };
  if (!engineAnswers()) return { ready: false, because: 'the engine fails its built-in checks' };
  return { ready: true, revision: policy.revision };
}

function engineAnswers(): boolean {
  try {
    const snapshot = compile(BUILT_IN);
    return (
      decide(snapshot, get('GET')).reason === 'ALLOW_SLOW' && decide(snapshot, get('POST')).reason === 'NO_ALLOW_RULE'
    );
  } catch {
    return false;
  }
}

function get(method: string): AccessRequest {
  return {
    target: { kind: 'address', host: 'built-in.invalid', method, path: '/' },
    evidence: [],
    headers: {},
    attributes: {},
    claimed: {},
    context: {},
    time: 0,
    askedFrom: OUTSIDE,
    policyAgeSeconds: 0,
    maxTtlSeconds: 0,
  };
}

const domain: Domain = {
  name: 'built-in',
  zeroTrust: false,
  egress: 'open',
  suspended: false,
  discloseAccess: false,
  access: ['anonymous'],
  recognizes: [],
  boundary: ['built-in/all'],
  addresses: [],
  administrators: [],
  rules: [
    {
      id: 'built-in/read',
      owner: 'built-in',
      effect: 'allow',
      direction: 'in',
      scope: 'self',
      mode: 'enforce',
      who: { anonymous: true },
      what: { methods: ['GET'] },
      obligations: [],
    },
  ],
  roles: [],
  directory: { assignments: new Map(), entities: new Map() },
};

const BUILT_IN: World = {
  domains: new Map([[domain.name, domain]]),
  outside: [],
  mechanisms: new Map(),
  services: new Map([
    [
      'built-in',
      {
        name: 'built-in',
        kind: 'workload',
        domains: ['built-in'],
        identities: [],
        endpoints: [
          {
            id: 'built-in/all',
            service: 'built-in',
            kind: 'http',
            hosts: ['built-in.invalid'],
            placements: ['built-in'],
            operations: [{ kind: 'http', methods: ['*'], path: '/**' }],
            trailingSlash: 'significant',
            encodedSlash: 'refuse',
            preflight: 'deny',
          },
        ],
      },
    ],
  ]),
  enforcementPoints: new Map(),
};
