import { foldedHeaderName } from '#wire';
import type { DharmaClient } from '../dharma-client.js';
import { questionAbout } from '../enforcement/question.js';
import { refusal, type Verdict, verdictOn } from '../enforcement/verdict.js';

export interface AuthorizerSettings {
  /** The host by which the policies know this API. */
  readonly host: string;
  /** The integration sets the headers of obligations from `context`, with `_` for `-`. Default: no; then they deny. */
  readonly carriesHeaders?: boolean;
}

/** What is read of a request event of an HTTP API, payload format 2.0. */
export interface HttpApiEvent {
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly cookies?: readonly string[];
  readonly requestContext: { readonly http: { readonly method: string } };
}

/** The simple answer: API Gateway makes a 403 of a denial. */
export interface HttpApiAnswer {
  readonly isAuthorized: boolean;
  readonly context: Context;
}

/** What is read of a REQUEST event of a REST API. */
export interface RestEvent {
  readonly methodArn: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly multiValueHeaders?: Multi | null;
  readonly multiValueQueryStringParameters?: Multi | null;
}

interface Multi {
  readonly [name: string]: readonly string[];
}

export interface RestAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      { readonly Action: 'execute-api:Invoke'; readonly Effect: 'Allow' | 'Deny'; readonly Resource: string },
    ];
  };
  readonly context: Context;
}

/** What an integration may pass on: texts only, under names that its mappings can say. */
interface Context {
  readonly [name: string]: string;
}

/**
 * Whether API Gateway unescapes a path before it tells it differs between its kinds of APIs. A path without escapes, and
 * without what an escape could have stood for, is the same either way.
 */
const PLAIN_PATH = /^\/[A-Za-z0-9._~!$&'(),=:@/-]*$/;
/** In a pattern of a policy, words of that pattern. */
const PATTERN = /[*?$]/;
/** Mappings do not read a name in `$context.authorizer.…` that holds it. */
const BEYOND_A_MAPPING = /[^A-Za-z0-9_]/g;

/** Turn its cache off (`AuthorizerResultTtlInSeconds: 0`): a cached answer counts for every route. Never rejects. */
export function httpApiAuthorizer(
  client: DharmaClient,
  settings: AuthorizerSettings,
): (event: HttpApiEvent) => Promise<HttpApiAnswer> {
  return async (event) => {
    const verdict = await verdictFor(client, settings, () => {
      const { rawPath, rawQueryString = '', headers = {}, cookies = [], requestContext } = event;
      const lines = Object.entries(headers);
      if (cookies.length > 0) lines.push(['cookie', cookies.join('; ')]);
      return { method: requestContext.http.method, path: rawPath, query: rawQueryString, lines };
    });
    return { isAuthorized: verdict.kind === 'pass', context: contextOf(verdict) };
  };
}

/**
 * Turn its cache off: a cached answer counts for every method.
 *
 * @throws Error `Unauthorized`, which API Gateway makes a 401 of, when the client should show a credential
 */
export function restAuthorizer(
  client: DharmaClient,
  settings: AuthorizerSettings,
): (event: RestEvent) => Promise<RestAnswer> {
  return async (event) => {
    const verdict = await verdictFor(client, settings, () => {
      const { methodArn, httpMethod, path, multiValueHeaders, multiValueQueryStringParameters } = event;
      if (PATTERN.test(methodArn)) return undefined;
      const query = queryOf(pairsOf(multiValueQueryStringParameters));
      return query === undefined ? undefined : { method: httpMethod, path, query, lines: pairsOf(multiValueHeaders) };
    });
    if (verdict.kind === 'refusal' && verdict.status === 401) throw new Error('Unauthorized');
    const isAllowed = verdict.kind === 'pass';
    const context = contextOf(verdict);
    return {
      principalId: context['x_dharma_principal'] || 'unknown',
      policyDocument: {
        Version: '2012-10-17',
        // This very method and path: a wildcard would allow what nobody asked about.
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: isAllowed ? 'Allow' : 'Deny',
            Resource: isAllowed ? event.methodArn : '*',
          },
        ],
      },
      context,
    };
  };
}

interface Told {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
}

/** @param read  undefined where two programs would read two requests */
async function verdictFor(
  client: DharmaClient,
  settings: AuthorizerSettings,
  read: () => Told | undefined,
): Promise<Verdict> {
  try {
    const told = read();
    if (told === undefined || !PLAIN_PATH.test(told.path)) {
      return refusal('forbidden', undefined, { because: 'the address can be read in two ways' });
    }
    const { method, path, query, lines } = told;
    const url = query === '' ? path : `${path}?${query}`;
    const question = questionAbout({ method, url, rawHeaders: lines.flat() }, settings.host, {});
    if (question.kind === 'unclear') return refusal('forbidden', undefined, { because: question.because });
    const decision = await client.decide(question.request, { tell: true });
    const names = lines.map(([name]) => name.toLowerCase());
    const verdict = verdictOn(decision, { names, path: question.path }, false);
    if (verdict.kind === 'refusal') return verdict;
    const { decisionId } = verdict.decision.answer;
    if (!carries(verdict, settings)) {
      return refusal('forbidden', decisionId, { because: 'an obligation cannot be carried out' });
    }
    const spoofed = spoofedOf(names, verdict);
    return spoofed === undefined
      ? verdict
      : refusal('forbidden', decisionId, { because: `\`${spoofed}\` is not the client’s to say` });
  } catch (fault) {
    return refusal('unavailable', undefined, { because: `asking failed: ${String(fault)}` });
  }
}

type Passing = Extract<Verdict, { kind: 'pass' }>;

function carries({ decision }: Passing, { carriesHeaders = false }: AuthorizerSettings) {
  return decision.answer.obligations.every(
    ({ kind, critical }) => !critical || (kind === 'setHeader' && carriesHeaders),
  );
}

/** An authorizer takes no header out of a request, and mappings take out only those they name: nothing else is left to do. */
function spoofedOf(names: readonly string[], { removed, set }: Passing): string | undefined {
  const forbidden = new Set([...removed, ...set.keys()].map(foldedHeaderName));
  return names.find((name) => forbidden.has(foldedHeaderName(name)));
}

function contextOf(verdict: Verdict): Context {
  if (verdict.kind !== 'pass') return {};
  const { telling } = verdict.decision;
  // A mapping of a header that this answer does not set has to find something to put in place of the client's.
  const unsaid = telling?.['x-dharma-view'] === 'allow' ? telling['x-dharma-unsaid'].split(',').filter(Boolean) : [];
  const said = [...unsaid.map((name) => [name, ''] as const), ...verdict.set];
  return Object.fromEntries(said.map(([name, value]) => [name.replaceAll(BEYOND_A_MAPPING, '_'), value]));
}

function pairsOf(multi: Multi | null | undefined): readonly (readonly [name: string, value: string])[] {
  return Object.entries(multi ?? {}).flatMap(([name, values]) => values.map((value) => [name, value] as const));
}

/** The query from its pieces; undefined where they may still hold escapes, or once did. */
function queryOf(pairs: readonly (readonly [name: string, value: string])[]): string | undefined {
  if (pairs.some((pair) => pair.some((text) => /[%+]/.test(text)))) return undefined;
  const query = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  // Whether these were escaped is not told, and programs that part there would not do so if they were.
  return query.replaceAll('%3B', ';').replaceAll('%3F', '?');
}
