import { instantIn, spanText } from './span.js';

describe('a span', () => {
  it.each`
    seconds       | text           | because
    ${0}          | ${'0 s'}       | ${'nothing is no second'}
    ${0.4}        | ${'0 s'}       | ${'parts of a second do not count'}
    ${-3}         | ${'0 s'}       | ${'clocks differ'}
    ${59.6}       | ${'1 min'}     | ${'it is rounded before it is cut up'}
    ${61}         | ${'1 min 1 s'} | ${'two units say enough'}
    ${3_600}      | ${'1 h'}       | ${'a unit of nothing is left out'}
    ${3_659}      | ${'1 h'}       | ${'only the next unit is shown'}
    ${90_000}     | ${'1 d 1 h'}   | ${'days are the largest'}
    ${86_400_000} | ${'1000 d'}    | ${'days are the largest'}
  `('of $seconds s is `$text`: $because', ({ seconds, text }) => {
    expect(spanText(seconds)).toBe(text);
  });
});

describe('an instant', () => {
  const NOW = Date.parse('2026-12-24T12:00:00Z');

  it.each`
    text                                  | at                            | because
    ${'30min'}                            | ${'2026-12-24T12:30:00.000Z'} | ${'minutes count from now'}
    ${'1d'}                               | ${'2026-12-25T12:00:00.000Z'} | ${'days count from now'}
    ${'2027-01-31T00:00:00z'}             | ${'2027-01-31T00:00:00.000Z'} | ${'RFC 3339 knows small letters'}
    ${'2027-01-31T00:00:00.123456+02:00'} | ${'2027-01-30T22:00:00.123Z'} | ${'zones and parts of seconds count'}
    ${'2027-01-31T00:00:00'}              | ${undefined}                  | ${'without a zone it is no instant'}
    ${'2027-13-01T00:00:00Z'}             | ${undefined}                  | ${'no year has a thirteenth month'}
    ${'-1d'}                              | ${undefined}                  | ${'the past is no expiry'}
    ${'1.5d'}                             | ${undefined}                  | ${'spans are whole'}
    ${'9999999d'}                         | ${undefined}                  | ${'no calendar goes that far'}
    ${'1m'}                               | ${undefined}                  | ${'m may be minutes or months'}
  `('is or is not `$text`: $because', ({ text, at }) => {
    expect(instantIn(text, NOW)).toBe(at);
  });
});
