import fc from 'fast-check';
import {
  isProposalSeen,
  MAXIMUM_OPEN_BYTES,
  MAXIMUM_OPEN_PROPOSALS,
  type NewProposal,
  type Person,
  type Proposal,
  type ProposalListing,
  proposalState,
  PublicationRefused,
  type RevisionStore,
  type Viewer,
} from '#administration';
import { domainText, publicationOf } from '../support/revisions.js';

const DAY = 86_400_000;
const EVERYBODY: Viewer = { credential: 'op-9', tops: null };
const ANN: NewProposal = {
  proposer: { name: 'ann', credential: 'op-1', person: { kind: 'token', name: 'ann' } },
  provenance: { source: 'git', because: 'a test says so' },
  base: null,
  contentHash: 'a'.repeat(64),
  concerns: [['acme', 'acme.pay'], ['*']],
  content: '{"kind":"bundle","text":"a \\"b\\",{c}"}',
  expiresAt: Date.now() + DAY,
};
const GUEST: NewProposal = {
  ...ANN,
  proposer: {
    name: 'oidc:https://login.acme.example/#u 17',
    credential: 'oidc:https://login.acme.example/#u 17',
    person: { kind: 'guest', name: 'oidc:https://login.acme.example/#u 17' },
    principals: ['user:oidc:https://login.acme.example/#u 17', 'group:a "b",{c}'],
  },
  provenance: {
    source: 'git',
    because: "'; drop table dharma.proposal; --",
    gitCommit: 'c0ffee',
    gitAuthor: 'Ann <a@b>',
  },
};
const ROOT: NewProposal = { ...ANN, proposer: { ...ANN.proposer, person: { kind: 'root' } } };

const of = (person: Person, more: Partial<NewProposal> = {}): NewProposal => ({
  ...ANN,
  ...more,
  proposer: { ...ANN.proposer, person },
});

