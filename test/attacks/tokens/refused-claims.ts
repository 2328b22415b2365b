/** Tokens that the issuer signed, and that say what does not count. */
import type { RefusedCase } from './case.js';
import type { Mint } from './mint.js';

type Row = readonly [because: string, claims: (mint: Mint) => { readonly [claim: string]: unknown }];

const ISSUERS: readonly Row[] = [
  ['another issuer is another', () => ({ iss: 'https://login.evil.example/' })],
  ['a slash at the end counts', () => ({ iss: 'https://login.acme.example' })],
  ['two slashes at the end count', () => ({ iss: 'https://login.acme.example//' })],
  ['letters have a case', () => ({ iss: 'https://LOGIN.acme.example/' })],
  ['a port counts', () => ({ iss: 'https://login.acme.example:443/' })],
  ['a scheme counts', () => ({ iss: 'http://login.acme.example/' })],
  ['a name in front of a host is no host', () => ({ iss: 'https://login.acme.example/@evil.example/' })],
  ['a dot at the end of a host counts', () => ({ iss: 'https://login.acme.example./' })],
  ['a letter that looks alike is another', () => ({ iss: 'https://login.\u0430cme.example/' })],
  ['an escape is no letter', () => ({ iss: 'https://login.acme.example%2F' })],
  ['a query counts', () => ({ iss: 'https://login.acme.example/?' })],
  ['a space in front counts', () => ({ iss: ' https://login.acme.example/' })],
  ['a zero at the end counts', () => ({ iss: 'https://login.acme.example/\u0000' })],
  ['a pattern is no issuer', () => ({ iss: '*' })],
  ['the empty text is no issuer', () => ({ iss: '' })],
  ['a member of every object is no issuer', () => ({ iss: '__proto__' })],
  ['the address of an attacker is not asked for keys', ({ attacker }) => ({ iss: attacker })],
  [
    'a document of an attacker is not asked for',
    ({ attacker }) => ({ iss: `${attacker}/.well-known/openid-configuration` }),
  ],
  ['an address of the cloud is not asked for keys', () => ({ iss: 'http://169.254.169.254/latest/meta-data/' })],
];

const NO_ISSUERS: readonly Row[] = [
  ['nobody issued it', () => ({ iss: undefined })],
  ['null did not issue it', () => ({ iss: null })],
  ['a number did not issue it', () => ({ iss: 1 })],
  ['a list did not issue it', () => ({ iss: ['https://login.acme.example/'] })],
  ['a map did not issue it', () => ({ iss: { 'https://login.acme.example/': true } })],
];

const AUDIENCES: readonly Row[] = [
  ['nobody is meant', () => ({ aud: undefined })],
  ['somebody else is meant', () => ({ aud: 'other-api' })],
  ['others are meant', () => ({ aud: ['other-api', 'third-api'] })],
  ['the beginning of a name is another name', () => ({ aud: 'acme' })],
  ['a longer name is another name', () => ({ aud: 'acme-api-2' })],
  ['names have a case', () => ({ aud: 'ACME-API' })],
  ['a name begins where it begins', () => ({ aud: ' acme-api' })],
  ['names with a space between are one name', () => ({ aud: 'other-api acme-api' })],
  ['names with a comma between are one name', () => ({ aud: 'acme-api,other-api' })],
  ['a name does not end at a zero', () => ({ aud: 'acme-api\u0000' })],
  ['a pattern means nobody', () => ({ aud: '*' })],
  ['the empty text means nobody', () => ({ aud: '' })],
  ['the empty list means nobody', () => ({ aud: [] })],
  ['null means nobody', () => ({ aud: null })],
  ['true means nobody', () => ({ aud: true })],
  ['a number means nobody', () => ({ aud: 0 })],
  ['a map means nobody', () => ({ aud: { 'acme-api': true } })],
  ['a list in a list means nobody', () => ({ aud: [['acme-api']] })],
  ['a list with a number in it is no list of names', () => ({ aud: ['acme-api', 7] })],
  ['a list with null in it is no list of names', () => ({ aud: [null, 'acme-api'] })],
  ['the audience of another header is another', () => ({ aud: 'admin-api' })],
];

