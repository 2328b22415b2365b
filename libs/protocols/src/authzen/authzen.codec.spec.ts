import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { MAX_BODY_BYTES } from '../json-text.js';
import { MAX_BATCH } from '../native/native.codec.js';
import { type Evaluations, isLast, toDecision, toEvaluation, toEvaluations, toItem } from './authzen.codec.js';
import { toSearch, toSearchReply } from './search.codec.js';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const SUBJECT = { type: 'user', id: 'ann' };
const ACTION = { name: 'view' };
const RESOURCE = { type: 'record', id: '1' };
const ASKED = { subject: SUBJECT, action: ACTION, resource: RESOURCE };

describe('an evaluation', () => {
  it('presents the subject as one the enforcement point vouches for, and promises to carry nothing', () => {
    const body = { ...ASKED, subject: { ...SUBJECT, properties: { level: 2 } }, context: { ticket: 'T' } };
    expect(toEvaluation(bytes(body), 'trace')).toMatchObject({
      kind: 'request',
      request: {
        target: { kind: 'resource', resource: { ...RESOURCE, properties: {} }, action: { ...ACTION, properties: {} } },
        context: { ticket: 'T' },
        carries: [],
      },
      presented: { subject: { ...SUBJECT, attributes: { level: 2 } }, asserted: [], credentials: {}, reported: {} },
      trace: 'trace',
    });
  });

  it.each`
    because                               | resource                                                                  | target
    ${'a route is named by its template'} | ${{ type: 'route', id: '/a/{b}' }}                                        | ${{ template: '/a/{b}' }}
    ${'drafts call it otherwise'}         | ${{ type: 'http_route', id: '/a' }}                                       | ${{ template: '/a' }}
    ${'its host and path may be said'}    | ${{ type: 'route', id: '/a', properties: { hostname: 'h', path: '/a' } }} | ${{ host: 'h', path: '/a' }}
    ${'what is no text is no path'}       | ${{ type: 'route', id: '/a', properties: { path: 7 } }}                   | ${{ template: '/a' }}
  `('asks about a route of HTTP: $because', ({ resource, target }) => {
    const question = toEvaluation(bytes({ ...ASKED, action: { name: 'GET' }, resource }));
    expect(question).toMatchObject({ request: { target: { kind: 'route', method: 'GET', ...target } } });
  });

  it.each`
    because                               | body
    ${'members nobody knows are ignored'} | ${{ ...ASKED, foo: 1, subject: { ...SUBJECT, identity: 'x' } }}
    ${'null is as good as absent'}        | ${{ ...ASKED, context: null, subject: { ...SUBJECT, properties: null } }}
    ${'an id may be empty'}               | ${{ ...ASKED, resource: { ...RESOURCE, id: '' } }}
  `('is taken, because $because', ({ body }) => {
    expect(toEvaluation(bytes(body))).toMatchObject({ kind: 'request' });
  });

  it.each`
    because                      | body                                                          | code
    ${'there is no body'}        | ${undefined}                                                  | ${'request-not-json'}
    ${'it is no JSON'}           | ${bytes('{')}                                                 | ${'request-not-json'}
    ${'a member is named twice'} | ${bytes('{"subject":1,"subject":2}')}                         | ${'request-not-json'}
    ${'half a character'}        | ${bytes('{"subject":"\\ud800"}')}                             | ${'request-not-json'}
    ${'it is large'}             | ${Buffer.alloc(MAX_BODY_BYTES + 1, 0x20)}                     | ${'request-too-large'}
    ${'it is no object'}         | ${bytes([])}                                                  | ${'request-malformed'}
    ${'it has no subject'}       | ${bytes({ action: ACTION, resource: RESOURCE })}              | ${'request-malformed'}
    ${'a subject is no text'}    | ${bytes({ ...ASKED, subject: 'ann' })}                        | ${'request-malformed'}
    ${'a subject has no type'}   | ${bytes({ ...ASKED, subject: { id: 'ann' } })}                | ${'request-malformed'}
    ${'an id is a text'}         | ${bytes({ ...ASKED, resource: { type: 'record', id: 1 } })}   | ${'request-malformed'}
    ${'an action has a name'}    | ${bytes({ ...ASKED, action: {} })}                            | ${'request-malformed'}
    ${'properties are a map'}    | ${bytes({ ...ASKED, action: { ...ACTION, properties: [] } })} | ${'request-malformed'}
    ${'a context is a map'}      | ${bytes({ ...ASKED, context: 'x' })}                          | ${'request-malformed'}
  `('is a problem when $because', ({ body, code }) => {
    expect(() => toEvaluation(body)).toThrow(expect.objectContaining({ code }));
  });
});

