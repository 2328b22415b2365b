import type { Question, RequestFault } from '#decision';
import { parseRequest } from '#policy';
import { clientHeaders, type HeaderLine } from '#wire';
import { z } from 'zod';
import { askedFrom } from '../native/native.codec.js';
import { attributesOf, malformed, vouchedQuestion } from '../vouched.js';
import { isTexts, shaped } from '../webhook-body.js';
import { filterFromTrino, questionsFromTrino } from './trino-input.js';

type Texts = { readonly [name: string]: string | number | boolean | readonly string[] };

/** Fields by name. Like `textList`, it ends with the first that is none. */
const texts = z.custom<Texts>(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isField),
  { error: 'a map of texts, and of lists of texts' },
);

/** Kong's plugin `opa`. */
const kong = z.object({
  request: z.object({
    http: z.object({
      method: z.string(),
      host: z.string(),
      path: z.string(),
      querystring: texts.optional(),
      headers: texts.optional(),
    }),
  }),
  client_ip: z.string().optional(),
});

/**
 * APISIX's plugin `opa` tells its own reading of a target, decoded and without dots, and yet forwards the client's. A
 * `proxy-rewrite` makes it forward what it told, unless it writes another target or method; whether that runs the gateway
 * says itself, in its route (`with_route`). A setting that is not known could be one that undoes it.
 */
const forwardsWhatItTells = z.strictObject(
  {
    host: z.unknown().optional(),
    scheme: z.unknown().optional(),
    headers: z.unknown().optional(),
    use_real_request_uri_unsafe: z.literal(false).optional(),
  },
  {
    error:
      'not forwarded as it was told: the route has to be shown (`with_route`) and to have a `proxy-rewrite` of host, ' +
      'scheme and headers alone',
  },
);
const apisix = z.object({
  type: z.literal('http'),
  request: z.object({
    method: z.string(),
    host: z.string(),
    path: z.string(),
    query: texts.optional(),
    headers: texts.optional(),
  }),
  var: z.object({ remote_addr: z.string() }),
  route: z.object(
    { plugins: z.object({ 'proxy-rewrite': forwardsWhatItTells }, { error: 'not known: `with_route` is off' }) },
    { error: 'not known: `with_route` is off' },
  ),
});

/** Kafka's authorizer for OPA. */
const kafka = z.object({
  action: z.object({
    operation: z.string(),
    resourcePattern: z.object({ resourceType: z.string(), name: z.string(), patternType: z.literal('LITERAL') }),
  }),
  requestContext: z.object({ principal: z.object({ principalType: z.string(), name: z.string() }) }),
});

/** A path that reads the same decoded and raw: what gateways tell here is decoded, and what they forward need not be. */
const PLAIN_PATH = /^\/[A-Za-z0-9._~!$&'()*+,=:@/-]*$/;
/** Of headers, and of a query, plugins in Lua are shown no more unless they ask for more. */
const SHOWN_AT_MOST = 100;
const TOPIC_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['READ', 'consume'],
  ['WRITE', 'publish'],
]);

/**
 * The questions in an `input` of any of the shapes that we know, each told apart by a member of its own; at least one, and
 * all of them have to be allowed.
 */
export function questionsIn(input: unknown, trace: string | undefined): readonly Question[] {
  const members = membersOf(input);
  if (isTrino(members)) return [...eachInInput(questionsFromTrino(input, trace))];
  return [questionIn(input, members, trace)];
}

/**
 * The questions in an `input` that holds a list to be filtered, about each of its items.
 *
 * @throws Problem `batch-too-large`
 */
export function filterIn(input: unknown, trace: string | undefined): Iterable<Question> {
  if (isTrino(membersOf(input))) return eachInInput(filterFromTrino(input, trace));
  return [malformed([{ pointer: '/input', message: 'only what Trino sends can be filtered' }], trace)];
}

function membersOf(input: unknown): object {
  return typeof input === 'object' && input !== null ? input : {};
}

/** Kafka has an action too, and other words for the rest. */
function isTrino(members: object): boolean {
  return 'context' in members && 'action' in members && !('target' in members);
}

