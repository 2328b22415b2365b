import { z } from 'zod';
import {
  attributes,
  domainName,
  endpointReference,
  entityType,
  flag,
  headerName,
  instant,
  kind,
  line,
  metadata,
  name,
  principalType,
  record,
  seconds,
  sha256,
  some,
  typedId,
} from './declaration.js';

export const ADMINISTRATOR_ROLES = [
  'owner',
  'policy-admin',
  'exposure-admin',
  'mechanism-admin',
  'member-admin',
  'auditor',
] as const;

const reportedIn = headerName
  .optional()
  .meta({ description: 'Header in which an entitled enforcement point reports it.' });
const credentialHeader = headerName
  .optional()
  .meta({ description: 'Header the credential comes in; default `authorization` (Bearer).' });
const namedType = principalType.optional().meta({ description: 'Type of the principals its credentials name.' });
const claimName = line.optional();

const mtls = record({
  match: z.enum(['dns', 'subject', 'organizationalUnit', 'fingerprint']),
  header: reportedIn,
  principalType: namedType,
});
const network = record({ cidrs: some(line) });
const keySource = record({
  url: line.optional(),
  file: line.optional(),
  inline: record({ keys: z.array(attributes) }).optional(),
})
  .refine((keys) => Object.values(keys).filter((value) => value !== undefined).length === 1, {
    error: 'one of `url`, `file` and `inline`',
  })
  .meta({ minProperties: 1, maxProperties: 1 });
