/** What an imported description of an API says, and what it lists. */
import { compile, decide } from '#engine';
import { loadBundle, requestFromText } from '#policy';
import { importOpenApi, type Imported, ImportRefused, type OpenApiOptions } from '#policy-import';

interface Api {
  readonly openapi?: string;
  readonly servers?: readonly object[];
  readonly paths?: object;
  readonly [member: string]: unknown;
}

const GET = { get: { responses: { 200: { description: 'fine' } } } };

const imported = (api: Api, options: Partial<OpenApiOptions> = {}): Imported =>
  importOpenApi(
    {
      file: 'api.json',
      text: JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'Pet Store', version: '1' },
        servers: [{ url: 'https://Pets.example/v1/' }],
        paths: { '/pets': GET },
        ...api,
      }),
    },
    { domain: 'acme.pets', ...options },
  );

const serviceOf = ({ documents }: Imported) => documents.find(({ kind }) => kind === 'Service');
const endpointsOf = (found: Imported) => {
  const service = serviceOf(found);
  return service?.kind === 'Service' ? service.spec.endpoints : undefined;
};

describe('an imported description', () => {
  it('is a service with an endpoint a path, in domains that exist', () => {
    const paths = {
      '/pets': { ...GET, post: {}, parameters: [], summary: 'not a method', 'x-more': 1 },
      '/pets/{pet-id}': { delete: {} },
      '/': GET,
      'x-internal': GET,
    };
    const found = imported({ paths });
    expect(found.documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Domain acme',
      'Domain acme.pets',
      'Service pet-store',
    ]);
    expect(serviceOf(found)).toMatchObject({
      spec: {
        domains: ['acme.pets'],
        hosts: ['pets.example'],
        endpoints: [
          { name: 'pets', operations: [{ methods: ['GET', 'POST'], path: '/v1/pets' }] },
          { name: 'pets-pet-id', operations: [{ methods: ['DELETE'], path: '/v1/pets/{pet_id}' }] },
          { name: 'root', operations: [{ methods: ['GET'], path: '/v1/' }] },
        ],
      },
    });
  });

  it('lets nobody in', () => {
    const text = imported({})
      .documents.map((document) => JSON.stringify(document))
      .join('\n---\n');
    const { world } = loadBundle([{ file: 'all.yaml', text }]);
    const asked = JSON.stringify({ target: { host: 'pets.example', method: 'GET', path: '/v1/pets' } });
    const read = requestFromText(asked, { mode: 'offline', now: 0 });
    if (!('request' in read)) throw new Error(JSON.stringify(read));
    expect(decide(compile(world!), read.request)).toMatchObject({ decision: 'deny', reason: 'NOT_VISIBLE' });
  });

  it('is read from YAML as others write it, with numbers for names', () => {
    const text =
      'openapi: 3.0.3\ninfo: &info { title: a }\nx-again: *info\npaths:\n  /a:\n    get: { responses: { 200: {}, default: {} } }\n';
    const found = importOpenApi({ file: 'a.yaml', text }, { domain: 'd', hosts: ['a.example'], service: 'own' });
    expect(serviceOf(found)).toMatchObject({ metadata: { name: 'own' }, spec: { hosts: ['a.example'] } });
  });

  it('keeps hosts apart that have other paths before them', () => {
    const servers = [{ url: 'https://a.example/v1' }, { url: 'https://b.example/v1' }, { url: 'https://c.example/v2' }];
    expect(endpointsOf(imported({ servers }))).toEqual([
      { name: 'pets', hosts: ['a.example', 'b.example'], operations: [{ methods: ['GET'], path: '/v1/pets' }] },
      { name: 'pets-2', hosts: ['c.example'], operations: [{ methods: ['GET'], path: '/v2/pets' }] },
    ]);
  });

  it('takes a server with variables as their defaults say', () => {
    const variables = { region: { default: 'eu', enum: ['eu', 'us'] }, version: { default: 'v1' } };
    const found = imported({ servers: [{ url: 'https://{region}.example/{version}', variables }] });
    expect(serviceOf(found)?.spec).toMatchObject({
      hosts: ['eu.example'],
      endpoints: [{ operations: [{ path: '/v1/pets' }] }],
    });
    expect(found.remarks).toContainEqual({
      effect: 'narrower',
      concerns: 'server `https://{region}.example/{version}`',
      because: 'of its variables only the defaults are read',
    });
  });

  it('asks for no host of a server where hosts are named', () => {
    const servers = [{ url: 'https://{region}.example/v1' }];
    expect(serviceOf(imported({ servers }, { hosts: ['api.example'] }))?.spec).toMatchObject({
      hosts: ['api.example'],
      endpoints: [{ operations: [{ path: '/v1/pets' }] }],
    });
    const noPath = [{ url: 'https://a.example/{version}' }, { url: 'v1' }];
    expect(() => imported({ servers: noPath }, { hosts: ['api.example'] })).toThrow(
      'no server says which path the API is below',
    );
  });

  it.each`
    because                                 | api                                                                                      | told
    ${'part of a segment is no parameter'}  | ${{ paths: { '/a': GET, '/{name}.json': GET } }}                                         | ${'has the segment `{name}.json`'}
    ${'dots climb'}                         | ${{ paths: { '/a': GET, '/a/../b': GET } }}                                              | ${'can match no request'}
    ${'a path may be written elsewhere'}    | ${{ paths: { '/a': GET, '/b': { $ref: 'b.yaml' } } }}                                    | ${'is written elsewhere'}
    ${'a path may have servers of its own'} | ${{ paths: { '/a': { ...GET, servers: [{ url: 'https://b.example' }] } } }}              | ${'has servers of its own'}
    ${'so may an operation'}                | ${{ paths: { '/a': { get: { ...GET.get, servers: [{ url: 'https://b.example' }] } } } }} | ${'GET has servers of its own'}
    ${'a server may be a pattern'}          | ${{ servers: [{ url: 'https://a.example' }, { url: 'https://{region}.example' }] }}      | ${'names no host that can be said'}
    ${'a scheme says who may come in'}      | ${{ components: { securitySchemes: { oauth: { type: 'oauth2' } } } }}                    | ${'write a mechanism for it'}
    ${'what it calls itself is elsewhere'}  | ${{ webhooks: { sold: {} } }}                                                            | ${'what the API calls itself'}
    ${'nobody may come in yet'}             | ${{}}                                                                                    | ${'nobody gets in yet'}
  `('lists what it leaves out: $because', ({ api, told }) => {
    const because = imported(api).remarks.map((remark) => remark.because);
    expect(because.filter((text) => text.includes(told))).not.toEqual([]);
  });

  it.each`
    because                       | api                                            | message
    ${'it is of another version'} | ${{ openapi: '2.0' }}                          | ${'no description of OpenAPI 3'}
    ${'it says no version'}       | ${{ openapi: undefined }}                      | ${'no description of OpenAPI 3'}
    ${'it is nowhere'}            | ${{ servers: [{ url: '/v1' }] }}               | ${'name hosts with `--host`'}
    ${'it names no servers'}      | ${{ servers: [] }}                             | ${'name hosts with `--host`'}
    ${'it describes nothing'}     | ${{ paths: {} }}                               | ${'describes no path'}
    ${'two paths are one'}        | ${{ paths: { '/a/{x}': GET, '/a/{y}': GET } }} | ${''}
  `('is refused when $because', ({ api, message }) => {
    expect(() => imported(api)).toThrow(ImportRefused);
    expect(() => imported(api)).toThrow(message);
  });
});