describe('evaluations', () => {
  const questions = (body: object) => toEvaluations(bytes(body));

  it.each([[undefined], [null], [[]]])('are a single one where there are no items: %j', (evaluations) => {
    expect(questions({ ...ASKED, evaluations })).toMatchObject({ kind: 'request' });
  });

  it.each`
    because                                            | top                                                                 | item                                         | read
    ${'what an item lacks stands at the top'}          | ${ASKED}                                                            | ${{}}                                        | ${{ presented: { subject: { id: 'ann' } } }}
    ${'what it has replaces that whole'}               | ${{ ...ASKED, resource: { ...RESOURCE, properties: { a: 1 } } }}    | ${{ resource: { type: 'record', id: '2' } }} | ${{ request: { target: { resource: { id: '2', properties: {} } } } }}
    ${'a context is replaced too'}                     | ${{ ...ASKED, context: { a: 1 } }}                                  | ${{ context: {} }}                           | ${{ request: { context: {} } }}
    ${'a required name that is missing is taken over'} | ${{ ...ASKED, resource: { type: 'record', properties: { a: 1 } } }} | ${{ resource: { id: '2' } }}                 | ${{ request: { target: { resource: { type: 'record', id: '2', properties: {} } } } }}
    ${'empty members at the top are no fault'}         | ${{ subject: {}, action: {}, resource: {}, context: {} }}           | ${ASKED}                                     | ${{ kind: 'request' }}
    ${'nor is rubbish that every item replaces'}       | ${{ subject: 7, action: 'x', resource: [] }}                        | ${ASKED}                                     | ${{ kind: 'request' }}
  `('take defaults entity by entity: $because', ({ top, item, read }) => {
    const [question] = (questions({ ...top, evaluations: [item] }) as Evaluations).questions;
    expect(question).toMatchObject(read);
    expect(JSON.stringify(question)).not.toContain('"a":1');
  });

  it('keep what cannot be read in its place', () => {
    const batch = questions({
      subject: SUBJECT,
      evaluations: [{ action: ACTION, resource: RESOURCE }, {}, 7, null, { action: ACTION, resource: { id: '1' } }],
    }) as Evaluations;
    expect([...batch.questions].map(({ kind }) => kind)).toEqual([
      'request',
      'malformed',
      'malformed',
      'malformed',
      'malformed',
    ]);
  });

  it.each`
    because                      | body                                                                  | code
    ${'a semantic is not known'} | ${{ evaluations: [ASKED], options: { evaluations_semantic: 'any' } }} | ${'request-malformed'}
    ${'the items are no list'}   | ${{ ...ASKED, evaluations: {} }}                                      | ${'request-malformed'}
    ${'options are no map'}      | ${{ evaluations: [ASKED], options: 7 }}                               | ${'request-malformed'}
    ${'nothing is asked'}        | ${{}}                                                                 | ${'request-malformed'}
    ${'there are too many'}      | ${{ evaluations: Array(MAX_BATCH + 1).fill(ASKED) }}                  | ${'batch-too-large'}
  `('are a problem when $because', ({ body, code }) => {
    expect(() => questions(body)).toThrow(expect.objectContaining({ code }));
  });

  it('ignore options nobody knows', () => {
    expect(questions({ evaluations: [ASKED], options: { other: 1 } })).toMatchObject({ semantic: 'execute_all' });
  });
});

