import { attributeValues } from './distinguished-name.js';

it.each`
  because                                | name                                             | values
  ${'it is one of several'}              | ${'CN=db,OU=app:1,O=Acme'}                       | ${['app:1']}
  ${'several may stand together'}        | ${'CN=db,OU=organization:1+OU=space:2+OU=app:3'} | ${['organization:1', 'space:2', 'app:3']}
  ${'there is none'}                     | ${'CN=db,O=Acme'}                                | ${[]}
  ${'a value may be empty'}              | ${'OU=,CN=db'}                                   | ${['']}
  ${'a comma in a value is escaped'}     | ${'CN=x\\,OU=app:9,OU=app:1'}                    | ${['app:1']}
  ${'a plus in a value is escaped'}      | ${'CN=x\\+OU=app:9,OU=app:1'}                    | ${['app:1']}
  ${'bytes are written in hex'}          | ${'OU=jos\\C3\\A9'}                              | ${['josé']}
  ${'a backslash stands for itself'}     | ${'OU=a\\\\,CN=b'}                               | ${['a\\']}
  ${'a type is not the end of another'}  | ${'XOU=app:1'}                                   | ${[]}
  ${'types do not differ by case to us'} | ${'ou=app:1'}                                    | ${[]}
  ${'bytes may be no text'}              | ${'OU=\\FF'}                                     | ${undefined}
  ${'an escape may be cut'}              | ${'OU=a\\'}                                      | ${undefined}
  ${'an escape may stand for nothing'}   | ${'OU=\\a'}                                      | ${undefined}
  ${'quotes have other rules'}           | ${'OU="a,b"'}                                    | ${undefined}
  ${'so has hex as a whole'}             | ${'OU=#0c0161'}                                  | ${undefined}
  ${'an attribute may have no type'}     | ${'CN=a,b'}                                      | ${undefined}
  ${'there may be nothing'}              | ${''}                                            | ${undefined}
  ${'there may be an end too many'}      | ${'CN=a,'}                                       | ${undefined}
`('units in $name: $because', ({ name, values }) => {
  expect(attributeValues(name, 'OU')).toEqual(values);
});
