import type { Convention, ReportedFields, ReportedTarget } from './convention.js';
import { ENVOY_PATH } from './original-line.js';

/** What a gateway reports that lets its configuration, or a script of ours in it, name the headers. */
function original(fields: ReportedFields): ReportedTarget {
  return {
    method: fields.once('x-original-method'),
    host: fields.once('x-original-host'),
    path: fields.once('x-original-uri'),
    clientAddress: fields.atMostOnce('x-original-address'),
  };
}

/** What gateways with a convention of their own report. `X-Forwarded-For` is left out: it may hold what a client said. */
function forwarded(fields: ReportedFields): ReportedTarget {
  return {
    method: fields.once('x-forwarded-method'),
    host: fields.once('x-forwarded-host'),
    path: fields.once('x-forwarded-uri'),
  };
}

/**
 * nginx's `auth_request`: three headers name the target, and a fourth may name the client. Its sub-request's own line
 * says nothing about the client's. Any 2xx allows, 401 and 403 are passed on, everything else becomes a 500.
 */
const nginx: Convention = {
  target: original,
  // It cannot remove a header whose name it learns from us, and has no use for the class of a rate limit.
  carries: ['setHeader'],
  unavailable: 503,
};

const ABSOLUTE = /^https?:\/\/([^/?#]+)(\/.*)$/s;

/**
 * ingress-nginx, which writes nginx's configuration: the client's `Host`, as typed, and its raw target stand in one
 * address. `X-Original-URI` and `X-Real-IP` may be the client's own, so nothing is read there.
 */
const ingressNginx: Convention = {
  target(fields) {
    const [, host = '', path = ''] = ABSOLUTE.exec(fields.once('x-original-url')) ?? [];
    return { method: fields.once('x-original-method'), host, path };
  },
  carries: ['setHeader'],
  unavailable: 503,
};

/** Traefik's `ForwardAuth`, as long as it is not told to trust such headers of clients. Any 2xx allows. */
const traefik: Convention = { target: forwarded, carries: ['setHeader'], unavailable: 503 };

/** Caddy's `forward_auth`, which overwrites just these three. Any 2xx allows. */
const caddy: Convention = { target: forwarded, carries: ['setHeader'], unavailable: 503 };

/** HAProxy, which has no sub-requests: a Lua script that we ship asks, and allows on 200 alone. */
const haproxy: Convention = { target: original, carries: ['setHeader'], unavailable: 503 };

/** Apache httpd, which has none either: a script of ours in `mod_lua` asks, and allows on 200 alone. */
const apache: Convention = { target: original, carries: ['setHeader'], unavailable: 503 };

/**
 * APISIX's `forward-auth`. Its `X-Forwarded-Uri` is decoded and normalised. The configuration that we ship reports the
 * raw target beside it, and has the service get that one. Everything below 300 allows.
 */
const apisix: Convention = {
  target(fields) {
    return {
      method: fields.once('x-forwarded-method'),
      host: fields.once('x-forwarded-host'),
      path: fields.once('x-original-uri'),
      clientAddress: fields.atMostOnce('x-original-address'),
    };
  },
  carries: ['setHeader'],
  unavailable: 503,
};

/** Envoy's HTTP authorization: the client's own method and host, and its target behind our path. Only 200 allows. */
const envoy: Convention = {
  target: (fields, { method, target }) => ({
    method,
    host: fields.once('host'),
    path: target.startsWith(ENVOY_PATH) ? target.slice(ENVOY_PATH.length) : '',
  }),
  carries: ['setHeader', 'removeHeader'],
  // It may be told to let requests pass on a 5xx.
  unavailable: 403,
};

/** One path a convention, never merged: a gateway overwrites the headers of its own and passes all others on. */
export const CONVENTIONS = {
  nginx,
  'ingress-nginx': ingressNginx,
  traefik,
  caddy,
  haproxy,
  apache,
  apisix,
  envoy,
} as const;
