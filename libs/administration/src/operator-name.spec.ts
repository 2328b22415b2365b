import { operatorNameFault } from './operator-name.js';

it.each`
  because                                        | name                   | fault
  ${'people have names'}                         | ${'ann'}               | ${undefined}
  ${'of several words'}                          | ${'Ann Lee (on call)'} | ${undefined}
  ${'in their own letters'}                      | ${'Анна'}              | ${undefined}
  ${'whichever they are'}                        | ${'山田 太郎'}         | ${undefined}
  ${'and jobs have addresses'}                   | ${'ci@acme.example'}   | ${undefined}
  ${'a blank is no name'}                        | ${' '}                 | ${'a blank at an end'}
  ${'a blank at the end is not seen'}            | ${'ann '}              | ${'a blank at an end'}
  ${'nor how many there are'}                    | ${'ann  lee'}          | ${'two in a row'}
  ${'nor another blank'}                         | ${'ann\u00a0lee'}      | ${'not seen'}
  ${'nor what has no width'}                     | ${'ann\u200b'}         | ${'not seen'}
  ${'nor what turns the direction'}              | ${'ann\u202enna'}      | ${'not seen'}
  ${'nor a control character'}                   | ${'ann\u0007'}         | ${'not seen'}
  ${'nor a letter that is blank'}                | ${'\u3164'}            | ${'not seen'}
  ${'another alphabet looks the same'}           | ${'\u0430nn'}          | ${'two alphabets'}
  ${'so do wide letters'}                        | ${'ａnn'}              | ${'another spelling'}
  ${'three dots are what is not told'}           | ${'…'}                 | ${'another spelling'}
  ${'however they are written'}                  | ${'...'}               | ${'neither a letter nor a digit'}
  ${'the server calls nobody so'}                | ${'Somebody'}          | ${'names nobody'}
  ${'and itself'}                                | ${'first start'}       | ${'names nobody'}
  ${'who made a token is for the server to say'} | ${'ann, by root'}      | ${'its maker’s'}
`('$because', ({ name, fault }) => {
  expect(operatorNameFault(name)).toEqual(fault === undefined ? undefined : expect.stringContaining(fault));
});
