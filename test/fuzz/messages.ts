/** Messages of gRPC as bytes: every one is a question, and what was decoded survives the wire. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Question } from '#decision';
import { grpcDefinition } from '#protocols';
import * as decisions from '../../libs/protocols/src/dharma-v1/decisions.codec.js';
import type { DecideManyRequest, DecideRequest } from '../../libs/protocols/src/dharma-v1/decisions-message.js';
import type { CheckRequest } from '../../libs/protocols/src/ext-authz/check-message.js';
import * as extAuthz from '../../libs/protocols/src/ext-authz/ext-authz.codec.js';
import { TARGETS } from '../attacks/targets/targets.js';
import { mutatedBytes } from './mutation.js';
import { type FuzzTarget, insist } from './target.js';

interface Method {
  readonly requestSerialize: (message: object) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => object;
}

const definition = grpcDefinition() as unknown as { readonly [service: string]: { readonly [name: string]: Method } };
const check = definition['envoy.service.auth.v3.Authorization']!['Check']!;
const decide = definition['dharma.v1.Decisions']!['Decide']!;
const decideMany = definition['dharma.v1.Decisions']!['DecideMany']!;

const text = (stringValue: string) => ({ stringValue });
const item = {
  fields: {
    role: text('access'),
    mechanism: text('portal'),
    subject: text('ann'),
    groups: {
      listValue: { values: [text('staff'), { nullValue: 'NULL_VALUE' }, { numberValue: 1.5 }, { boolValue: true }] },
    },
    claims: { structValue: { fields: { tier: text('gold') } } },
  },
};
const HTTP = {
  method: 'GET',
  host: 'shop.example',
  path: '/public?x=1',
  headers: { accept: 'a', ':path': '/public?x=1' },
};
const CHECKS = [
  {},
  { request: { http: HTTP } },
  { request: { http: { ...HTTP, headerMap: { headers: [{ key: 'accept', rawValue: Buffer.from('a') }] } } } },
  {
    source: {
      address: { socketAddress: { address: '192.0.2.7' } },
      principal: 'spiffe://a/b',
      certificate: '-----BEGIN',
    },
    request: { http: HTTP },
    contextExtensions: { api: 'flights', __proto__x: 'y' },
    metadataContext: {
      filterMetadata: { dharma: { fields: { evidence: { listValue: { values: [{ structValue: item }] } } } } },
    },
  },
];
const DECIDES = [
  {
    target: { address: { host: 'shop.example', method: 'GET', path: '/public' } },
    evidence: [
      {
        role: 'trust',
        mechanism: 'mesh',
        subject: 's',
        scopes: ['a'],
        groups: ['g'],
        expiresAt: '2026-12-24T13:00:00Z',
      },
    ],
    credentials: { authorization: 'Bearer a.b.c' },
    headers: { accept: 'a' },
    attributes: item,
    context: { fields: { deep: { listValue: { values: [{ listValue: { values: [] } }] } } } },
    minRevision: 7,
  },
  { target: { resourceAction: { resource: { type: 'record', id: '1', properties: item }, action: { name: 'view' } } } },
  { target: { topic: { topic: 'a.b', action: 'publish' } } },
  { target: { rpc: { rpc: '/p.S/M', host: 'h' } } },
  { target: { endpoint: { endpoint: 'a/b', path: '/x' } } },
];
// A few of the hostile targets, so that mutations start near them too.
const HOSTILE = TARGETS.filter(({ target }, index) => 'path' in target && 'host' in target && index % 16 === 0);
const SEEDS = [
  ...CHECKS.map((attributes) => check.requestSerialize({ attributes })),
  ...DECIDES.map((message) => decide.requestSerialize(message)),
  ...HOSTILE.map(({ target }) => decide.requestSerialize({ target: { address: target } })),
  decideMany.requestSerialize({ requests: DECIDES }),
];
const LIMIT = 16 * 1024;

interface Output {
  readonly questions: readonly Question[];
  readonly decoded: readonly (readonly [Method, object])[];
}

export const messages: FuzzTarget<Buffer, Output> = {
  name: 'messages',
  inputs: fc.oneof(
    { weight: 7, arbitrary: mutatedBytes(SEEDS, LIMIT) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  ),
  exercise(bytes) {
    const checked = check.requestDeserialize(bytes);
    const decided = decide.requestDeserialize(bytes);
    const batch = decideMany.requestDeserialize(bytes);
    return {
      questions: [
        extAuthz.toQuestion(checked as CheckRequest),
        decisions.toQuestion(decided as DecideRequest),
        ...(batch as DecideManyRequest).requests.map((request) => decisions.toQuestion(request)),
      ],
      decoded: [
        [check, checked],
        [decide, decided],
        [decideMany, batch],
      ],
    };
  },
  judge(_bytes, { questions, decoded }) {
    for (const question of questions) {
      if (question.kind === 'malformed') {
        insist(question.faults.length > 0, 'it is malformed without a fault');
        continue;
      }
      const { request, presented } = question;
      insist(
        presented.asserted.every(({ verified }) => !verified),
        'a caller calls its evidence verified',
      );
      for (const map of [request.headers, request.attributes, request.claimed, request.context]) {
        const isEmpty = Object.keys(map).length === 0;
        insist(isEmpty || Object.getPrototypeOf(map) === null, 'data of a request has a prototype');
      }
    }
    for (const [method, message] of decoded) {
      const again = method.requestDeserialize(method.requestSerialize(message));
      insist(isDeepStrictEqual(again, message), 'what was decoded does not survive the wire');
    }
  },
  show: (bytes) => `Buffer.from('${bytes.toString('hex')}', 'hex')`,
};
