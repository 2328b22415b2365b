/** What a plan says will be decided otherwise, end to end. */
import { compile, decide } from '#engine';
import { loadBundle, parseRequest } from '#policy';
import { ScriptedServer, startTestAdmin, type TestAdmin } from './admin-server.js';

const policy = (rules: string) => `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [${rules}] }
`;
const READ = '{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }';
const WRITE = '{ id: write, effect: allow, who: { anonymous: true }, what: { methods: [POST] } }';
const AT_NIGHT = '{ id: night, effect: allow, who: { anonymous: true }, when: attributes.night == true }';
const NOW = Date.parse('2026-11-26T10:00:00Z');

const server = new ScriptedServer();
let admin: TestAdmin;

beforeAll(async () => {
  server.files = [{ file: 'shop.yaml', text: policy(READ) }];
  admin = await startTestAdmin({ history: null, server, clock: () => NOW });
});
afterAll(() => admin.stop());

const planned = async (rules: string, more: object = {}) => {
  const body = { source: 'git', files: [{ file: 'shop.yaml', text: policy(rules) }], ...more };
  return (await admin.ask('POST', '/admin/v1/plan', { body })).json;
};

const verdict = (rules: string, sample: object) => {
  const reading = parseRequest(sample, { mode: 'offline', now: NOW });
  if ('faults' in reading) throw new Error(JSON.stringify(reading.faults));
  return decide(compile(loadBundle([{ file: 'shop.yaml', text: policy(rules) }]).world!), reading.request);
};

describe('a plan', () => {
  it('groups what comes out otherwise, each with a request that can be asked', async () => {
    const { flips } = await planned(WRITE);
    // At `/`, at one path, and at one that ends in a slash.
    expect(flips).toMatchObject({ coverage: 1, conditional: 0, toAllow: 3, toDeny: 3, conditionals: [], more: 0 });
    expect(flips.points).toBe(flips.decided);
    expect(flips.groups).toEqual([
      {
        domain: 'shop',
        endpoint: 'orders/all',
        from: 'deny',
        to: 'allow',
        points: 3,
        conditional: false,
        sample: expect.objectContaining({ target: expect.objectContaining({ method: 'POST' }) }),
        before: { reason: 'NO_ALLOW_RULE', deniedAt: 'shop', rules: [] },
        after: { reason: 'ALLOW_SLOW', deniedAt: null, rules: ['shop/write'] },
      },
      expect.objectContaining({ from: 'allow', to: 'deny', before: expect.objectContaining({ rules: ['shop/read'] }) }),
    ]);
    for (const { sample, from, to } of flips.groups)
      expect([READ, WRITE].map((rules) => verdict(rules, sample).decision)).toEqual([from, to]);
  });

  it('tells what hangs on a condition as that', async () => {
    const { flips } = await planned(`${READ}, ${AT_NIGHT}`);
    expect(flips).toMatchObject({ toAllow: 0, toDeny: 0 });
    expect(flips.groups).toEqual([
      expect.objectContaining({
        to: 'allow',
        conditional: true,
        after: expect.objectContaining({ rules: ['shop/night'] }),
      }),
    ]);
    expect(flips.conditionals).toEqual([
      { domain: 'shop', endpoint: 'orders/all', points: flips.conditional, rules: ['shop/night'] },
    ]);
  });

  it.each`
    because                                 | rules             | more  | flips
    ${'nothing changes'}                    | ${READ}           | ${{}} | ${{ points: 0, coverage: 1, groups: [] }}
    ${'nobody publishes what is not valid'} | ${'{ id: read }'} | ${{}} | ${null}
  `('says $flips where $because', async ({ rules, more, flips }) => {
    const plan = await planned(rules, more);
    if (flips === null) expect(plan.flips).toBeNull();
    else expect(plan.flips).toMatchObject(flips);
  });

  it('leaves them out where nobody asks for them, and takes no other word for it', async () => {
    expect(await planned(WRITE, { flips: false })).not.toHaveProperty('flips');
    expect(await planned(WRITE, { flips: null })).toMatchObject({ code: 'request-invalid' });
  });
});
