import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signedMetadataOf } from './signed-metadata.js';

const folder = mkdtempSync(join(tmpdir(), 'dharma-metadata-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each`
  because                      | content           | message
  ${'there is no such file'}   | ${undefined}      | ${'ENOENT'}
  ${'it holds something else'} | ${'Sesame opens'} | ${'it holds no private key'}
`('a key for the metadata stops the start, when $because', async ({ content, message }) => {
  const metadataKey = join(folder, content === undefined ? 'absent.pem' : 'wrong.pem');
  if (content !== undefined) writeFileSync(metadataKey, content as string);
  const fault = (await signedMetadataOf({ publicUrl: 'https://pdp.example', metadataKey }, 0).catch(
    (thrown: unknown) => thrown,
  )) as Error;
  expect(fault).toMatchObject({ code: 'setting-invalid' });
  expect(fault.message).toMatch(/^`DHARMA_METADATA_KEY`: /);
  expect(fault.message).toContain(message);
  expect(fault.message).not.toContain('Sesame');
});

it('without a key nothing is signed', async () => {
  expect(await signedMetadataOf({ publicUrl: 'https://pdp.example', metadataKey: undefined }, 0)).toBeUndefined();
});