const NO_END: readonly Row[] = [
  ['it never ends', () => ({ exp: undefined })],
  ['null is no time', () => ({ exp: null })],
  ['a text is no time', ({ now }) => ({ exp: `${now + 600}` })],
  ['a date is no number', ({ now }) => ({ exp: new Date((now + 600) * 1000).toISOString() })],
  ['a word for no number is none', () => ({ exp: 'NaN' })],
  ['a word for all numbers is none', () => ({ exp: 'Infinity' })],
  ['true is no time', () => ({ exp: true })],
  ['a list is no time', ({ now }) => ({ exp: [now + 600] })],
  ['a map is no time', ({ now }) => ({ exp: { valueOf: now + 600 } })],
  ['it ends before the calendar begins', () => ({ exp: -1 })],
  ['it ends beyond all calendars', () => ({ exp: 1e300 })],
  ['it ends just beyond what milliseconds can say', () => ({ exp: 8.64e12 + 1 })],
];

const ENDED: readonly Row[] = [
  ['it ended an hour ago', ({ now }) => ({ exp: now - 3600 })],
  ['it ended when the calendar began', () => ({ exp: 0 })],
  ['it ended soon after the calendar began', () => ({ exp: 0.5 })],
  ['it ended in the year 2001', () => ({ exp: 1e9 })],
  ['it ended two leeways ago', ({ now }) => ({ exp: now - 120 })],
];

const TOO_LONG: readonly Row[] = [
  ['it lives for a week', ({ now }) => ({ exp: now + 604_800 })],
  ['it lives for a week, most of which is over', ({ now }) => ({ iat: now - 600_000, exp: now + 600 })],
  ['it lives for ever', () => ({ exp: 253_402_300_799 })],
  ['it lives for ever by milliseconds', ({ now }) => ({ exp: (now + 600) * 1000 })],
  ['it lives for a week, and does not say since when', ({ now }) => ({ iat: undefined, exp: now + 604_800 })],
  ['it is as old as the calendar', () => ({ iat: 0 })],
  ['its mechanism allows a minute', ({ now }) => ({ iss: 'https://brief.acme.example/', iat: now - 1, exp: now + 80 })],
];

const SUBJECTS: readonly Row[] = [
  ['nobody is named', () => ({ sub: undefined })],
  ['the empty text names nobody', () => ({ sub: '' })],
  ['null names nobody', () => ({ sub: null })],
  ['a number names nobody', () => ({ sub: 17 })],
  ['zero names nobody', () => ({ sub: 0 })],
  ['true names nobody', () => ({ sub: true })],
  ['a list names nobody', () => ({ sub: ['u-17'] })],
  ['a map names nobody', () => ({ sub: { id: 'u-17' } })],
  [
    'whoever is named by another claim needs a `sub` too',
    () => ({ iss: 'https://claims.acme.example/', email: 'ann', sub: undefined }),
  ],
];

const CONTROL = 'control characters';
const LONG = 'longer than 1024 bytes';
const GROUPS = 'groups are no list of texts';
const SCOPES = 'scopes are neither';

