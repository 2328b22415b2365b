import * as fc from 'fast-check';
import type { DenyReason } from '#engine';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { toQuestion, toReview } from './kubernetes.codec.js';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const review = (spec: object, more: object = {}) =>
  bytes({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec, ...more });
const POD = { namespace: 'shop', verb: 'get', version: 'v1', resource: 'pods', name: 'web-1' };

describe('a review', () => {
  it('asks about a typed resource, by the user that the API server has seen', () => {
    const spec = {
      user: 'ann',
      groups: ['ops', 'system:authenticated'],
      uid: 'u-1',
      extra: { 'example.org/team': ['shop'] },
      resourceAttributes: POD,
    };
    expect(toQuestion(review(spec, { status: { allowed: true }, metadata: {} }), 'trace')).toMatchObject({
      kind: 'request',
      request: {
        target: {
          kind: 'resource',
          resource: { type: 'pods', id: 'shop/web-1', properties: { namespace: 'shop', name: 'web-1', version: 'v1' } },
          action: { name: 'get' },
        },
        carries: [],
      },
      presented: {
        subject: {
          type: 'user',
          id: 'ann',
          groups: ['ops', 'system:authenticated'],
          attributes: { uid: 'u-1', extra: { 'example.org/team': ['shop'] } },
        },
        credentials: {},
        asserted: [],
      },
      trace: 'trace',
    });
  });

  it.each`
    because                                   | attributes                                                   | type                  | id
    ${'a group stands behind the resource'}   | ${{ ...POD, group: 'apps', resource: 'deployments' }}        | ${'deployments.apps'} | ${'shop/web-1'}
    ${'a subresource is a type of its own'}   | ${{ ...POD, subresource: 'exec' }}                           | ${'pods/exec'}        | ${'shop/web-1'}
    ${'all of a namespace'}                   | ${{ ...POD, name: '' }}                                      | ${'pods'}             | ${'shop/'}
    ${'all of the cluster'}                   | ${{ verb: 'list', resource: 'pods' }}                        | ${'pods'}             | ${'/'}
    ${'what is in no namespace has no slash'} | ${{ verb: 'get', resource: 'nodes', name: 'node-1' }}        | ${'nodes'}            | ${'node-1'}
    ${'any group and resource are literal'}   | ${{ verb: '*', group: '*', resource: '*' }}                  | ${'*.*'}              | ${'/'}
    ${'selectors make it no narrower for us'} | ${{ ...POD, name: '', labelSelector: { rawSelector: 'a' } }} | ${'pods'}             | ${'shop/'}
  `('names its target: $because', ({ attributes, type, id }) => {
    expect(toQuestion(review({ user: 'ann', resourceAttributes: attributes }))).toMatchObject({
      request: { target: { resource: { type, id } } },
    });
  });

  it('may be about a path of the API server', () => {
    const spec = { user: 'ann', nonResourceAttributes: { path: '/healthz', verb: 'get' } };
    expect(toQuestion(review(spec))).toMatchObject({
      request: { target: { resource: { type: 'nonresourceurl', id: '/healthz' }, action: { name: 'get' } } },
    });
  });

  it.each([undefined, null, ''])('names nobody by the user %j', (user) => {
    const question = toQuestion(review({ user, groups: ['ops'], resourceAttributes: POD }));
    expect(question).not.toHaveProperty('presented.subject');
  });

  it.each`
    because                       | body
    ${'it is of another kind'}    | ${review({ user: 'ann', resourceAttributes: POD }, { kind: 'TokenReview' })}
    ${'it is of another version'} | ${review({ user: 'ann', resourceAttributes: POD }, { apiVersion: 'authorization.k8s.io/v1beta1' })}
    ${'it has no spec'}           | ${bytes({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' })}
    ${'it is about nothing'}      | ${review({ user: 'ann' })}
    ${'it is about two things'}   | ${review({ user: 'ann', resourceAttributes: POD, nonResourceAttributes: { path: '/', verb: 'get' } })}
    ${'a verb is missing'}        | ${review({ user: 'ann', resourceAttributes: { resource: 'pods' } })}
    ${'a group is no text'}       | ${review({ user: 'ann', groups: [1], resourceAttributes: POD })}
  `('is malformed when $because', ({ body }) => {
    expect(toQuestion(body).kind).toBe('malformed');
  });

  it('is not read on after the first group that is no text', () => {
    expect(toQuestion(review({ user: 'ann', groups: Array(120_000).fill(1), resourceAttributes: POD }))).toMatchObject({
      kind: 'malformed',
      faults: [{ pointer: '/spec/groups', message: 'a list is not a list of texts' }],
    });
  });

  it('whatever bytes arrive, it is a question or a problem', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => Buffer.from(json)),
          fc.anything(),
        ),
        (body) => {
          try {
            expect(['request', 'malformed']).toContain(toQuestion(body).kind);
          } catch (fault) {
            expect((fault as { name: string }).name).toBe('Problem');
          }
        },
      ),
    );
  });
});

describe('the review that goes back', () => {
  it('allows', () => {
    expect(toReview(allowedAnswer())).toEqual({
      status: 200,
      review: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        status: { allowed: true, reason: 'dharma decision d-1' },
      },
    });
  });

  const NEXT = { status: 200, denied: undefined };
  const FINAL = { status: 200, denied: true };
  const FAILURE_POLICY = { status: 503, denied: undefined };
  // A new reason fails to compile until somebody has said which it is.
  const DENIALS: { readonly [reason in DenyReason]: readonly [because: string, sent: object] } = {
    NO_ALLOW_RULE: ['without a rule the next authorizer may allow', NEXT],
    ACCESS_EVIDENCE_MISSING: ['so it may where nobody has said who asks', NEXT],
    NOT_VISIBLE: ['where a boundary does not let it be seen', NEXT],
    UNKNOWN_ENDPOINT: ['and where nobody answers for the target', NEXT],
    DENY_RULE: ['a rule that forbids is final', FINAL],
    TARGET_DOMAIN_SUSPENDED: ['suspending a domain opens nothing', FINAL],
    CALLER_SUSPENDED: ['nor does suspending who asks', FINAL],
    AMBIGUOUS_CALLER: ['who could be two may be the one that is forbidden', FINAL],
    EGRESS_CLOSED: ['what is closed is closed', FINAL],
    INVALID_REQUEST: ['what could be read in two ways is forbidden in one of them', FINAL],
    NOT_ENTITLED: ['a stranger to the target has no say in who is next', FINAL],
    OBLIGATION_UNSUPPORTED: ['an allow with a condition is not to become one without', FINAL],
    POLICY_UNAVAILABLE: ['without a policy the failure policy decides', FAILURE_POLICY],
    POLICY_TOO_OLD: ['so it does with an old one', FAILURE_POLICY],
    OVERLOADED: ['under too much load', FAILURE_POLICY],
    SHUTTING_DOWN: ['at the end', FAILURE_POLICY],
    INTERNAL_FAULT: ['and where we failed', FAILURE_POLICY],
  };

  it.each(
    Object.entries(DENIALS).map(([reason, [because, sent]]) => ({ reason: reason as DenyReason, because, sent })),
  )('denies by $reason: $because', ({ reason, sent }) => {
    const { status, review: told } = toReview(deniedAnswer({ reason }));
    expect(told.status.allowed).toBe(false);
    expect({ status, denied: told.status.denied }).toEqual(sent);
    expect(JSON.stringify(told)).not.toMatch(/shop|RULE|ENDPOINT/);
  });
});
