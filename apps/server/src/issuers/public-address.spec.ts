import { isPublicAddress } from './public-address.js';

it.each`
  because                                          | address               | isPublic
  ${'it is handed out'}                            | ${'8.8.8.8'}          | ${true}
  ${'it is handed out, beside a private one'}      | ${'172.32.0.1'}       | ${true}
  ${'it is handed out'}                            | ${'2606:4700::1'}     | ${true}
  ${'it is this machine'}                          | ${'127.0.0.1'}        | ${false}
  ${'it is this machine, at another address'}      | ${'127.9.9.9'}        | ${false}
  ${'it is this machine, as nobody in particular'} | ${'0.0.0.0'}          | ${false}
  ${'it is this machine'}                          | ${'::1'}              | ${false}
  ${'it is nobody'}                                | ${'::'}               | ${false}
  ${'it is private'}                               | ${'10.1.2.3'}         | ${false}
  ${'it is private'}                               | ${'172.31.255.255'}   | ${false}
  ${'it is private'}                               | ${'192.168.0.1'}      | ${false}
  ${'it is shared among customers'}                | ${'100.64.0.1'}       | ${false}
  ${'clouds answer secrets there'}                 | ${'169.254.169.254'}  | ${false}
  ${'it is documentation'}                         | ${'203.0.113.1'}      | ${false}
  ${'it is for measurements'}                      | ${'198.19.0.1'}       | ${false}
  ${'it is a group'}                               | ${'224.0.0.1'}        | ${false}
  ${'it is everybody'}                             | ${'255.255.255.255'}  | ${false}
  ${'it is private'}                               | ${'fd00::1'}          | ${false}
  ${'clouds answer secrets there'}                 | ${'fd00:ec2::254'}    | ${false}
  ${'it is the link'}                              | ${'fe80::1'}          | ${false}
  ${'it is IPv4 written as IPv6'}                  | ${'::ffff:127.0.0.1'} | ${false}
  ${'it is IPv4 written as IPv6, also if public'}  | ${'::ffff:8.8.8.8'}   | ${false}
  ${'it leads to IPv4'}                            | ${'64:ff9b::7f00:1'}  | ${false}
  ${'it leads to IPv4'}                            | ${'2002:7f00:1::'}    | ${false}
  ${'it is a tunnel'}                              | ${'2001:0:7f00:1::'}  | ${false}
  ${'it is documentation'}                         | ${'2001:db8::1'}      | ${false}
  ${'it is a group'}                               | ${'ff02::1'}          | ${false}
  ${'it is a name'}                                | ${'localhost'}        | ${false}
  ${'it is nothing'}                               | ${''}                 | ${false}
`('$address is public: $isPublic, because $because', ({ address, isPublic }) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
