import { CATALOGUE, Problem, type ProblemCode } from './index.js';

describe('a problem', () => {
  it('carries its values in the detail and leaves as problem details', () => {
    const problem = new Problem('route-unknown', { method: 'GET', path: '/v2' });
    expect(problem.details()).toEqual({
      type: 'urn:dharma:problem:route-unknown',
      title: 'There is no such route',
      status: 404,
      detail: 'no route answers `GET /v2`',
      code: 'route-unknown',
      remedy: CATALOGUE['route-unknown'].remedy,
    });
  });

  it('adds the members of its own, which never hide the common ones', () => {
    const problem = new Problem('route-unknown', { method: 'GET', path: '/' }, { current: { number: 7 }, status: 200 });
    expect(problem.details()).toMatchObject({ current: { number: 7 }, status: 404 });
  });

  it.each`
    because                                          | path
    ${'a value may look like a replacement pattern'} | ${'$& $1 $`'}
    ${'a value may look like a placeholder'}         | ${'{method}'}
  `('takes values to the letter: $because', ({ path }: { path: string }) => {
    expect(new Problem('route-unknown', { method: 'GET', path }).message).toBe(`no route answers \`GET ${path}\``);
  });
});

describe('the catalogue', () => {
  it.each(Object.keys(CATALOGUE) as ProblemCode[])('%s reads like the house style', (code) => {
    const { title, detail, remedy, status } = CATALOGUE[code];
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    for (const sentence of [detail, remedy]) expect(sentence).toMatch(/^[^A-Z].*[^.]$/s);
    expect(status).toBeGreaterThanOrEqual(400);
  });
});
