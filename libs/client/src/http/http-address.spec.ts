import { httpAddress } from './http-address.js';

describe('where a server is', () => {
  it.each`
    url                        | address
    ${'http://127.0.0.1:8181'} | ${{ kind: 'tcp', tls: false, host: '127.0.0.1', port: 8181 }}
    ${'http://[::1]:8181/'}    | ${{ kind: 'tcp', tls: false, host: '::1', port: 8181 }}
    ${'http://localhost'}      | ${{ kind: 'tcp', tls: false, host: 'localhost', port: 80 }}
    ${'https://dharma.acme'}   | ${{ kind: 'tcp', tls: true, host: 'dharma.acme', port: 443 }}
    ${'unix:/run/dharma.sock'} | ${{ kind: 'unix', path: '/run/dharma.sock' }}
  `('is read from $url', ({ url, address }) => {
    expect(httpAddress(url, false)).toEqual(address);
  });

  it.each`
    because                                       | url
    ${'tokens would go over a network to read'}   | ${'http://dharma.acme:8181'}
    ${'a name that begins like loopback is none'} | ${'http://127.0.0.1.acme.example:8181'}
    ${'a route is ours to choose'}                | ${'http://127.0.0.1:8181/v1'}
    ${'an address is no place for a secret'}      | ${'http://edge:secret@127.0.0.1:8181'}
    ${'it is another protocol'}                   | ${'ftp://127.0.0.1'}
    ${'it is no address'}                         | ${'dharma'}
  `('is refused: $because', ({ url }) => {
    expect(() => httpAddress(url, false)).toThrow(TypeError);
  });

  it('may be reached in plain text where someone says so', () => {
    expect(httpAddress('http://dharma.acme:8181', true)).toMatchObject({ tls: false, host: 'dharma.acme' });
  });
});
