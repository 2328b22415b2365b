/** The doors of a server through which requests in the shape of `docs/documents.md` are asked and answered alike. */
import type { DecisionAnswer } from '#policy';
import { credentials, grpcDefinition, loadPackageDefinition, Metadata } from './grpc.js';

/** A request as JSON; whether it is one is for the server to find out. */
export interface RequestJson {
  readonly target: object;
  readonly evidence?: readonly object[];
  readonly credentials?: object;
  readonly headers?: object;
  readonly attributes?: object;
  readonly claimed?: object;
  readonly context?: object;
}

/** What an answer says, however it travelled; over gRPC an empty list of accepted mechanisms is the same as none. */
export type Said = Omit<DecisionAnswer, 'revision' | 'ageSeconds' | 'decisionId'>;

/** What Envoy is told, and the decision by which the server's log knows it. */
export interface CheckSaid {
  readonly decision: 'allow' | 'deny';
  readonly decisionId: string;
}

/** Each takes the key of the enforcement point that asks. */
export interface Doors {
  /** `POST /v1/decide` */
  decide(request: RequestJson, key: string): Promise<Said>;
  /** `POST /v1/decide/batch` */
  decideBatch(requests: readonly RequestJson[], key: string): Promise<readonly Said[]>;
  /** `dharma.v1.Decisions/Decide` */
  grpcDecide(request: RequestJson, key: string): Promise<Said>;
  /** `dharma.v1.Decisions/DecideMany` */
  grpcDecideMany(requests: readonly RequestJson[], key: string): Promise<readonly Said[]>;
  /** `dharma.v1.Decisions/DecideStream` */
  grpcDecideStream(requests: readonly RequestJson[], key: string): Promise<readonly Said[]>;
  /** Envoy's `Check`; the message to the letter of its definition. */
  check(attributes: object, key: string): Promise<CheckSaid>;
  close(): void;
}

/** Generated clients and their messages have no types of their own. */
type Untyped = any; // eslint-disable-line typescript/no-explicit-any

export function openDoors({ http, grpc }: { readonly http: string; readonly grpc: string }): Doors {
  const loaded = loadPackageDefinition(grpcDefinition()) as Untyped;
  const decisions = new loaded.dharma.v1.Decisions(grpc, credentials.createInsecure());
  const authorization = new loaded.envoy.service.auth.v3.Authorization(grpc, credentials.createInsecure());
  const post = async (path: string, body: object, key: string): Promise<Untyped> => {
    const response = await fetch(`http://${http}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-dharma-key': key },
      body: JSON.stringify(body),
    });
    const json = (await response.json()) as Untyped;
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}: ${JSON.stringify(json)}`);
    return json;
  };
  const call = (client: Untyped, method: string, message: object, key: string): Promise<Untyped> =>
    new Promise((done, failed) => {
      client[method](message, metadata(key), (fault: unknown, response: unknown) =>
        fault ? failed(fault) : done(response),
      );
    });
  return {
    decide: async (request, key) => saidInJson(await post('/v1/decide', request, key)),
    decideBatch: async (requests, key) =>
      (await post('/v1/decide/batch', { requests }, key)).answers.map(saidInJson) as readonly Said[],
    grpcDecide: async (request, key) => saidInMessage(await call(decisions, 'Decide', messageOf(request), key)),
    grpcDecideMany: async (requests, key) =>
      (await call(decisions, 'DecideMany', { requests: requests.map(messageOf) }, key)).answers.map(
        saidInMessage,
      ) as readonly Said[],
    async grpcDecideStream(requests, key) {
      const stream = decisions.DecideStream(metadata(key));
      for (const [index, request] of requests.entries()) stream.write({ id: `${index}`, request: messageOf(request) });
      stream.end();
      const said: Said[] = [];
      for await (const { id, answer } of stream) {
        if (id !== `${said.length}`) throw new Error(`the answer to request ${said.length} is called \`${id}\``);
        said.push(saidInMessage(answer));
      }
      return said;
    },
    async check(attributes, key) {
      const { status, okResponse, deniedResponse } = await call(authorization, 'Check', { attributes }, key);
      const { headers } = okResponse ?? deniedResponse;
      return {
        decision: status.code === 0 && okResponse !== undefined ? 'allow' : 'deny',
        decisionId: headers.find(({ header }: Untyped) => header.key === 'x-dharma-decision').header.value,
      };
    },
    close() {
      decisions.close();
      authorization.close();
    },
  };
}

/** An answer as JSON without what differs from one asking to the next. */
export function saidInJson(answer: DecisionAnswer): Said {
  const { revision: _revision, ageSeconds: _age, decisionId: _id, ...said } = answer;
  return said;
}

function saidInMessage(message: Untyped): Said {
  const { wouldDeny, accepts, detail } = message;
  return {
    decision: message.decision === 'DECISION_ALLOW' ? 'allow' : 'deny',
    reason: message.reason,
    route: message.route ?? null,
    deniedAt: message.deniedAt ?? null,
    meeting: message.meeting ?? null,
    crossed: message.crossed,
    rules: message.rules,
    obligations: message.obligations.map(obligationIn),
    ttlSeconds: message.ttlSeconds,
    ...(wouldDeny && { wouldDeny: { reason: wouldDeny.reason, deniedAt: wouldDeny.deniedAt ?? null } }),
    ...(accepts.length > 0 && { accepts }),
    ...(detail.length > 0 && { detail }),
  };
}

function obligationIn({ rule, critical, ...kinds }: Untyped): Said['obligations'][number] {
  const { setHeader, removeHeader, setQueryParameter, removeQueryParameter, rateLimit } = kinds;
  if (setHeader) return { kind: 'setHeader', ...setHeader, critical, rule };
  if (removeHeader) return { kind: 'removeHeader', ...removeHeader, critical, rule };
  if (setQueryParameter) return { kind: 'setQueryParameter', ...setQueryParameter, critical, rule };
  if (removeQueryParameter) return { kind: 'removeQueryParameter', ...removeQueryParameter, critical, rule };
  return { kind: 'rateLimit', ...rateLimit, critical, rule };
}

function messageOf({ target, evidence, headers, ...maps }: RequestJson): object {
  return {
    target: targetMessage(target as Untyped),
    evidence: (evidence ?? []).map(({ claims, attributes, ...item }: Untyped) => ({
      ...item,
      claims: structOf(claims),
      attributes: structOf(attributes),
    })),
    headers: headers ?? {},
    attributes: structOf(maps.attributes),
    claimed: structOf(maps.claimed),
    context: structOf(maps.context),
  };
}

function targetMessage(target: Untyped): object {
  if ('endpoint' in target) return { endpoint: target };
  if ('rpc' in target) return { rpc: target };
  if ('topic' in target) return { topic: target };
  if ('host' in target) return { address: target };
  const { resource, action } = target;
  return {
    resourceAction: {
      resource: { ...resource, properties: structOf(resource.properties) },
      action: { ...action, properties: structOf(action.properties) },
    },
  };
}

/** A JSON object as `google.protobuf.Struct`; none stays none. */
export function structOf(map: object | undefined): Untyped {
  if (map === undefined) return undefined;
  return { fields: Object.fromEntries(Object.entries(map).map(([name, member]) => [name, valueOf(member)])) };
}

function valueOf(json: unknown): object {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(json)) return { listValue: { values: json.map(valueOf) } };
  if (typeof json === 'object') return { structValue: structOf(json) };
  return { [`${typeof json}Value`]: json } as object;
}

function metadata(key: string): Metadata {
  const shown = new Metadata();
  shown.add('x-dharma-key', key);
  return shown;
}
