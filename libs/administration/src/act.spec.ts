import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type Act, actHash, credentialAct, credentialHash, NO_LINK } from './act.js';
import type { Credential } from './credential.js';

type Said = Omit<Act, 'hash'>;

const ACT: Said = {
  sequence: 7,
  at: 1_798_113_600_000,
  databaseRole: 'dharma_serving',
  operator: 'Änn',
  credential: null,
  act: 'revision.publish',
  object: 'source/git',
  refused: null,
  before: null,
  after: 'b'.repeat(64),
  revision: 42,
  requestId: '',
  address: '2001:db8::1',
  previous: NO_LINK,
};

describe('the hash of an act', () => {
  it('is what docs/audit.md says, to the byte', () => {
    const text = [
      '14:dharma-audit-1,1:7,13:1798113600000,14:dharma_serving,4:Änn,-,16:revision.publish,10:source/git,-,-,',
      `64:${'b'.repeat(64)},2:42,0:,11:2001:db8::1,64:${NO_LINK},`,
    ].join('');
    expect(actHash(ACT)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('tells acts apart that read the same from end to end', () => {
    // What the encoding itself is made of, and characters of one to four bytes.
    const character = fc.constantFrom('0', '1', ':', ',', '-', 'a', 'é', '😀');
    const cut = (characters: readonly string[], at: number): Said => {
      const place = at % (characters.length + 1);
      const rest = characters.slice(place).join('');
      return { ...ACT, operator: characters.slice(0, place).join(''), credential: rest === '' ? null : rest };
    };
    fc.assert(
      fc.property(fc.array(character, { maxLength: 4 }), fc.nat(4), fc.nat(4), (characters, one, other) => {
        const [left, right] = [cut(characters, one), cut(characters, other)];
        const isSame = left.operator === right.operator;
        return (actHash(left) === actHash(right)) === isSame;
      }),
      { numRuns: process.env['DHARMA_LONG'] === '1' ? 20_000 : 1_000 },
    );
  });
});

describe('the hash of a credential', () => {
  const KEY: Credential = {
    kind: 'client-key',
    name: 'partner-key',
    client: { subject: 'partner-1', scopes: ['read', 'write'], groups: [] },
    id: 'ck-1',
    sha256: 'a'.repeat(64),
    createdAt: 0,
    createdBy: 'ann',
  };
  const hash = credentialHash(KEY);

  it.each<[because: string, other: Credential]>([
    ['it is for another client', { ...KEY, client: { ...KEY.client, subject: 'partner-2' } }],
    ['it has a scope more', { ...KEY, client: { ...KEY.client, scopes: ['read', 'write', 'pay'] } }],
    ['a scope became a group', { ...KEY, client: { ...KEY.client, scopes: ['read'], groups: ['write'] } }],
    ['it has another secret', { ...KEY, sha256: 'b'.repeat(64) }],
    ['it ends', { ...KEY, expiresAt: 1 }],
    ['somebody else made it', { ...KEY, createdBy: 'bo' }],
    ['it is no key of a client', { ...KEY, kind: 'enforcement-point-key' }],
  ])('is another one when %s', (_because, other) => {
    expect(credentialHash(other)).not.toBe(hash);
  });

  it('is the same for all of its life, and names what is there before and after', () => {
    expect(credentialHash({ ...KEY, revokedAt: 5, revokedBy: 'bo' })).toBe(hash);
    expect(credentialAct(KEY, 'create')).toEqual({ act: 'key.create', object: 'key/ck-1', before: null, after: hash });
    expect(credentialAct(KEY, 'revoke')).toEqual({ act: 'key.revoke', object: 'key/ck-1', before: hash, after: null });
  });
});