/** What every ProposalStore does, and how a RevisionStore ends what it holds. `open` gives an empty one. */
export function proposalStoreContract(open: () => Promise<RevisionStore>): void {
  let store: RevisionStore;
  beforeEach(async () => {
    store = await open();
  });

  async function proposed(asked: NewProposal = ANN): Promise<Proposal> {
    const outcome = await store.proposals.propose(asked);
    if (outcome.kind !== 'proposed') throw new Error(`it is ${outcome.kind}`);
    return outcome.proposal;
  }

  const approve = (proposal: number, text = domainText('acme')) =>
    store.publish(publicationOf(null, text, { approves: { proposal, by: 'bo' } }));

  it.each([
    ['a token', ANN],
    ['a guest', GUEST],
    ['whoever may everything', ROOT],
  ] as const)('keeps what %s proposed, and gives it a number', async (_who, asked) => {
    const { content, ...rest } = asked;
    const proposal = await proposed(asked);
    expect(proposal).toMatchObject({ ...rest, number: 1, isExpired: false });
    expect(proposal.proposedAt).toBeLessThan(asked.expiresAt);
    expect(proposalState(proposal)).toBe('open');
    expect(await store.proposals.find(1)).toEqual(proposal);
    expect(await store.proposals.content(1)).toBe(content);
    expect((await proposed(asked)).number).toBe(2);
  });

  it('keeps the base that was seen', async () => {
    const outcome = await store.publish(publicationOf(null, domainText('acme')));
    const { number, contentHash } = (outcome as { revision: { number: number; contentHash: string } }).revision;
    const base = { number, contentHash };
    expect(await proposed({ ...ANN, base })).toMatchObject({ base });
  });

  it('knows nothing that was not proposed', async () => {
    await proposed();
    for (const number of [0, -1, 2, 1.5, Number.NaN, 2 ** 60]) {
      expect([await store.proposals.find(number), await store.proposals.content(number)]).toEqual([null, null]);
      expect(await store.proposals.reject(number, 'bo', 'no')).toBeNull();
    }
  });

  const numbers = async (page: ProposalListing) => (await store.proposals.list(page)).map(({ number }) => number);

  it('lists from the newest down', async () => {
    for (let count = 0; count < 4; count += 1) await proposed();
    for (const viewer of [EVERYBODY, { credential: 'op-1', tops: [] }, { credential: 'op-2', tops: ['acme', 'b'] }]) {
      const expected = viewer.credential === 'op-2' ? [[], []] : [[4, 3, 2], [1]];
      expect(await numbers({ limit: 3, viewer })).toEqual(expected[0]);
      expect(await numbers({ below: 2, limit: 3, viewer })).toEqual(expected[1]);
    }
  });

  it.each`
    because                                            | concerns                        | tops                        | isSeen
    ${'it lies there'}                                 | ${[['acme']]}                   | ${['acme']}                 | ${true}
    ${'it lies below'}                                 | ${[['acme.pay.cards']]}         | ${['acme.pay']}             | ${true}
    ${'what lies above is not seen from below'}        | ${[['acme']]}                   | ${['acme.pay']}             | ${false}
    ${'a like name is not the name'}                   | ${[['acme-labs'], ['acmes']]}   | ${['acme']}                 | ${false}
    ${'a sibling is not seen'}                         | ${[['acme.web']]}               | ${['acme.pay']}             | ${false}
    ${'all of it has to be seen'}                      | ${[['acme.pay'], ['acme.web']]} | ${['acme.pay']}             | ${false}
    ${'two subtrees together may hold all of it'}      | ${[['acme.pay'], ['acme.web']]} | ${['acme.pay', 'acme.web']} | ${true}
    ${'of a service in two domains one is enough'}     | ${[['acme.pay', 'acme.web']]}   | ${['acme.web']}             | ${true}
    ${'what belongs to no domain is for who sees all'} | ${[['acme.pay'], ['*']]}        | ${['acme']}                 | ${false}
    ${'who sees nothing sees none'}                    | ${[['acme']]}                   | ${[]}                       | ${false}
  `('lists for a viewer, because $because', async ({ concerns, tops, isSeen }) => {
    const proposal = await proposed({ ...ANN, concerns });
    const viewer = { credential: 'op-2', tops };
    expect(isProposalSeen(proposal, viewer)).toBe(isSeen);
    expect(await numbers({ limit: 2, viewer })).toEqual(isSeen ? [1] : []);
    expect(await numbers({ limit: 2, viewer: { ...viewer, credential: 'op-1' } })).toEqual([1]);
    expect(await numbers({ limit: 2, viewer: { ...viewer, tops: null } })).toEqual([1]);
  });

  it('lists what a viewer sees, and nothing else, whatever it concerns', async () => {
    const domain = fc.constantFrom('*', 'a', 'a.b', 'a.b.c', 'a.d', 'b', 'b.b');
    const lists = fc.array(fc.array(domain, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
    const concerned = fc.sample(lists, { numRuns: MAXIMUM_OPEN_PROPOSALS, seed: 7 });
    const all: Proposal[] = [];
    for (const concerns of concerned) all.push(await proposed({ ...ANN, concerns }));
    all.reverse();
    const subtrees = fc.uniqueArray(
      domain.filter((name) => name !== '*'),
      { maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(subtrees, fc.integer({ min: 1, max: 20 }), async (tops, limit) => {
        const viewer = { credential: 'op-2', tops };
        const seen = all.filter((proposal) => isProposalSeen(proposal, viewer)).map(({ number }) => number);
        const pages: number[] = [];
        for (let below: number | undefined; ;) {
          const page = await numbers({ limit, viewer, ...(below !== undefined && { below }) });
          pages.push(...page);
          if (page.length < limit) break;
          below = page.at(-1);
        }
        expect(pages).toEqual(seen);
      }),
      { numRuns: 30, seed: 7 },
    );
  });

  it('makes one proposal of one key', async () => {
    const asked = { ...ANN, key: { idempotencyKey: 'k', requestHash: 'b'.repeat(64) } };
    const first = await proposed(asked);
    const again = { kind: 'keyed', proposal: first, requestHash: 'b'.repeat(64) };
    expect(await store.proposals.propose({ ...asked, content: 'x' })).toEqual(again);
    const { kind: _kind, ...kept } = again;
    expect(await store.proposals.proposedWith('k')).toEqual(kept);
    expect(await store.proposals.proposedWith('other')).toBeNull();
    await store.proposals.reject(first.number, 'bo', 'no');
    expect(await store.proposals.propose(asked)).toMatchObject({ kind: 'keyed', proposal: { end: { by: 'bo' } } });
    expect((await proposed()).number).toBe(2);
  });

  it('makes one proposal of one key that comes many times at once', async () => {
    const asked = { ...ANN, key: { idempotencyKey: 'k', requestHash: 'b'.repeat(64) } };
    const outcomes = await Promise.all([1, 2, 3].map(() => store.proposals.propose(asked)));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['keyed', 'keyed', 'proposed']);
    expect(await numbers({ limit: 2, viewer: EVERYBODY })).toEqual([1]);
  });

  const BASE = { number: 1, contentHash: 'b'.repeat(64) };
  it.each`
    because                                  | asked                                                                | isFound
    ${'it is the same'}                      | ${ANN}                                                               | ${true}
    ${'a reason is not what it asks for'}    | ${{ ...ANN, provenance: { ...ANN.provenance, because: 'another' } }} | ${true}
    ${'it asks for something else'}          | ${{ ...ANN, content: '{}' }}                                         | ${false}
    ${'it is of another source'}             | ${{ ...ANN, provenance: { ...ANN.provenance, source: 'api' } }}      | ${false}
    ${'somebody looked at another revision'} | ${{ ...ANN, base: BASE }}                                            | ${false}
    ${'another token may do less'}           | ${{ ...ANN, proposer: { ...ANN.proposer, credential: 'op-2' } }}     | ${false}
    ${'it is of somebody else'}              | ${GUEST}                                                             | ${false}
  `('finds what waits already: $isFound where $because', async ({ asked, isFound }) => {
    expect(await store.proposals.waiting(ANN)).toBeNull();
    const first = await proposed();
    expect(await store.proposals.waiting(asked)).toEqual(isFound ? first : null);
  });

  it('finds on a base, the first of two, and nothing that has ended', async () => {
    const publication = await store.publish(publicationOf(null, domainText('acme')));
    const { number, contentHash } = (publication as { revision: typeof BASE }).revision;
    const asked = { ...ANN, base: { number, contentHash } };
    const [first, second] = [await proposed(asked), await proposed(asked)];
    expect(await store.proposals.waiting(asked)).toEqual(first);
    expect(await store.proposals.waiting(ANN)).toBeNull();
    await store.proposals.reject(first.number, 'bo', 'no');
    expect(await store.proposals.waiting(asked)).toEqual(second);
  });

  it('is rejected once, and what was asked for is forgotten', async () => {
    const { number } = await proposed();
    const outcome = await store.proposals.reject(number, 'bo', 'not now');
    expect(outcome).toMatchObject({
      kind: 'rejected',
      proposal: { number, end: { kind: 'rejected', by: 'bo', because: 'not now', at: expect.any(Number) } },
    });
    expect(await store.proposals.content(number)).toBeNull();
    expect(await store.proposals.reject(number, 'cy', 'never')).toMatchObject({
      kind: 'ended',
      proposal: { end: { by: 'bo' } },
    });
    expect(await approve(number)).toEqual({ kind: 'proposal-ended' });
    expect(await store.newest()).toBeNull();
  });

  it('becomes a revision once, in the step that publishes it', async () => {
    const { number } = await proposed();
    expect(await approve(number)).toMatchObject({ kind: 'published', revision: { number: 1 } });
    expect(await store.proposals.find(number)).toMatchObject({ end: { kind: 'approved', by: 'bo', revision: 1 } });
    expect(await store.proposals.content(number)).toBeNull();
    expect(await approve(number, domainText('other'))).toEqual({ kind: 'proposal-ended' });
    expect(await store.proposals.reject(number, 'cy', 'too late')).toMatchObject({ kind: 'ended' });
  });

  it('stays open when nothing is published', async () => {
    const { number } = await proposed();
    await store.publish(publicationOf(null, domainText('first')));
    expect(await approve(number)).toMatchObject({ kind: 'superseded' });
    expect(proposalState((await store.proposals.find(number))!)).toBe('open');
  });

  it('of many who approve and reject at once one is first', async () => {
    const { number } = await proposed();
    const outcomes = await Promise.all([
      approve(number),
      store.proposals.reject(number, 'cy', 'no'),
      approve(number),
      store.proposals.reject(number, 'dan', 'no'),
    ]);
    const done = outcomes.filter((outcome) => outcome?.kind === 'published' || outcome?.kind === 'rejected');
    expect(done).toHaveLength(1);
    expect((await store.newest()) !== null).toBe(done[0]!.kind === 'published');
  });

  it('holds each person to a number, and to a size', async () => {
    for (let count = 0; count < MAXIMUM_OPEN_PROPOSALS; count += 1) await proposed();
    expect(await store.proposals.propose(ANN)).toEqual({ kind: 'too-many', open: MAXIMUM_OPEN_PROPOSALS });
    const bo = of({ kind: 'token', name: 'bo' }, { content: 'x'.repeat(MAXIMUM_OPEN_BYTES - 4) });
    await proposed(bo);
    expect(await store.proposals.propose({ ...bo, content: 'xxxxx' })).toEqual({ kind: 'too-many', open: 1 });
    await proposed({ ...bo, content: 'xxxx' });
    await store.proposals.reject(1, 'cy', 'room');
    await proposed();
  });

  it('is told from others by more than a name', async () => {
    for (let count = 0; count < MAXIMUM_OPEN_PROPOSALS; count += 1) await proposed(of({ kind: 'token', name: 'ann' }));
    await proposed(of({ kind: 'guest', name: 'ann' }));
    await proposed(of({ kind: 'root' }));
    await proposed(of({ kind: 'token', name: 'root' }));
  });

  it.each([
    ['a reason that is none', { provenance: { source: 'git', because: '' } }],
    ['half a character', { content: '\ud800' }],
    ['what concerns nothing, for of that everybody would see all', { concerns: [] }],
    ['a key without end', { key: { idempotencyKey: 'k'.repeat(201), requestHash: 'b'.repeat(64) } }],
    ['a name that no database keeps', { proposer: { ...ANN.proposer, person: { kind: 'token', name: 'a\0b' } } }],
  ] as const)('refuses %s', async (_what, more) => {
    await expect(store.proposals.propose({ ...ANN, ...more })).rejects.toThrow(PublicationRefused);
    expect(await store.proposals.list({ limit: 1, viewer: EVERYBODY })).toEqual([]);
  });
}
