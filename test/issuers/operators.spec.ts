/** The program, and operators who come with tokens of a real issuer. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { CLIENT, type OidcServer, startOidcServer } from '../support/oidc-server.js';
import { startProgram, stopPrograms } from '../support/program.js';

jest.setTimeout(120_000);

const AUDIENCE = 'urn:acme:dharma';
const folder = mkdtempSync(join(tmpdir(), 'dharma-operators-'));
let oidc: OidcServer;
let admin: string;

beforeAll(async () => {
  oidc = await startOidcServer();
  mkdirSync(join(folder, 'policies'));
  writeFileSync(
    join(folder, 'policies/acme.yaml'),
    `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { administrators: [{ role: auditor, principals: ["user:oidc:${oidc.issuer}#${CLIENT}"] }] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: other }
spec: {}
`,
  );
  const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
  const program = startProgram(['--policies', join(folder, 'policies'), '--data-dir', join(folder, 'data'), ...ports], {
    DHARMA_READY_FILE: join(folder, 'ready.json'),
    DHARMA_OPERATOR_ISSUER: oidc.issuer,
    DHARMA_OPERATOR_AUDIENCE: AUDIENCE,
    DHARMA_ISSUER_HOSTS: oidc.address,
  });
  await program.says('until Ctrl-C');
  ({ admin } = JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8')) as { readonly admin: string });
});
afterAll(async () => {
  await stopPrograms();
  await oidc.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function domains(token: string): Promise<unknown> {
  const response = await fetch(`http://${admin}/admin/v1/domains`, { headers: { authorization: `Bearer ${token}` } });
  const { items, code } = (await response.json()) as {
    readonly items?: readonly { readonly name: string }[];
    readonly code?: string;
  };
  return items?.map(({ name }) => name) ?? code;
}

it('lets in who has a token for it, to what documents grant them', async () => {
  expect(await domains(await oidc.accessToken(AUDIENCE))).toEqual(['acme']);
});

it('lets in nobody with a token for another API, or for the client that they logged in to', async () => {
  expect(await domains(await oidc.accessToken('urn:acme:shop'))).toBe('operator-unknown');
  expect(await domains(await oidc.idToken('ann'))).toBe('operator-unknown');
});
