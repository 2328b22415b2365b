/**
 * Time, chance and identity come in as arguments: what the engine and its conditions are written in has none of them.
 * That they import nothing of Node is judged with the floors.
 */
import { readFileSync, readdirSync } from 'node:fs';

const AMBIENT =
  /\b(?:Date\s*\.\s*now\b|new\s+Date\s*\(\s*\)|Math\s*\.\s*random\b|new\s+Function\b|(?:performance|process|crypto|globalThis|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|console|eval)\b)/;

/** Comments may speak of clocks. */
function code(source: string): string {
  return source.replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/[^\n]*/g, '');
}

const files = ['cel', 'engine'].flatMap((library) => {
  const folder = new URL(`../../libs/${library}/src/`, import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => [`${library}/${name}`, readFileSync(new URL(name, folder), 'utf8')] as const);
});

it.each(files)('%s reads no clock, no chance and nothing of its surroundings', (_, source) => {
  expect(code(source)).not.toMatch(AMBIENT);
});

it('all of them were read', () => {
  const names = files.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['engine/decide.ts', 'engine/specification.ts', 'cel/condition.ts']));
});

it.each(['Date.now()', 'new Date( )', 'Math.random()', 'performance.now()', 'process.hrtime()', 'eval(text)'])(
  '%s would be found',
  (impure) => {
    expect(code(`const now = ${impure};`)).toMatch(AMBIENT);
  },
);
