/** Lambda authorizers on events as API Gateway sends them, before real check listeners. */
import { DharmaClient } from '#client';
import { httpApiAuthorizer, restAuthorizer } from '../../libs/client/src/aws/index.js';
import {
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  startCheckListeners,
  type CheckListeners,
} from '../protocols/check-listeners.js';

const PATIENT = { timeoutMilliseconds: 20_000, tryMilliseconds: 20_000, tries: 1 };
const ARN = 'arn:aws:execute-api:eu-west-1:123456789012:api/prod/GET/admin';
const HOST = { host: 'shop.example' };

let dharma: CheckListeners;
let client: DharmaClient;

beforeAll(async () => {
  dharma = await startCheckListeners(KEYED_SHOP);
  client = new DharmaClient({ url: `http://127.0.0.1:${dharma.http.port}`, key: EDGE_KEY, ...PATIENT });
});

afterAll(async () => {
  client.close();
  await dharma.stop();
});

const httpEvent = (rawPath: string, headers: { readonly [name: string]: string } = {}, method = 'GET') => ({
  version: '2.0',
  type: 'REQUEST',
  rawPath,
  rawQueryString: 'page=2',
  headers: { host: 'other.example', ...headers },
  requestContext: { http: { method, path: rawPath } },
});
const restEvent = (path: string, headers: { readonly [name: string]: readonly string[] } = {}, more: object = {}) => ({
  type: 'REQUEST',
  methodArn: ARN,
  httpMethod: 'GET',
  path,
  multiValueHeaders: { Host: ['other.example'], ...headers },
  multiValueQueryStringParameters: { page: ['2'] },
  ...more,
});
const carrying = { ...HOST, carriesHeaders: true };

/** An authorizer cannot take them out, and services read them. */
const SPOOFED = [
  { because: 'who called is ours to say', name: 'x-dharma-principal', value: 'user:root' },
  { because: 'whatever it is called', name: 'x-dharma-role', value: 'root' },
  { because: 'another method was not judged', name: 'x-http-method-override', value: 'DELETE' },
  { because: 'nor was it under another name', name: 'x_http_method_override', value: 'DELETE' },
  { because: 'nor another target', name: 'x-original-url', value: '/other' },
  { because: 'a rule says this', name: 'x-customer-tier', value: 'gold' },
  { because: 'a service may fold its name', name: 'x_customer_tier', value: 'gold' },
  { because: 'only rules say this', name: 'x-staff-level', value: 'high' },
  { because: 'under no name', name: 'X.Staff.Level', value: 'high' },
];

/** By name and as it is allowed; the public pages set a header. */
const CASES = [
  { because: 'a key opens the office', path: '/admin', key: CLIENT_KEY, allowed: true },
  { because: 'nobody is known', path: '/admin', key: undefined, allowed: false },
  { because: 'a false key opens nothing', path: '/admin', key: 'partner-1.guess', allowed: false },
  { because: 'an escape can be read in two ways', path: '/admi%6e', key: CLIENT_KEY, allowed: false },
  { because: 'what was an escape looks like a query', path: '/admin?x', key: CLIENT_KEY, allowed: false },
  { because: 'a pattern would allow more', path: '/admin*', key: CLIENT_KEY, allowed: false },
  { because: 'a path goes up', path: '/public/../admin', key: CLIENT_KEY, allowed: false },
  { because: 'a parameter hides in a segment', path: '/admin;x', key: CLIENT_KEY, allowed: false },
];

