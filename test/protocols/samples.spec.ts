/** Policy files for gateways that no machine of ours runs say what the convention reads, and strip what it must. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { STRIPPED_HEADERS } from '#protocols';
import { toldHeaders } from '../../libs/protocols/src/told-headers.js';
import { Schema } from '../../libs/client/src/kong/index.js';
import { allowedAnswer } from '../support/answers.js';

const textOf = (file: string) => readFileSync(join(import.meta.dirname, '../../docs/gateways', file), 'utf8');

const REPORTED = ['x-original-method', 'x-original-host', 'x-original-uri'];
const TOLD = Object.keys(toldHeaders(allowedAnswer()));

/** Names of headers in a part of a file, in lower case. */
function names(part: string, pattern: RegExp): readonly string[] {
  return [...part.matchAll(pattern)].map(([, name]) => name!.toLowerCase());
}

describe('the policy for Azure API Management', () => {
  const text = textOf('azure-api-management.xml');
  const [before, after] = text.split('</send-request>') as [string, string];
  const overridden = /<set-header name="([^"]+)" exists-action="override">/g;
  const deleted = /<set-header name="([^"]+)" exists-action="delete"/g;

  it('asks in the words of the convention, over whatever a client says', () => {
    expect(before).toContain('/forward-auth/nginx</set-url>');
    expect(names(before, overridden).toSorted()).toEqual([...REPORTED, 'x-dharma-key'].toSorted());
    expect(names(before, deleted)).toEqual(['x-original-address', 'x-auth-request-user', 'x-forwarded-client-cert']);
    expect(before).toContain('ignore-error="false"');
    // Dharma can refuse only what it sees.
    expect(before).toContain('<send-request mode="copy"');
  });

  it('refuses a path that ends with a line break, before which `$` of .NET would match', () => {
    const [, pattern] = /IsMatch\(context\.Request\.OriginalUrl\.Path, &quot;(.*?)&quot;\)/.exec(before)!;
    expect(pattern).toMatch(/^\^.*[^$]\\\\z$/);
  });

  it('passes on what services are told, and strips what they must not hear', () => {
    expect(names(after, overridden)).toEqual(expect.arrayContaining(TOLD));
    expect(names(after, deleted).toSorted()).toEqual([...STRIPPED_HEADERS].toSorted());
  });

  it('lets nothing pass but a 200', () => {
    expect([...after.matchAll(/StatusCode (==|!=) (\d+)/g)].map(([, sign, code]) => `${sign} ${code}`)).toEqual([
      '== 401',
      '!= 200',
    ]);
    expect(after.match(/<return-response>/g)).toHaveLength(3);
  });
});

describe('the policies for Apigee', () => {
  const text = textOf('apigee.xml');
  const part = (name: string) => new RegExp(`name="${name}".*?</(?:AssignMessage|ServiceCallout)>`, 's').exec(text)![0];
  const removed = /<Header name="([^"]+)" \/>/g;
  const set = /<Header name="([^"]+)">/g;

  it('ask in the words of the convention, over whatever a client says', () => {
    expect(part('Dharma-Ask')).toContain('/forward-auth/nginx</URL>');
    expect(part('Dharma-Ask')).toContain('continueOnError="false"');
    const question = part('Dharma-Question');
    expect(names(question, set).toSorted()).toEqual([...REPORTED, 'x-dharma-key'].toSorted());
    expect(names(question, removed)).toEqual(expect.arrayContaining([...names(question, set), 'x-original-address']));
    // Dharma can refuse only what it sees.
    expect(question).toContain('<Copy source="request"><Headers /></Copy>');
  });

  it('pass on what services are told, and strip what they must not hear', () => {
    expect(names(part('Dharma-Tell'), set).toSorted()).toEqual(TOLD.toSorted());
    expect(names(part('Dharma-Clean'), removed).toSorted()).toEqual([...TOLD, ...STRIPPED_HEADERS].toSorted());
  });
});

it('the configuration for Kong names settings that the plugin has, and refuses what it did not mark', () => {
  const { services } = parseDocument(textOf('kong.yaml')).toJS() as {
    services: { plugins: { name: string; config: { [name: string]: unknown } }[] }[];
  };
  const [dharma, last] = services[0]!.plugins;
  const known = Schema.map((field) => Object.keys(field)[0]);
  expect(known).toEqual(expect.arrayContaining(Object.keys(dharma!.config)));
  expect(last).toMatchObject({ name: 'post-function', config: { access: [expect.stringContaining('~= "passed"')] } });
});
