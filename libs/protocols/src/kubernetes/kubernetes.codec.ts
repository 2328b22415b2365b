import { clientView, type Answer, type Question } from '#decision';
import type { Reason, Target } from '#engine';
import { attributes } from '#policy';
import { z } from 'zod';
import { attributesOf, malformed, vouchedQuestion } from '../vouched.js';
import { jsonOf, shaped, textList } from '../webhook-body.js';

const API_VERSION = 'authorization.k8s.io/v1';
const KIND = 'SubjectAccessReview';

const text = z.string().nullish();
const resourceAttributes = z.object({
  namespace: text,
  verb: z.string(),
  group: text,
  version: text,
  resource: z.string(),
  subresource: text,
  name: text,
});
const nonResourceAttributes = z.object({ path: z.string(), verb: z.string() });

/** What we read of a review. Selectors are left out: without them it is about more, so no allow is wider than asked. */
const review = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  spec: z.object({
    user: text,
    groups: textList.nullish(),
    uid: text,
    extra: attributes.nullish(),
    resourceAttributes: resourceAttributes.nullish(),
    nonResourceAttributes: nonResourceAttributes.nullish(),
  }),
});

type ResourceAttributes = z.infer<typeof resourceAttributes>;

export interface Review {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly status: {
    readonly allowed: boolean;
    readonly denied?: true;
    readonly reason: string;
    readonly evaluationError?: string;
  };
}

/**
 * A `SubjectAccessReview` of an API server.
 *
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function toQuestion(body: unknown, trace?: string): Question {
  const read = shaped(review, jsonOf(body));
  if ('faults' in read) return malformed(read.faults, trace);
  const { user, groups, uid, extra, ...about } = read.value.spec;
  const target = targetOf(about);
  if (target === undefined) {
    const message = 'a review is about either `resourceAttributes` or `nonResourceAttributes`';
    return malformed([{ pointer: '/spec', message }], trace);
  }
  return vouchedQuestion({
    target,
    trace,
    ...(user && {
      subject: { type: 'user', id: user, groups: groups ?? [], attributes: attributesOf({ uid, extra }) },
    }),
  });
}

function targetOf({
  resourceAttributes: resource,
  nonResourceAttributes: other,
}: Pick<z.infer<typeof review>['spec'], 'resourceAttributes' | 'nonResourceAttributes'>): Target | undefined {
  if (!resource === !other) return undefined;
  if (other) return typed('nonresourceurl', other.path, other.verb, attributesOf({ path: other.path }));
  const { namespace, name, group, version, subresource, verb } = resource!;
  const properties = { namespace, name, group, version, resource: resource!.resource, subresource };
  return typed(typeOf(resource!), idOf(resource!), verb, attributesOf(properties));
}

function typed(type: string, id: string, verb: string, properties: ReturnType<typeof attributesOf>): Target {
  return {
    kind: 'resource',
    resource: { type, id, properties },
    action: { name: verb, properties: attributesOf({}) },
  };
}

/** `deployments.apps/scale`, as `kubectl auth can-i` writes it. */
function typeOf({ resource, group, subresource }: ResourceAttributes): string {
  return `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`;
}

/** `namespace/name`; what is about all of a namespace ends with the slash, and `/` is all of the cluster. */
function idOf({ namespace, name }: ResourceAttributes): string {
  return namespace || !name ? `${namespace ?? ''}/${name ?? ''}` : name;
}

/** The review that goes back where none could be read. */
export const DENIED_UNREAD: Review = {
  apiVersion: API_VERSION,
  kind: KIND,
  status: { allowed: false, denied: true, reason: 'the review cannot be read' },
};

/** Denials that say only that nothing here allows it. All others are final: what closes something must not ask who opens it. */
const NO_OPINION: ReadonlySet<Reason> = new Set<Reason>([
  'NO_ALLOW_RULE',
  'ACCESS_EVIDENCE_MISSING',
  'NOT_VISIBLE',
  'UNKNOWN_ENDPOINT',
]);

/**
 * The review with its status. A denial that is no opinion has the API server ask its next authorizer. Where we cannot
 * answer, its `failurePolicy` decides.
 */
export function toReview(answer: Answer): { readonly status: 200 | 503; readonly review: Review } {
  const { outcome, decisionId } = answer;
  const isUnavailable = clientView(answer) === 'unavailable';
  const isFinal = outcome.decision === 'deny' && !isUnavailable && !NO_OPINION.has(outcome.reason);
  return {
    status: isUnavailable ? 503 : 200,
    review: {
      apiVersion: API_VERSION,
      kind: KIND,
      status: {
        allowed: outcome.decision === 'allow',
        ...(isFinal && { denied: true }),
        // The client reads it: who is denied learns the decision, not the rules.
        reason: `dharma decision ${decisionId}`,
        ...(isUnavailable && { evaluationError: 'there is no decision now' }),
      },
    },
  };
}