describe('a decision', () => {
  it('of one says why not, to people and to those who run the service', () => {
    expect(toDecision(allowedAnswer())).toEqual({ decision: true });
    expect(
      toDecision({
        ...deniedAnswer({ reason: 'DENY_RULE', deniedAt: 'shop', rules: ['p/r'] }),
        hasVerifiedCredential: true,
        decisionId: 'd',
      }),
    ).toEqual({
      decision: false,
      context: {
        id: 'd',
        reason_user: { '403': 'This is not allowed' },
        reason_admin: { '403': 'DENY_RULE at shop: p/r' },
      },
    });
  });

  it('among several is bare, but for what could not be read', () => {
    expect(toItem(allowedAnswer())).toEqual({ decision: true });
    expect(toItem(deniedAnswer())).toEqual({ decision: false });
    const faults = [{ pointer: '/subject', message: '`subject` is missing' }];
    expect(toItem({ ...deniedAnswer({ reason: 'INVALID_REQUEST' }), faults })).toEqual({
      decision: false,
      context: { error: { status: 400, message: '/subject: `subject` is missing' } },
    });
  });

  it.each`
    semantic                    | allow    | deny
    ${'execute_all'}            | ${false} | ${false}
    ${'deny_on_first_deny'}     | ${false} | ${true}
    ${'permit_on_first_permit'} | ${true}  | ${false}
  `('under $semantic ends a batch: allow $allow, deny $deny', ({ semantic, allow, deny }) => {
    expect([isLast(semantic, allowedAnswer()), isLast(semantic, deniedAnswer())]).toEqual([allow, deny]);
  });
});

