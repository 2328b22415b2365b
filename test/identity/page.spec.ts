/** The set that the page shows works, with the keys that it shows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judged } from '#identity';
import { identityOf, NOW, peer, presented, shown } from './identities.js';

const page = readFileSync(join(import.meta.dirname, '../../docs/identity.md'), 'utf8');

it('knows the gateway and the partner', async () => {
  const identity = await identityOf(/^```yaml\n([\s\S]*?)^```/m.exec(page)![1]!);
  const [, edgeKey] = /`x-dharma-key: ([^`]+)`/.exec(page)!;
  const caller = identity.caller(peer({ key: edgeKey }), NOW);
  expect(caller).toMatchObject({ kind: 'known', name: 'edge', believed: new Set(['mesh', 'portal-user']) });
  const [, header, clientKey] = /`(x-api-key): ([^`]+)`/.exec(page)!;
  const judged = identity.judge(
    presented({
      credentials: { [header!]: clientKey! },
      certificate: { principal: 'spiffe://acme.example/ns/orders/sa/api', pem: '' },
      reported: { 'x-auth-request-user': 'ann' },
    }),
    caller as Extract<typeof caller, { kind: 'known' }>,
    NOW,
  ) as Judged;
  identity.close();
  expect(shown(judged)).toEqual([
    'mesh spiffe://acme.example/ns/orders/sa/api',
    'portal-user ann',
    'partner-key partner-1',
  ]);
  expect(judged.dropped).toEqual([]);
});
