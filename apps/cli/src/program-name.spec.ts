import { programName } from './program-name.js';

describe('the name a person calls us by', () => {
  it.each`
    because                                   | script                            | cwd             | searched               | name
    ${'the clone is no folder of the PATH'}   | ${'/clone/dharma'}                | ${'/clone'}     | ${'/usr/bin:/bin'}     | ${'./dharma'}
    ${'the clone is above'}                   | ${'/clone/dharma'}                | ${'/clone/doc'} | ${'/usr/bin'}          | ${'../dharma'}
    ${'the clone is below'}                   | ${'/src/clone/dharma'}            | ${'/src'}       | ${'/usr/bin'}          | ${'./clone/dharma'}
    ${'it is installed'}                      | ${'/usr/bin/dharma'}              | ${'/clone'}     | ${'/opt/bin:/usr/bin'} | ${'dharma'}
    ${'folders of the PATH may end in a /'}   | ${'/usr/bin/dharma'}              | ${'/clone'}     | ${'/usr/bin/'}         | ${'dharma'}
    ${'an empty entry of the PATH says none'} | ${'/clone/dharma'}                | ${'/clone'}     | ${':/usr/bin'}         | ${'./dharma'}
    ${'nobody types the path of a module'}    | ${'/clone/dist/apps/cli/main.js'} | ${'/clone'}     | ${'/usr/bin'}          | ${'dharma'}
  `('is $name: $because', ({ script, cwd, searched, name }) => {
    expect(programName(script, cwd, searched)).toBe(name);
  });
});
