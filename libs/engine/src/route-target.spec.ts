import { loadBundle } from '#policy';
import { compile } from './compile.js';
import { lookupTarget } from './lookup.js';
import type { AccessRequest } from './model.js';
import { targetOfRoute } from './route-target.js';
import { readTarget } from './target.js';

const { world } = loadBundle([
  {
    file: 'routes.yaml',
    text: `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: {}
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: vault }
spec: { addresses: [one.example/files/secret, "*.one.example/items"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: one }
spec:
  domains: [shop]
  hosts: [one.example, "*.one.example"]
  endpoints:
    - { name: items, operations: [{ methods: [GET], path: "/items/{id}" }, { methods: [GET], path: /items/new }] }
    - { name: health, operations: [{ methods: [GET], path: /health }] }
    - { name: files, operations: [{ path: "/files/**" }] }
    - { name: slack, trailingSlash: ignore, operations: [{ path: /slack }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: two }
spec: { domains: [shop], hosts: [two.example], endpoints: [{ name: health, operations: [{ path: /health }] }] }
`,
  },
]);
const snapshot = compile(world!);

it.each`
  because                                    | method   | template             | more                            | endpoint
  ${'it is written so'}                      | ${'GET'} | ${'/items/{id}'}     | ${{}}                           | ${'one/items'}
  ${'names of parameters do not matter'}     | ${'GET'} | ${'/items/*'}        | ${{}}                           | ${'one/items'}
  ${'another template is another route'}     | ${'GET'} | ${'/items/new'}      | ${{}}                           | ${'one/items'}
  ${'a path is no template'}                 | ${'GET'} | ${'/items/7'}        | ${{}}                           | ${''}
  ${'nor is the beginning of one'}           | ${'GET'} | ${'/items'}          | ${{}}                           | ${''}
  ${'a rest is a rest'}                      | ${'PUT'} | ${'/files/**'}       | ${{}}                           | ${'one/files'}
  ${'and stands at the end'}                 | ${'PUT'} | ${'/files/**/a'}     | ${{}}                           | ${''}
  ${'where the slash at the end is ignored'} | ${'GET'} | ${'/slack/'}         | ${{}}                           | ${'one/slack'}
  ${'methods are told apart'}                | ${'PUT'} | ${'/items/{id}'}     | ${{}}                           | ${''}
  ${'one of two answers this method'}        | ${'PUT'} | ${'/health'}         | ${{}}                           | ${'two/health'}
  ${'two could be meant'}                    | ${'GET'} | ${'/health'}         | ${{}}                           | ${''}
  ${'the host says which'}                   | ${'GET'} | ${'/health'}         | ${{ host: 'A.one.example:80' }} | ${'one/health'}
  ${'a host that nobody has does not'}       | ${'GET'} | ${'/health'}         | ${{ host: 'three.example' }}    | ${''}
  ${'nor one that is no host'}               | ${'GET'} | ${'/health'}         | ${{ host: 'two.example/' }}     | ${''}
  ${'a host counts where one is meant too'}  | ${'GET'} | ${'/items/{id}'}     | ${{ host: 'gateway:1' }}        | ${''}
  ${'so does one that is none'}              | ${'GET'} | ${'/items/{id}'}     | ${{ host: 'not a host!' }}      | ${''}
  ${'or an empty one'}                       | ${'GET'} | ${'/items/{id}'}     | ${{ host: '' }}                 | ${''}
  ${'it is at this host'}                    | ${'GET'} | ${'/items/{id}'}     | ${{ host: 'one.example' }}      | ${'one/items'}
  ${'another domain claims it there'}        | ${'GET'} | ${'/items/{id}'}     | ${{ host: 'a.one.example' }}    | ${''}
  ${'its path gives the parameters'}         | ${'GET'} | ${'/items/{id}'}     | ${{ path: '/items/7?a=1' }}     | ${'one/items'}
  ${'the path is of a narrower route'}       | ${'GET'} | ${'/items/{id}'}     | ${{ path: '/items/new' }}       | ${''}
  ${'the path is of another endpoint'}       | ${'GET'} | ${'/items/{id}'}     | ${{ path: '/files/a' }}         | ${''}
  ${'the path can be read in two ways'}      | ${'GET'} | ${'/items/{id}'}     | ${{ path: '/items/a/../b' }}    | ${''}
  ${'it is longer than any path'}            | ${'GET'} | ${'/a'.repeat(9000)} | ${{}}                           | ${''}
  ${'no member is special'}                  | ${'GET'} | ${'/__proto__'}      | ${{}}                           | ${''}
`('$method $template is `$endpoint`, because $because', ({ method, template, more, endpoint }) => {
  const target = targetOfRoute(snapshot, { kind: 'route', method, template, ...more });
  expect(target).toMatchObject({ kind: 'endpoint', endpoint });
  if (endpoint !== '') expect(target).toMatchObject({ method, ...('path' in more && { path: more.path }) });
});

it.each`
  because                                  | host               | path                 | template         | isThere
  ${'the path is of the route there'}      | ${'one.example'}   | ${'/items/7?a=1'}    | ${'/items/{id}'} | ${true}
  ${'no host is without its path'}         | ${'two.example'}   | ${'/items/7'}        | ${'/items/{id}'} | ${false}
  ${'it has to be a host'}                 | ${'not a host!'}   | ${'/items/7'}        | ${'/items/{id}'} | ${false}
  ${'the path is of a narrower route'}     | ${'one.example'}   | ${'/items/new'}      | ${'/items/{id}'} | ${false}
  ${'the path can be read in two ways'}    | ${'one.example'}   | ${'/items/a/../b'}   | ${'/items/{id}'} | ${false}
  ${'nobody lets a slash be escaped here'} | ${'one.example'}   | ${'/files/a%2Fb'}    | ${'/files/**'}   | ${false}
  ${'nobody else claims this path'}        | ${'one.example'}   | ${'/files/a'}        | ${'/files/**'}   | ${true}
  ${'another domain claims the host'}      | ${'a.one.example'} | ${'/items/7'}        | ${'/items/{id}'} | ${false}
  ${'another domain claims a part of it'}  | ${'one.example'}   | ${'/files/secret/a'} | ${'/files/**'}   | ${false}
`('$path at $host is as its address is, because $because', ({ host, path, template, isThere }) => {
  const target = targetOfRoute(snapshot, { kind: 'route', method: 'GET', template, host, path });
  const found = lookupTarget(snapshot, readTarget({ target, headers: {} } as AccessRequest)!);
  expect(typeof found === 'object').toBe(isThere);
  if (isThere) expect(target).toEqual({ kind: 'address', method: 'GET', host, path });
});
