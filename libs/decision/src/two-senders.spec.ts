import type { Presented } from '#identity';
import { namesTwoSenders } from './two-senders.js';

/** Fields as an adapter presents them: header names that came, twice ones twice. */
function presented(...names: string[]): Presented {
  const fields = Object.fromEntries(names.filter((name) => !name.includes('_')).map((name) => [name, 'v']));
  return {
    asserted: [],
    credentials: fields,
    reported: fields,
    repeated: new Set(names.filter((name, at) => names.indexOf(name) < at)),
    aliases: new Map(names.filter((name) => /[_.]/.test(name)).map((name) => [name, name.replaceAll(/[_.]/g, '-')])),
  };
}

describe('a request names two senders', () => {
  it.each`
    because                                                 | headers                 | names                    | two
    ${'nobody is named'}                                    | ${['x-user']}           | ${['accept', 'x_trace']} | ${false}
    ${'one is'}                                             | ${['x-user']}           | ${['x-user', 'x_trace']} | ${false}
    ${'the header is there twice'}                          | ${['x-user']}           | ${['x-user', 'x-user']}  | ${true}
    ${'another header may be there twice'}                  | ${['x-user']}           | ${['accept', 'accept']}  | ${false}
    ${'an underscore is folded'}                            | ${['x-user']}           | ${['x-user', 'x_user']}  | ${true}
    ${'also without the header itself'}                     | ${['x-user']}           | ${['x_user']}            | ${true}
    ${'a dot is folded'}                                    | ${['x-user']}           | ${['x.user']}            | ${true}
    ${'one of several'}                                     | ${['x-user-name']}      | ${['x-user_name']}       | ${true}
    ${'a name that only begins alike is another'}           | ${['x-user']}           | ${['x_user_agent']}      | ${false}
    ${'a mechanism may have an underscore'}                 | ${['x_user']}           | ${['x_user']}            | ${false}
    ${'then the dash is the alias'}                         | ${['x_user']}           | ${['x-user']}            | ${true}
    ${'and so is the dot'}                                  | ${['x_user']}           | ${['x_user', 'x.user']}  | ${true}
    ${'of two mechanisms that fold together neither reads'} | ${['x_user', 'x-user']} | ${['x-user']}            | ${true}
  `('($two): $because', ({ headers, names, two }) => {
    expect(namesTwoSenders(presented(...names), { reportHeaders: new Set(headers) })).toBe(two);
  });

  it('never where an adapter has nothing doubtful to tell', () => {
    const plain = { asserted: [], credentials: { 'x-user': 'ann' }, reported: {} };
    expect(namesTwoSenders(plain, { reportHeaders: new Set(['x-user']) })).toBe(false);
  });
});