const leewaySeconds = seconds.optional().meta({ description: 'Default 60.' });
const maxLifetimeSeconds = seconds.optional().meta({ description: 'Default 86400.' });
const claimPath = 'The name of the claim, or a path to it with dots.';
const claims = {
  subjectClaim: claimName.meta({ description: `Default \`sub\`. ${claimPath}` }),
  groupsClaim: claimName.meta({ description: `Default \`groups\`. ${claimPath}` }),
  scopesClaim: claimName.meta({ description: `Default \`scope\`. ${claimPath}` }),
  clientClaim: claimName.meta({ description: `Default \`azp\`, else \`client_id\`. ${claimPath}` }),
};
const jwt = record({
  issuer: line,
  audiences: some(line),
  keys: keySource.optional().meta({ description: 'Absent: found by OIDC discovery from the issuer.' }),
  algorithms: some(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .optional()
    .meta({ description: 'Default RS256, PS256, ES256, EdDSA.' }),
  header: credentialHeader,
  principalType: namedType,
  ...claims,
  maxLifetimeSeconds,
  leewaySeconds,
});
const spiffe = record({
  trustDomain: line,
  header: reportedIn,
  principalType: namedType,
  jwtSvid: record({
    audiences: some(line),
    keys: keySource.meta({ description: 'The bundle of the trust domain.' }),
    header: credentialHeader,
    maxLifetimeSeconds,
    leewaySeconds,
  })
    .optional()
    .meta({ description: 'Present: JWT-SVIDs of the trust domain count too.' }),
});
const introspection = record({
  url: line,
  clientId: line,
  clientSecretFile: line,
  header: credentialHeader,
  principalType: namedType,
  issuer: line.optional().meta({ description: 'What `iss` must say. Absent: whatever it says.' }),
  audiences: some(line).optional().meta({ description: 'Of which `aud` must name one. Absent: whatever it says.' }),
  cacheSeconds: seconds
    .optional()
    .meta({ description: 'Longest time for which an answer counts without asking again. Default 300.' }),
  ...claims,
});
const apiKey = record({
  header: headerName,
  keys: z
    .array(
      record({
        id: name,
        sha256,
        subject: line,
        scopes: z.array(line).optional(),
        groups: z.array(line).optional(),
        notAfter: instant.optional(),
      }),
    )
    .optional(),
  principalType: namedType,
});
const asserted = record({ principalType: namedType, header: reportedIn });

const delegation = record({ domain: domainName, subjects: some(line) });
const mechanismName = name.refine((text) => text !== 'anonymous', {
  error: 'a mechanism: the name is reserved for callers without credential',
});

function mechanism<Kind extends string, Role extends z.ZodType, Settings extends z.ZodRawShape>(
  kindName: Kind,
  role: Role,
  settings: Settings,
) {
  return record({
    name: mechanismName,
    role,
    kind: z.literal(kindName),
    ...settings,
    delegations: z.array(delegation).optional().meta({ description: 'Which domains may bind which subjects.' }),
    assertableBy: z
      .array(name)
      .optional()
      .meta({ description: "Enforcement points outside the owner's subtree that may assert it." }),
  });
}

const either = z.enum(['trust', 'access']);
const trustOnly = z.enum(['trust']);
const accessOnly = z.enum(['access']);

export const mechanismDeclaration = z.discriminatedUnion('kind', [
  mechanism('spiffe', either, { spiffe }),
  mechanism('mtls', either, { mtls }),
  mechanism('network', trustOnly, { network }),
  mechanism('jwt', either, { jwt }),
  mechanism('introspection', accessOnly, { introspection }),
  mechanism('apiKey', accessOnly, { apiKey }),
  mechanism('asserted', accessOnly, { asserted: asserted.optional() }),
]);
export type MechanismDeclaration = z.infer<typeof mechanismDeclaration>;

export const domainDocument = kind(
  'Domain',
  metadata({ name: domainName.meta({ description: '`acme.booking.flights` lies in `acme.booking`.' }) }),
  record({
    zeroTrust: flag.optional().meta({ description: 'A rule is needed even inside. Default false.' }),
    egress: z
      .enum(['open', 'closed'])
      .optional()
      .meta({ description: 'Whether leaving needs an out-allow. Default open.' }),
    suspended: flag.optional().meta({ description: 'Default false.' }),
    mode: z.enum(['enforce', 'report']).optional().meta({ description: 'Absent: inherited; at the top enforce.' }),
    discloseAccess: flag
      .optional()
      .meta({ description: 'Whether answers may name the accepted mechanisms. Default true.' }),
    maxStalenessSeconds: seconds.optional().meta({ description: 'Policy older than this denies here. Absent: never.' }),
    mechanisms: z.array(mechanismDeclaration).optional().meta({ description: 'Mechanisms this domain owns.' }),
    trust: z.array(name).optional().meta({ description: 'Absent: inherited. Empty: sealed.' }),
    access: z
      .array(name)
      .optional()
      .meta({ description: 'May contain `anonymous`. Absent: inherited. Empty: sealed.' }),
    recognizes: z
      .array(name)
      .optional()
      .meta({ description: 'Trust mechanisms of domains below that also prove membership here.' }),
    boundary: z.array(endpointReference).optional().meta({ description: 'Endpoints let in from outside.' }),
    addresses: z
      .array(line)
      .optional()
      .meta({ description: 'Hosts, optionally with a path prefix, that only services below may answer.' }),
    overlaps: z.array(domainName).optional().meta({ description: 'Accepted overlaps; both sides list each other.' }),
    administrators: z
      .array(record({ role: z.enum(ADMINISTRATOR_ROLES), principals: some(typedId) }))
      .optional()
      .meta({ description: 'Delegated administration of the whole subtree.' }),
  }),
);
export type DomainDocument = z.infer<typeof domainDocument>;

/** Made by the server when an operator suspends a domain; its name is the domain's. */
export const suspensionDocument = kind(
  'Suspension',
  metadata({ name: domainName.meta({ description: 'The domain that is suspended.' }) }),
  record({ because: z.string().optional() }),
);
export type SuspensionDocument = z.infer<typeof suspensionDocument>;

/** What can be limited in a domain and everything below it. */
export const QUOTA_MEASURES = ['documents', 'rules', 'assignments', 'entities', 'endpoints', 'cases'] as const;
export type QuotaMeasure = (typeof QUOTA_MEASURES)[number];

const most = z.int().min(0).max(1_000_000_000).optional();

/** Made by the server when an operator limits a subtree; its name is the domain's. It decides nothing. */
export const quotaDocument = kind(
  'Quota',
  metadata({ name: domainName.meta({ description: 'The top of the subtree that is limited.' }) }),
  record({
    documents: most,
    rules: most,
    assignments: most,
    entities: most,
    endpoints: most,
    cases: most,
  } satisfies { readonly [Measure in QuotaMeasure]: unknown }),
);
export type QuotaDocument = z.infer<typeof quotaDocument>;

/** Made by the server when an operator has two people decide in a subtree; its name is the domain's. It decides nothing. */
export const fourEyesDocument = kind(
  'FourEyes',
  metadata({ name: domainName.meta({ description: 'The top of the subtree in which two people decide.' }) }),
  record({ because: z.string().optional() }),
);
export type FourEyesDocument = z.infer<typeof fourEyesDocument>;

export const roleSetDocument = kind(
  'RoleSet',
  metadata({ name, domain: domainName }),
  record({
    roles: z.array(record({ name: line, inherits: z.array(line).optional() })).optional(),
    assignments: z.array(record({ role: line, principals: some(typedId) })).optional(),
  }),
);
export type RoleSetDocument = z.infer<typeof roleSetDocument>;

export const entitySetDocument = kind(
  'EntitySet',
  metadata({ name, domain: domainName }),
  record({ entities: z.array(record({ type: entityType, id: line, attributes: attributes.optional() })).optional() }),
);
export type EntitySetDocument = z.infer<typeof entitySetDocument>;

export const enforcementPointDocument = kind(
  'EnforcementPoint',
  metadata({ name, domain: domainName }),
  record({
    credentials: z
      .array(
        z.discriminatedUnion('kind', [
          record({ kind: z.literal('apiKey'), id: name, sha256 }),
          record({ kind: z.literal('spiffe'), id: line }),
          record({ kind: z.literal('network'), cidrs: some(line) }),
          record({ kind: z.literal('unixSocket') }),
        ]),
      )
      .optional()
      .meta({ description: 'How it proves itself; any one suffices.' }),
    mayAssert: z.array(name).optional().meta({ description: 'Mechanisms whose evidence is believed from it.' }),
    mayExplain: flag.optional().meta({ description: 'Default false.' }),
  }),
);
export type EnforcementPointDocument = z.infer<typeof enforcementPointDocument>;
