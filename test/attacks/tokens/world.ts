import { sha256 } from '../../identity/identities.js';
import { type Keys, LOGIN, type SigningKey } from './mint.js';

/** The key of the one enforcement point. */
export const EDGE_KEY = 'edge.secret-of-edge';
/** Whoever shows a token that counts may read `GET https://shop.example/account`. */
export const ACCOUNT = { host: 'shop.example', method: 'GET', path: '/account' };

/** Mechanisms as strict and as generous as they come, and a shop that lets in who has a token of any of them. */
export function tokenWorld(keys: Keys): string {
  const { rsa, spare, pss, ec, ed } = keys;
  const all = setOf(rsa, spare, pss, ec, ed);
  const mechanisms = {
    login: { issuer: LOGIN, keys: all },
    // A key that says nothing of itself, not even its name.
    bare: {
      issuer: 'https://bare.acme.example/',
      keys: { inline: { keys: [rsa.publicKey.export({ format: 'jwk' })] } },
    },
    // A key that may do more than the mechanism wants.
    pinned: {
      issuer: 'https://pinned.acme.example/',
      algorithms: ['RS256'],
      keys: { inline: { keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' }] } },
    },
    wide: {
      issuer: 'https://wide.acme.example/',
      algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
      keys: setOf(rsa, pss, ec, ed, keys.rs384, keys.rs512, keys.ps384, keys.ps512, keys.es384, keys.es512),
    },
    odd: { issuer: 'https://odd.acme.example/', keys: oddKeys(keys) },
    brief: { issuer: 'https://brief.acme.example/', maxLifetimeSeconds: 60, keys: all },
    'own-claims': {
      issuer: 'https://claims.acme.example/',
      subjectClaim: 'email',
      groupsClaim: 'teams',
      scopesClaim: 'scp',
      keys: all,
    },
    admin: { issuer: LOGIN, audiences: ['admin-api'], header: 'x-admin-token', leewaySeconds: 0, keys: all },
  };
  const names = Object.keys(mechanisms);
  const declared = Object.entries(mechanisms).map(([name, settings]) =>
    JSON.stringify({ name, role: 'access', kind: 'jwt', jwt: { audiences: ['acme-api'], ...settings } }),
  );
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [${names.join(', ')}]
  boundary: ["shop/*"]
  mechanisms:
${declared.map((mechanism) => `    - ${mechanism}`).join('\n')}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: shop }
spec: { domains: [acme], hosts: [shop.example], endpoints: [{ name: account, operations: [{ path: /account }] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec: { rules: [{ id: read, effect: allow, who: { mechanisms: [${names.join(', ')}] } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec: { credentials: [{ kind: apiKey, id: edge, sha256: "${sha256('secret-of-edge')}" }] }
`;
}

function setOf(...keys: readonly SigningKey[]): object {
  return { inline: { keys: keys.map(published) } };
}

/** Keys that no token can be verified with, published under names and algorithms as if it could. */
function oddKeys({ ed448, otherCurve, koblitz, short, sealing }: Keys): object {
  return {
    inline: { keys: [...[ed448, otherCurve, koblitz, short].map(published), { ...published(sealing), use: 'enc' }] },
  };
}

function published({ kid, algorithm, publicKey }: SigningKey): object {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
}
