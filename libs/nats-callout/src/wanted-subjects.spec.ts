import * as fc from 'fast-check';
import { MOST_SUBJECTS, parseWantedSubjects, subjectsFor, tokenOf } from './wanted-subjects.js';

describe('a list of subjects', () => {
  it('has a line each, in its order', () => {
    expect(parseWantedSubjects('# ours\n\npublish   orders.created\r\n  subscribe things.{user}.state  \n')).toEqual({
      subjects: [
        { action: 'publish', subject: 'orders.created' },
        { action: 'consume', subject: 'things.{user}.state' },
      ],
    });
  });

  it.each`
    because                                 | line                   | message
    ${'a verb is not known'}                | ${'request a'}         | ${'`request` is not one of `publish`, `subscribe`'}
    ${'there is no subject'}                | ${'publish'}           | ${'`publish` needs one subject'}
    ${'there are two'}                      | ${'publish a b'}       | ${'`publish` needs one subject'}
    ${'a word stands for any word'}         | ${'publish a.*'}       | ${'`a.*` is more than one subject'}
    ${'the rest stands for any rest'}       | ${'subscribe >'}       | ${'`>` is more than one subject'}
    ${'a token is empty'}                   | ${'publish a..b'}      | ${'`a..b` is no subject'}
    ${'it does not end'}                    | ${'publish a.'}        | ${'`a.` is no subject'}
    ${'only a whole token is replaced'}     | ${'publish a{user}'}   | ${'`a{user}` is no subject'}
    ${'nothing else is'}                    | ${'publish {account}'} | ${'`{account}` is no subject'}
    ${'a wildcard may not hide in a token'} | ${'publish a*b'}       | ${'`a*b` is no subject'}
  `('is wrong where $because', ({ line, message }) => {
    expect(parseWantedSubjects(`\n${line}`)).toEqual({ faults: [{ line: 2, message }] });
  });

  it('has an end', () => {
    const lines = (count: number) => 'publish a\n'.repeat(count);
    expect(parseWantedSubjects(lines(MOST_SUBJECTS))).toHaveProperty('subjects');
    expect(parseWantedSubjects(lines(MOST_SUBJECTS + 1))).toHaveProperty('faults');
  });
});

describe('a name', () => {
  it('stands in a subject as one token, and no two names look alike', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const token = tokenOf(one);
        if (token === undefined) return;
        expect(token).not.toMatch(/[.*>{}\s]/);
        if (one !== other) expect(tokenOf(other)).not.toBe(token);
      }),
    );
    expect([tokenOf('ann'), tokenOf('a.n%n')]).toEqual(['ann', 'a%2En%25n']);
  });

  it.each(['', '*', '>', 'a b', 'a\n', 'ä', '{user}'])('is no token: %j', (name) => {
    expect(tokenOf(name)).toBeUndefined();
  });

  it('takes its place in subjects of one’s own, and who has none has no such subjects', () => {
    const wanted = [
      { action: 'publish', subject: '{user}.{user}' },
      { action: 'consume', subject: 'all' },
    ] as const;
    expect(subjectsFor(wanted, 'ann').map(({ subject }) => subject)).toEqual(['ann.ann', 'all']);
    expect(subjectsFor(wanted, undefined).map(({ subject }) => subject)).toEqual(['all']);
  });
});
