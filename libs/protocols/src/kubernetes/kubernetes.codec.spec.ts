import * as fc from 'fast-check';
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

  it.each`
    because                                            | reason                      | status | denied
    ${'a rule that forbids is final'}                  | ${'DENY_RULE'}              | ${200} | ${true}
    ${'so is what could be read in two ways'}          | ${'INVALID_REQUEST'}        | ${200} | ${true}
    ${'without a rule the next authorizer may allow'}  | ${'NO_ALLOW_RULE'}          | ${200} | ${undefined}
    ${'so it may where nobody answers for the target'} | ${'UNKNOWN_ENDPOINT'}       | ${200} | ${undefined}
    ${'an obligation cannot be carried'}               | ${'OBLIGATION_UNSUPPORTED'} | ${200} | ${undefined}
    ${'without a policy the failure policy decides'}   | ${'POLICY_UNAVAILABLE'}     | ${503} | ${undefined}
    ${'so it does at the end'}                         | ${'SHUTTING_DOWN'}          | ${503} | ${undefined}
  `('denies: $because', ({ reason, status, denied }) => {
    const { status: sent, review: told } = toReview(deniedAnswer({ reason }));
    expect([sent, told.status.allowed, told.status.denied]).toEqual([status, false, denied]);
    expect(JSON.stringify(told)).not.toMatch(/shop|RULE|ENDPOINT/);
  });
});
