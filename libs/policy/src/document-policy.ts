import { z } from 'zod';
import {
  attributes,
  domainName,
  domainOrOutside,
  endpointReference,
  flag,
  headerName,
  instant,
  kind,
  line,
  metadata,
  name,
  parameterName,
  record,
  ruleId,
  some,
  token,
  typedId,
} from './declaration.js';

const identity = record({
  mechanism: name,
  subject: line.meta({ description: '`**` ends a pattern; an address or CIDR for `network`.' }),
});

const httpOperation = record({
  methods: some(token).optional().meta({ description: 'Default every method.' }),
  path: line,
});
const rpcOperation = record({ rpc: line });
const topicOperation = record({ topic: line, actions: some(line).optional() });
const resourceOperation = record({ resourceType: line, actions: some(line).optional() });

function endpointOf<Kind extends z.ZodType, Operations extends z.ZodType>(kindSchema: Kind, operations: Operations) {
  return record({
    name,
    kind: kindSchema,
    hosts: z.array(line).optional().meta({ description: "Replaces the service's." }),
    domains: z.array(domainName).optional().meta({ description: 'Placements within the memberships. Default all.' }),
    operations,
    trailingSlash: z.enum(['significant', 'ignore']).optional().meta({ description: 'Default significant.' }),
    encodedSlash: z.enum(['refuse', 'allow']).optional().meta({ description: 'Default refuse.' }),
    preflight: z
      .enum(['deny', 'allow'])
      .optional()
      .meta({ description: 'Whether CORS preflight passes without credentials. Default deny.' }),
  });
}

/** The kind tells the shapes apart; its absence means `http`. */
const endpoint = z.discriminatedUnion('kind', [
  endpointOf(z.literal('http').optional(), some(httpOperation).optional()),
  endpointOf(z.literal('grpc'), some(rpcOperation).optional()),
  endpointOf(z.literal('async'), some(topicOperation).optional()),
  endpointOf(z.literal('resource'), some(resourceOperation)),
]);
export type EndpointDeclaration = z.infer<typeof endpoint>;

export const serviceDocument = kind(
  'Service',
  metadata({ name }),
  record({
    kind: z
      .enum(['workload', 'gateway', 'proxy', 'broker', 'external'])
      .optional()
      .meta({ description: 'Default workload.' }),
    domains: z.array(domainName).optional().meta({ description: 'Memberships; required, and forbidden for external.' }),
    identities: z.array(identity).optional().meta({ description: 'What its instances prove themselves with.' }),
    hosts: z.array(line).optional().meta({ description: 'Default for its endpoints.' }),
    endpoints: some(endpoint).optional().meta({ description: 'Absent: one endpoint `all` for every operation.' }),
  }),
);
export type ServiceDocument = z.infer<typeof serviceDocument>;

const obligation = z.discriminatedUnion('kind', [
  record({ kind: z.literal('setHeader'), name: headerName, value: z.string(), critical: flag.optional() }),
  record({ kind: z.literal('removeHeader'), name: headerName, critical: flag.optional() }),
  record({
    kind: z.literal('setQueryParameter'),
    name: parameterName.meta({ description: 'Case counts.' }),
    value: z.string().meta({ description: 'Without escapes: the parameter is set to this text, escaped as needed.' }),
    critical: flag.optional(),
  }),
  record({
    kind: z.literal('removeQueryParameter'),
    name: parameterName.meta({ description: 'Case counts.' }),
    critical: flag.optional(),
  }),
  record({ kind: z.literal('rateLimit'), key: z.string(), class: line, critical: flag.optional() }),
]);
export type ObligationDeclaration = z.infer<typeof obligation>;

const who = record({
  anonymous: flag.optional().meta({ description: 'Lets this allow also match callers without credential.' }),
  domains: some(domainOrOutside).optional(),
  services: some(name).optional(),
  mechanisms: some(name).optional(),
  subjects: some(line).optional(),
  clients: some(line).optional(),
  groups: some(line).optional(),
  principals: some(typedId).optional(),
  scopes: z.union([some(line), record({ allOf: some(line) })]).optional(),
  roles: some(line).optional(),
});

const what = record({
  domains: some(domainOrOutside).optional(),
  services: some(name).optional(),
  endpoints: some(endpointReference).optional(),
  methods: some(token).optional(),
  paths: some(line).optional(),
  resourceTypes: some(line).optional(),
  resources: some(typedId).optional(),
  actions: some(line).optional(),
});

export const ruleDeclaration = record({
  id: ruleId,
  description: z.string().optional(),
  effect: z.enum(['allow', 'deny']),
  direction: z.enum(['in', 'out']).optional().meta({ description: 'Default in.' }),
  scope: z.enum(['self', 'subtree']).optional().meta({ description: 'Default self for allow, subtree for deny.' }),
  who: who.optional(),
  what: what.optional(),
  when: z.string().optional().meta({ description: 'A CEL expression.' }),
  obligations: some(obligation)
    .optional()
    .meta({ description: 'What the enforcement point must do for the allow to hold.' }),
  mode: z.enum(['enforce', 'report']).optional().meta({ description: 'Default enforce.' }),
  notBefore: instant.optional(),
  notAfter: instant.optional(),
});
export type RuleDeclaration = z.infer<typeof ruleDeclaration>;

export const policyDocument = kind(
  'Policy',
  metadata({ name, domain: domainOrOutside }),
  record({ rules: z.array(ruleDeclaration) }),
);
export type PolicyPolicyDocument = z.infer<typeof policyDocument>;

export const expectation = record({
  decision: z.enum(['allow', 'deny']).optional(),
  reason: line.optional(),
  route: z.enum(['fast', 'slow', 'egress']).nullable().optional(),
  deniedAt: line.nullable().optional(),
  meeting: line.nullable().optional(),
  crossed: z.array(line).optional(),
  rules: z.array(line).optional(),
  obligations: z.array(attributes).optional(),
  wouldDeny: record({ reason: line, deniedAt: line.nullable() }).optional(),
  accepts: z.array(line).optional(),
  ttlSeconds: z.number().optional(),
}).refine((expect) => Object.values(expect).some((value) => value !== undefined), {
  error: 'an expectation: it names nothing',
});
export type Expectation = z.infer<typeof expectation>;
