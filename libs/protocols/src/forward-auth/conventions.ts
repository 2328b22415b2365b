import type { Convention } from './convention.js';
import { ENVOY_PATH } from './original-line.js';

/**
 * nginx's `auth_request`: three headers name the target, and a fourth may name the client. Its sub-request's own line
 * says nothing about the client's. Any 2xx allows, 401 and 403 are passed on, everything else becomes a 500.
 */
const nginx: Convention = {
  target: (fields) => ({
    method: fields.once('x-original-method'),
    host: fields.once('x-original-host'),
    path: fields.once('x-original-uri'),
    clientAddress: fields.atMostOnce('x-original-address'),
  }),
  // It cannot remove a header whose name it learns from us, and has no use for the class of a rate limit.
  carries: ['setHeader'],
  unavailable: 503,
};

/** Caddy's `forward_auth`. It overwrites just these three; `X-Forwarded-For` may hold what a client said. */
const caddy: Convention = {
  target: (fields) => ({
    method: fields.once('x-forwarded-method'),
    host: fields.once('x-forwarded-host'),
    path: fields.once('x-forwarded-uri'),
  }),
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
export const CONVENTIONS = { nginx, caddy, envoy } as const;