function questionIn(input: unknown, members: object, trace: string | undefined): Question {
  if ('target' in members) return askedFrom(parseRequest(input, { mode: 'network', now: 0 }), trace).question;
  if ('request' in members && 'type' in members) {
    const read = shaped(apisix, input);
    if ('faults' in read) return malformed(belowInput(read.faults), trace);
    const { request, var: variables } = read.value;
    return fromGateway({ ...request, clientAddress: variables.remote_addr }, trace);
  }
  if ('request' in members) {
    const read = shaped(kong, input);
    if ('faults' in read) return malformed(belowInput(read.faults), trace);
    const { request, client_ip: clientAddress } = read.value;
    return fromGateway({ ...request.http, query: request.http.querystring, clientAddress }, trace);
  }
  if ('action' in members) {
    const read = shaped(kafka, input);
    return 'faults' in read ? malformed(belowInput(read.faults), trace) : fromKafka(read.value, trace);
  }
  const message = 'an input is a request of Dharma, or what Kong, APISIX, Kafka or Trino send';
  return malformed([{ pointer: '/input', message }], trace);
}

interface GatewayRequest {
  readonly method: string;
  readonly host: string;
  /** Decoded, without dots and repeated slashes. */
  readonly path: string;
  readonly query?: Texts | undefined;
  /** The client's own. */
  readonly headers?: Texts | undefined;
  readonly clientAddress: string | undefined;
}

function fromGateway(told: GatewayRequest, trace?: string): Question {
  const { method, host, path, query, headers, clientAddress } = told;
  const lines = linesOf(headers ?? {});
  const pairs = pairsOf(query ?? {});
  const client = clientHeaders(lines);
  const faults: RequestFault[] = client.kind === 'fault' ? [client.fault] : [];
  if (!PLAIN_PATH.test(path)) {
    faults.push({ pointer: 'path', message: 'a path that was decoded can stand for several; only a plain one cannot' });
  }
  if (method === 'CONNECT') faults.push({ pointer: 'method', message: 'a tunnel is no request' });
  if (Math.max(lines.length, pairs.length) >= SHOWN_AT_MOST) {
    faults.push({ pointer: '', message: 'of so many headers, or members of a query, some may not be shown' });
  }
  if (faults.length > 0 || client.kind === 'fault') return malformed(faults, trace);
  const { headers: credentials, repeated, aliases } = client;
  return {
    kind: 'request',
    request: {
      target: { kind: 'address', method, host, path: `${path}${queryOf(pairs)}` },
      headers: credentials,
      attributes: attributesOf({}),
      claimed: attributesOf({}),
      context: attributesOf({}),
      carries: ['setHeader'],
    },
    presented: {
      asserted: [],
      credentials,
      reported: Object.create(null) as { readonly [header: string]: string },
      repeated,
      aliases,
      ...(clientAddress !== undefined && { clientAddress }),
    },
    trace,
  };
}

function isField(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) || isTexts(value);
}

function linesOf(headers: Texts): readonly HeaderLine[] {
  return pairsOf(headers).map(([name, value]) => [name.toLowerCase(), value]);
}

function pairsOf(texts: Texts): [string, string][] {
  return Object.entries(texts).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, String(value)]),
  );
}

/** Whether a `;` or `?` was escaped is not told, and programs that part there would not do so if it was. */
function queryOf(pairs: [string, string][]): string {
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs).toString().replaceAll('%3B', ';').replaceAll('%3F', '?')}`;
}

function fromKafka({ action, requestContext }: z.infer<typeof kafka>, trace?: string): Question {
  const { operation, resourcePattern } = action;
  const { resourceType, name } = resourcePattern;
  const { principalType, name: id } = requestContext.principal;
  const onTopic = resourceType === 'TOPIC' ? TOPIC_ACTIONS.get(operation) : undefined;
  return vouchedQuestion({
    target:
      onTopic === undefined
        ? {
            kind: 'resource',
            resource: { type: `kafka-${resourceType.toLowerCase()}`, id: name, properties: attributesOf({}) },
            action: { name: operation.toLowerCase(), properties: attributesOf({}) },
          }
        : { kind: 'topic', topic: name, action: onTopic },
    subject: { type: principalType.toLowerCase(), id, attributes: attributesOf({}) },
    trace,
  });
}

function* eachInInput(questions: Iterable<Question>): Generator<Question> {
  for (const question of questions) {
    yield question.kind === 'malformed' ? { ...question, faults: belowInput(question.faults) } : question;
  }
}

function belowInput(faults: readonly RequestFault[]): readonly RequestFault[] {
  return faults.map(({ pointer, message }) => ({ pointer: `/input${pointer}`, message }));
}
