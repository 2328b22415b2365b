import { z } from 'zod';
import {
  attributes,
  domainName,
  domainOrOutside,
  endpointReference,
  instant,
  kind,
  line,
  metadata,
  name,
  record,
  some,
  token,
  typedId,
} from './declaration.js';
import { expectation } from './document-policy.js';

const verdict = z.enum(['allow', 'deny']);

const callers = record({
  services: some(name).optional().meta({ description: 'That prove to be one, whatever else they bring.' }),
  domains: some(domainName).optional().meta({ description: 'Services that prove to stand there, or below.' }),
  mechanisms: some(name)
    .optional()
    .meta({ description: 'Whoever brings a credential of one, whatever else; for `atLeast` that alone.' }),
  principals: some(typedId).optional().meta({
    description: 'Whoever brings a credential that names one, whatever else; for `atLeast` that alone; `user:*`.',
  }),
  anonymous: z.literal(true).optional().meta({ description: 'Whoever proves nothing and brings no credential.' }),
}).refine((named) => Object.values(named).some((value) => value !== undefined), {
  error: 'a set of callers: it names nobody',
});
export type CallersDeclaration = z.infer<typeof callers>;

export const REACH_FORMS = ['none', 'only', 'atLeast', 'exactly'] as const;

const reach = record({
  because: z.string(),
  endpoints: some(endpointReference),
  methods: some(token).optional().meta({ description: 'Default every method that the endpoint answers.' }),
  actions: some(line).optional().meta({ description: 'Of topics and resources. Default every action.' }),
  none: callers.optional().meta({ description: 'No caller of these gets through.' }),
  only: callers.optional().meta({ description: 'No caller but these gets through.' }),
  atLeast: callers.optional().meta({ description: 'Each of these gets through.' }),
  exactly: callers.optional().meta({ description: 'Each of these gets through, and nobody else.' }),
  conditional: verdict.optional().meta({
    description: 'What conditions may allow or deny counts as this. Default: as what speaks against the assertion.',
  }),
}).refine((written) => REACH_FORMS.filter((form) => written[form] !== undefined).length === 1, {
  error: 'an assertion: it says exactly one of `none`, `only`, `atLeast` and `exactly`',
});
export type ReachDeclaration = z.infer<typeof reach>;

/** Rows and columns of a table of verdicts. */
function matrixOf<Subject extends z.ZodType, Target extends z.ZodType>(subject: Subject, target: Target) {
  return record({
    because: z.string(),
    subjects: z
      .record(line, subject)
      .meta({ description: 'Rows: a request without its target; `service` stands for all that proves a service.' }),
    targets: z.record(line, target).meta({ description: 'Columns: targets of requests.' }),
    expect: z
      .record(line, z.record(line, verdict))
      .meta({ description: 'A row a subject, with a verdict for each target.' }),
  });
}

/** A `Test`; the parts of a request are the declaration of what it asks. */
export function testOf<Request extends z.ZodType, Subject extends z.ZodType, Target extends z.ZodType>(
  request: Request,
  subject: Subject,
  target: Target,
) {
  return kind(
    'Test',
    metadata({ name, domain: domainOrOutside.optional() }),
    record({
      time: instant.optional().meta({ description: 'Default: the time of the run.' }),
      cases: z.array(record({ because: z.string(), request, expect: expectation })).optional(),
      matrices: some(matrixOf(subject, target)).optional(),
      reach: some(reach).optional().meta({ description: 'Who gets through to an endpoint, over all there are.' }),
    }).refine(({ cases, matrices, reach: assertions }) => cases ?? matrices ?? assertions, {
      error: 'a test: it has none of `cases`, `matrices` and `reach`',
    }),
  );
}

/** Requests are any maps here: their own parser judges them, as it judges every request. */
export const testDocument = testOf(attributes, attributes, attributes);
export type TestDocument = z.infer<typeof testDocument>;