describe('an HTTP API', () => {
  it.each(CASES)('is told $allowed: $because', async ({ path, key, allowed }) => {
    const answer = await httpApiAuthorizer(
      client,
      HOST,
    )(httpEvent(path, key === undefined ? {} : { 'x-api-key': key }));
    expect(answer.isAuthorized).toBe(allowed);
    expect(answer.context).toEqual(
      allowed ? expect.objectContaining({ x_dharma_principal: 'client:partner-1', x_dharma_domain: 'shop' }) : {},
    );
  });

  it('denies what it cannot carry out, unless its integration sets headers', async () => {
    const event = httpEvent('/public/list');
    expect(await httpApiAuthorizer(client, HOST)(event)).toEqual({ isAuthorized: false, context: {} });
    expect(await httpApiAuthorizer(client, carrying)(event)).toMatchObject({
      isAuthorized: true,
      context: { x_customer_tier: 'standard' },
    });
  });

  it('has a word in its context for each header that a rule may set, under names that a mapping can say', async () => {
    const { context } = await httpApiAuthorizer(client, HOST)(httpEvent('/admin', { 'x-api-key': CLIENT_KEY }));
    expect(context).toMatchObject({ x_customer_tier: '', x_staff_level: '', x_dharma_actor: '' });
    expect(Object.keys(context).filter((name) => !/^[a-z0-9_]+$/.test(name))).toEqual([]);
  });

  it.each(SPOOFED)('denies a request that came with $name: $because', async ({ name, value }) => {
    const event = httpEvent('/public/list', { [name]: value });
    expect(await httpApiAuthorizer(client, carrying)(event)).toEqual({ isAuthorized: false, context: {} });
  });

  it('takes two credentials in one field for none', async () => {
    const event = httpEvent('/public/list', { authorization: 'Bearer a,Bearer b' });
    expect(await httpApiAuthorizer(client, carrying)(event)).toMatchObject({ isAuthorized: false });
  });
});

describe('a REST API', () => {
  const authorize = (event: ReturnType<typeof restEvent>, settings = HOST) => restAuthorizer(client, settings)(event);

  it.each(CASES)('is told $allowed: $because', async ({ path, key, allowed }) => {
    const answer = await authorize(restEvent(path, key === undefined ? {} : { 'X-Api-Key': [key] })).catch(String);
    if (!allowed) {
      if (typeof answer === 'string') return expect(answer).toBe('Error: Unauthorized');
      return expect(answer.policyDocument.Statement).toEqual([
        { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: '*' },
      ]);
    }
    expect(answer).toMatchObject({
      principalId: 'client:partner-1',
      policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }] },
    });
  });

  it.each`
    because                                        | more
    ${'the name of the method would be a pattern'} | ${{ methodArn: ARN.replace('GET', '*') }}
    ${'a query may still be escaped'}              | ${{ multiValueQueryStringParameters: { page: ['%32'] } }}
    ${'nothing says what is asked'}                | ${{ path: undefined }}
  `('is never told to allow when $because', async ({ more }) => {
    const answer = await authorize(restEvent('/admin', { 'X-Api-Key': [CLIENT_KEY] }, more));
    expect(answer.policyDocument.Statement[0].Effect).toBe('Deny');
  });

  it.each`
    because                                   | query                               | effect
    ${'the query says what only a rule may'}  | ${{ tier: ['gold'] }}               | ${'Deny'}
    ${'a program parts at what was told raw'} | ${{ a: ['1;tier=gold'] }}           | ${'Deny'}
    ${'another cuts at its last `?`'}         | ${{ a: ['1?tier=gold'] }}           | ${'Deny'}
    ${'no rule says it'}                      | ${{ a: ['1;2?3'], b: ['&tier=4'] }} | ${'Allow'}
  `('is told $effect of a query: $because', async ({ query, effect }) => {
    const sent = restEvent('/admin', { 'X-Api-Key': [CLIENT_KEY] }, { multiValueQueryStringParameters: query });
    expect((await authorize(sent)).policyDocument.Statement[0].Effect).toBe(effect);
  });

  it.each(SPOOFED)('denies a request that came with $name: $because', async ({ name, value }) => {
    const sent = { 'X-Api-Key': [CLIENT_KEY], [name.toUpperCase()]: [value] };
    const answer = await authorize(restEvent('/admin', sent));
    expect(answer.policyDocument.Statement[0].Effect).toBe('Deny');
  });

  it('takes a key that came twice for none', async () => {
    await expect(authorize(restEvent('/admin', { 'X-Api-Key': [CLIENT_KEY, CLIENT_KEY] }))).rejects.toThrow(
      'Unauthorized',
    );
  });
});

it('nothing is allowed, and nothing thrown but the one word, when nobody answers', async () => {
  const nobody = new DharmaClient({ url: 'http://127.0.0.1:1', ...PATIENT });
  expect(await httpApiAuthorizer(nobody, HOST)(httpEvent('/admin'))).toEqual({ isAuthorized: false, context: {} });
  const answer = await restAuthorizer(nobody, HOST)(restEvent('/admin'));
  expect(answer.policyDocument.Statement[0].Effect).toBe('Deny');
  expect(await httpApiAuthorizer(nobody, HOST)({} as never)).toEqual({ isAuthorized: false, context: {} });
  nobody.close();
});