describe('a search', () => {
  const RESOURCES = { subject: SUBJECT, action: ACTION, resource: { type: 'record' } };
  const found = (ids: readonly string[], next?: string) =>
    ({ kind: 'found', ids, next, revision: 1, decisions: 1 }) as const;

  it.each`
    sought        | body
    ${'subject'}  | ${{ ...ASKED, subject: { type: 'user', id: 7 } }}
    ${'resource'} | ${{ ...ASKED, resource: { type: 'record', id: null } }}
    ${'action'}   | ${{ ...ASKED, action: 'rubbish' }}
  `('for the $sought ignores the id of what it is for', ({ sought, body }) => {
    expect(toSearch(sought, bytes(body))).toMatchObject({ isPaged: false, limit: 0 });
  });

  it.each`
    because                          | sought        | body
    ${'another entity has no id'}    | ${'subject'}  | ${{ ...ASKED, resource: { type: 'record' } }}
    ${'what is sought has no type'}  | ${'resource'} | ${{ ...ASKED, resource: {} }}
    ${'there is no action'}          | ${'subject'}  | ${{ subject: SUBJECT, resource: RESOURCE }}
    ${'there is no subject'}         | ${'action'}   | ${{ resource: RESOURCE }}
    ${'a limit is negative'}         | ${'resource'} | ${{ ...RESOURCES, page: { limit: -1 } }}
    ${'a limit is a whole number'}   | ${'resource'} | ${{ ...RESOURCES, page: { limit: 1.5 } }}
    ${'a token is a text'}           | ${'resource'} | ${{ ...RESOURCES, page: { token: 7 } }}
    ${'a token is rubbish'}          | ${'resource'} | ${{ ...RESOURCES, page: { token: 'rubbish' } }}
    ${'a token is of another shape'} | ${'resource'} | ${{ ...RESOURCES, page: { token: Buffer.from('[1,2]').toString('base64url') } }}
  `('is a problem when $because', ({ sought, body }) => {
    expect(() => toSearch(sought, bytes(body))).toThrow(expect.objectContaining({ code: 'request-malformed' }));
  });

  it.each`
    because                             | limit
    ${'it would find without end'}      | ${-1}
    ${'it is more than a page holds'}   | ${1_001}
    ${'results are counted in wholes'}  | ${1.5}
    ${'a text is no number of results'} | ${'2'}
  `('goes on from no token with a forged limit: $because', ({ limit }) => {
    const first = toSearch('resource', bytes({ ...RESOURCES, page: { limit: 2 } }));
    const token = toSearchReply(first, found(['1'], '1')).page!.next_token;
    const [, ...rest] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    const forged = Buffer.from(JSON.stringify([limit, ...rest])).toString('base64url');
    expect(() => toSearch('resource', bytes({ ...RESOURCES, page: { token: forged } }))).toThrow(
      expect.objectContaining({ code: 'request-malformed' }),
    );
  });

  it('goes on with a limit that was more than a page holds, sent again or not', () => {
    const first = toSearch('resource', bytes({ ...RESOURCES, page: { limit: 5_000 } }));
    const token = toSearchReply(first, found(['1'], '1')).page!.next_token;
    for (const page of [{ token }, { token, limit: 5_000 }]) {
      expect(toSearch('resource', bytes({ ...RESOURCES, page }))).toMatchObject({ search: { limit: 1_000 } });
    }
  });

  it('goes on where its token says, with the limit it began with, sent again or not', () => {
    const first = toSearch('resource', bytes({ ...RESOURCES, page: { limit: 2 } }));
    const token = toSearchReply(first, found(['1', '2'], '2')).page!.next_token;
    for (const page of [{ token }, { token, limit: 2 }, { token, limit: 0 }]) {
      expect(toSearch('resource', bytes({ ...RESOURCES, page }))).toMatchObject({ search: { after: '2', limit: 2 } });
    }
  });

  it.each`
    because                  | body
    ${'the limit changed'}   | ${{ ...RESOURCES, page: { limit: 3 } }}
    ${'the subject changed'} | ${{ ...RESOURCES, subject: { ...SUBJECT, id: 'eve' } }}
    ${'the context changed'} | ${{ ...RESOURCES, context: { a: 1 } }}
  `('does not go on when $because', ({ body }) => {
    const first = toSearch('resource', bytes({ ...RESOURCES, page: { limit: 2 } }));
    const token = toSearchReply(first, found(['1'], '1')).page!.next_token;
    expect(() => toSearch('resource', bytes({ ...body, page: { ...body.page, token } }))).toThrow(
      expect.objectContaining({ code: 'request-malformed' }),
    );
  });

  it('goes on whatever the order of its members', () => {
    const first = toSearch('resource', bytes({ ...RESOURCES, context: { a: 1, b: 2 } }));
    const token = toSearchReply(first, found(['1'], '1')).page!.next_token;
    const { subject, action, resource } = RESOURCES;
    const again = { resource, context: { b: 2, a: 1 }, action, subject, page: { token } };
    expect(toSearch('resource', bytes(again))).toMatchObject({ search: { after: '1' } });
  });

  it.each`
    because                            | page            | next         | written
    ${'all is there and nobody asked'} | ${undefined}    | ${undefined} | ${undefined}
    ${'more is to come'}               | ${undefined}    | ${'2'}       | ${{ next_token: expect.stringMatching(/./), count: 1 }}
    ${'who asks for pages is told'}    | ${{ limit: 9 }} | ${undefined} | ${{ next_token: '', count: 1 }}
  `('has a page or not: $because', ({ page, next, written }) => {
    const asked = toSearch('resource', bytes({ ...RESOURCES, page }));
    expect(toSearchReply(asked, found(['1'], next))).toEqual({
      ...(written !== undefined && { page: written }),
      results: [{ type: 'record', id: '1' }],
    });
  });

  it('has no answer while there is no policy', () => {
    const asked = toSearch('resource', bytes(RESOURCES));
    expect(() => toSearchReply(asked, { kind: 'unavailable', reason: 'POLICY_UNAVAILABLE' })).toThrow(
      expect.objectContaining({ code: 'search-unavailable' }),
    );
  });
});

it('whatever bytes arrive, they are a question or a problem', () => {
  const member = fc.constantFrom('subject', 'action', 'resource', 'context', 'evaluations', 'options', 'page', 'type');
  const shaped = fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue())));
  const body = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.json().map(bytes), fc.anything(), shaped.map(bytes));
  const readers = [
    toEvaluation,
    toEvaluations,
    (some: unknown) => toSearch('subject', some),
    (some: unknown) => toSearch('action', some),
  ];
  fc.assert(
    fc.property(body, (some) => {
      for (const read of readers) {
        try {
          read(some);
        } catch (fault) {
          expect((fault as { name: string }).name).toBe('Problem');
        }
      }
    }),
    { numRuns: 500 },
  );
});
