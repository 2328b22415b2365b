import type { DocumentKind } from '#policy';
import type { Right } from './right.js';

/**
 * Who may change which part of a Domain. What is not named here asks for `ownership`: a part that a later version adds is
 * nobody's but the owner's until it gets a line. docs/administration.md has the same table for people.
 */
export const DOMAIN_PARTS: ReadonlyMap<string, Right> = new Map<string, Right>([
  ['boundary', 'exposure'],
  ['addresses', 'exposure'],
  ['discloseAccess', 'exposure'],
  ['mechanisms', 'mechanisms'],
  ['trust', 'mechanisms'],
  ['access', 'mechanisms'],
  ['recognizes', 'mechanisms'],
  // Guardrails, and who administers.
  ['zeroTrust', 'ownership'],
  ['egress', 'ownership'],
  ['suspended', 'ownership'],
  ['mode', 'ownership'],
  ['maxStalenessSeconds', 'ownership'],
  ['overlaps', 'ownership'],
  ['administrators', 'ownership'],
]);

/**
 * Who may change which part of a Service, in every domain that it is in. `hosts` and `endpoints` are judged endpoint by
 * endpoint, where each is placed; what is not named here asks for `ownership`.
 */
export const SERVICE_PARTS: ReadonlyMap<string, Right> = new Map<string, Right>([
  ['kind', 'members'],
  ['domains', 'members'],
  ['identities', 'members'],
  ['hosts', 'exposure'],
  ['endpoints', 'exposure'],
]);

/** Of a document that belongs to one domain: who may change it there. */
export const KIND_RIGHTS: { readonly [Kind in Exclude<DocumentKind, 'Domain' | 'Service' | 'Quota'>]: Right } = {
  Policy: 'rules',
  Test: 'rules',
  RoleSet: 'members',
  EntitySet: 'members',
  EnforcementPoint: 'mechanisms',
  // Of the domain that it suspends.
  Suspension: 'ownership',
  // Of the domain at whose top two people decide.
  FourEyes: 'ownership',
};