const OTHERS: readonly (readonly [because: string, reason: string, claims: Row[1]])[] = [
  ['a name is one line', CONTROL, () => ({ sub: 'u-17\nu-18' })],
  ['a name has no return in it', CONTROL, () => ({ sub: 'u-17\r' })],
  ['a name has no zero in it', CONTROL, () => ({ sub: 'root\u0000u-17' })],
  ['a name does not move the cursor', CONTROL, () => ({ sub: '\u001b[2Ku-17' })],
  ['a name deletes nothing', CONTROL, () => ({ sub: 'u-17\u007f' })],
  ['a name is short', LONG, () => ({ sub: 'u'.repeat(1025) })],
  ['bytes of a name are counted, not letters', LONG, () => ({ sub: 'é'.repeat(513) })],
  [
    'a name by another claim is text',
    'its subject is no text',
    () => ({ iss: 'https://claims.acme.example/', email: 7 }),
  ],
  ['a name by another claim is there', 'its subject is no text', () => ({ iss: 'https://claims.acme.example/' })],
  [
    'a name by another claim is not empty',
    'its subject is empty',
    () => ({ iss: 'https://claims.acme.example/', email: '' }),
  ],
  ['left out, groups would blind a deny', GROUPS, () => ({ groups: { staff: true } })],
  ['one group is left out', GROUPS, () => ({ groups: ['staff', 7] })],
  ['groups are no number', GROUPS, () => ({ groups: 7 })],
  ['groups are no truth', GROUPS, () => ({ groups: true })],
  ['groups do not lie in groups', GROUPS, () => ({ groups: [['staff']] })],
  [
    'groups by another name are texts too',
    GROUPS,
    () => ({ iss: 'https://claims.acme.example/', email: 'ann', teams: 7 }),
  ],
  ['scopes are no number', SCOPES, () => ({ scope: 7 })],
  ['scopes are no map', SCOPES, () => ({ scope: { pay: true } })],
  ['scopes are texts', SCOPES, () => ({ scope: ['pay', null] })],
  [
    'scopes by another name are texts too',
    SCOPES,
    () => ({ iss: 'https://claims.acme.example/', email: 'ann', scp: 7 }),
  ],
  ['it begins in an hour', 'not valid yet', ({ now }) => ({ nbf: now + 3600 })],
  ['it begins in two leeways', 'not valid yet', ({ now }) => ({ nbf: now + 120 })],
  ['its beginning is a text', '`nbf` is no number', ({ now }) => ({ nbf: `${now}` })],
  ['its beginning is null', '`nbf` is no number', () => ({ nbf: null })],
  ['its beginning is before the calendar', '`nbf` is no number', () => ({ nbf: -1 })],
  ['its beginning is beyond all calendars', '`nbf` is no number', () => ({ nbf: 1e300 })],
  ['it was issued in an hour', 'issued in the future', ({ now }) => ({ iat: now + 3600, exp: now + 7200 })],
  ['its age is a text', '`iat` is no number', ({ now }) => ({ iat: `${now}` })],
  ['its age is null', '`iat` is no number', () => ({ iat: null })],
  ['its age is before the calendar', '`iat` is no number', () => ({ iat: -1e9 })],
  ['its age is a list', '`iat` is no number', ({ now }) => ({ iat: [now] })],
];

/** Within a second all of these would count. */
const OF_THE_MOMENT: readonly (readonly [because: string, reason: string, claims: Row[1]])[] = [
  ['it has just expired, leeway included', 'has expired', ({ now }) => ({ exp: now - 60 })],
  ['it begins just beyond the leeway', 'not valid yet', ({ now }) => ({ nbf: now + 61 })],
  ['it was issued just beyond the leeway', 'issued in the future', ({ now }) => ({ iat: now + 61 })],
  ['it lives a second too long', 'lifetime is longer', ({ now }) => ({ iat: now, exp: now + 86_401 })],
  [
    'it lives a second too long from now on',
    'lifetime is longer',
    ({ now }) => ({ iat: undefined, exp: now + 86_401 }),
  ],
  [
    'it lives a second longer than its mechanism allows',
    'lifetime is longer',
    ({ now }) => ({ iss: 'https://brief.acme.example/', iat: now, exp: now + 61 }),
  ],
];

export const REFUSED_CLAIMS: readonly RefusedCase[] = [
  ...ISSUERS.map((row) => caseOf('no mechanism knows the issuer', row)),
  ...NO_ISSUERS.map((row) => caseOf('`iss`', row)),
  ...AUDIENCES.map((row) => caseOf('meant for another audience', row)),
  ...NO_END.map((row) => caseOf('no `exp`', row)),
  ...ENDED.map((row) => caseOf('has expired', row)),
  ...TOO_LONG.map((row) => caseOf('lifetime is longer', row)),
  ...SUBJECTS.map((row) => caseOf('no `sub`', row)),
  ...OTHERS.map(([because, reason, claims]) => caseOf(reason, [because, claims])),
  ...OF_THE_MOMENT.map(([because, reason, claims]) => ({
    ...caseOf(reason, [because, claims]),
    isOfTheMoment: true as const,
  })),
  {
    because: 'without leeway its end is its end',
    reason: 'has expired',
    send: (mint) => ({ 'x-admin-token': mint.token({ aud: 'admin-api', exp: mint.now }) }),
  },
  {
    because: 'the audience of this header is another',
    reason: 'meant for another audience',
    send: (mint) => ({ 'x-admin-token': mint.token() }),
  },
];

function caseOf(reason: string, [because, claims]: Row): RefusedCase {
  return { because, reason, send: (mint) => mint.token(claims(mint)) };
}
