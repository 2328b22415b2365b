import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GatheredBytes } from './gathered-bytes.js';
import { StreamedJson } from './streamed-json.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('gives what came, piece by piece, and begins anew', () => {
  const bytes = new GatheredBytes();
  for (const text of ['a', 'bc'.repeat(5_000), '', 'd']) bytes.add(Buffer.from(text));
  expect(bytes.length).toBe(10_002);
  expect(Buffer.from(bytes.take()).toString()).toBe(`a${'bc'.repeat(5_000)}d`);
  expect(bytes.length).toBe(0);
  bytes.add(Buffer.from('e'));
  expect(Buffer.from(bytes.take()).toString()).toBe('e');
});

it('holds of a text that comes byte by byte little more than the text', () => {
  const reader = new StreamedJson({
    restBytes: 1_000,
    elements: 10,
    elementValues: 10,
    elementBytes: 1_000_000,
    documentBytes: 1_000_000,
  });
  reader.push(Buffer.from('{"files":["'));
  const held = (): number => {
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  const before = held();
  for (let count = 0; count < 500_000; count += 1) reader.push(Buffer.of(0x78));
  // Each of them kept by itself was 170 bytes.
  expect(held() - before).toBeLessThan(8 * 1024 * 1024);
  reader.push(Buffer.from('"]}'));
  expect((reader.end() as { readonly files: readonly string[] }).files[0]).toHaveLength(500_000);
});
