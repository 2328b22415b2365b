import { expectRefusal, type Refused } from './sound-set.js';

const refused: Refused = [
  ['every ancestor exists', { partner: ['name: partner', 'name: partner.sub'] }, 'missing-ancestor', 'partner.yaml:3'],
  [
    'a trust set holds trust mechanisms',
    { partner: ['trust: [partner-mtls]', 'trust: [acme-oauth]'] },
    'mechanism-role',
    'partner.yaml:4',
  ],
  [
    'an access set holds access mechanisms',
    { acme: ['access: [acme-oauth]', 'access: [acme-spiffe]'] },
    'mechanism-role',
    'acme.yaml:11',
  ],
  [
    'mechanisms are named only where they exist',
    { partner: ['trust: [partner-mtls]', 'trust: [partner-mtsl]'] },
    'unknown-mechanism',
    'partner.yaml:4',
  ],
  [
    '`anonymous` is no trust mechanism',
    { partner: ['trust: [partner-mtls]', 'trust: [anonymous]'] },
    'unknown-mechanism',
    'partner.yaml:4',
  ],
  ['no mechanism is called anonymous', { acme: ['name: acme-key', 'name: anonymous'] }, 'invalid-value', 'acme.yaml:9'],
  [
    'only its owner trusts a network mechanism',
    { shop: ['spec: {', 'spec: { trust: [acme-net],'] },
    'network-mechanism',
    'shop.yaml:4',
  ],
  [
    'a network mechanism is trust only',
    { acme: ['acme-net, role: trust', 'acme-net, role: access'] },
    'invalid-value',
    'acme.yaml:7',
  ],
  [
    'API keys are access only',
    { acme: ['acme-key, role: access', 'acme-key, role: trust'] },
    'invalid-value',
    'acme.yaml:9',
  ],
  [
    'the settings of a kind are its own',
    { acme: ['apiKey: { header: x-acme-key } }', 'apiKey: { header: x-acme-key }, mtls: { match: dns } }'] },
    'unknown-member',
    'acme.yaml:9',
  ],
  ['a kind has its settings', { acme: [', apiKey: { header: x-acme-key }', ''] }, 'missing-member', 'acme.yaml:9'],
  [
    'a principal type is not reserved',
    { acme: ['audiences: [a]', 'audiences: [a], principalType: group'] },
    'invalid-value',
    'acme.yaml:8',
  ],
  [
    'mechanisms are unique in the world',
    { partner: ['mechanisms: [', 'mechanisms: [{ name: acme-key, role: trust, kind: mtls, mtls: { match: dns } }, '] },
    'duplicate-mechanism',
    'partner.yaml:4',
  ],
  ['networks are networks', { acme: ['10.0.0.0/8', '10.0.0/8'] }, 'bad-cidr', 'acme.yaml:7'],
  [
    "a child's claim lies within an ancestor's",
    { shop: ['addresses: [shop.acme.example]', 'addresses: [shop.example]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'a suffix does not hold the name itself',
    { shop: ['addresses: [shop.acme.example]', 'addresses: [acme.example]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'prefixes are whole segments',
    { shop: ['addresses: [shop.acme.example]', 'addresses: [shared.example/acmeshop]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'unrelated domains do not claim one region',
    { partner: ['spec: {', 'spec: { addresses: ["*.acme.example"],'] },
    'claim-conflict',
    'partner.yaml:4',
  ],
  [
    'claims are canonical',
    { partner: ['spec: {', 'spec: { addresses: [partner.example/x/],'] },
    'bad-claim',
    'partner.yaml:4',
  ],
  [
    'a mark is placed in the subtree',
    { depot: ['spec: {', 'spec: { boundary: [orders/list],'] },
    'mark-outside',
    'depot.yaml:4',
  ],
  [
    'an external endpoint cannot be marked',
    { depot: ['spec: {', 'spec: { boundary: [mail/all],'] },
    'mark-outside',
    'depot.yaml:4',
  ],
  ['marks name endpoints that exist', { shop: ['orders/list', 'orders/lst'] }, 'unknown-endpoint', 'shop.yaml:4'],
  ['marks name services that exist', { shop: ['orders/list', 'ordrs/*'] }, 'unknown-service', 'shop.yaml:4'],
];

describe('a set of documents', () => {
  it.each(refused)('is refused because of its domains: %s', (_, change, code, at) => expectRefusal(change, code, at));
});
