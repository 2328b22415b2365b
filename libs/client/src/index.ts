/** Asks a server for decisions, from a program of your own. */

export { DharmaClient, type AskOptions, type ClientSettings } from './dharma-client.js';
export type {
  Decided,
  Decision,
  DecisionRequest,
  Failure,
  FailureKind,
  ServerAnswer,
  Unavailable,
} from './decision.js';
export type { HttpSettings } from './http/http-transport.js';
export { type Question, type Reply, type SentRequest, Transport, TransportFault } from './transport.js';
export { type EnforcementSettings, decisionOn } from './enforcement/enforcer.js';
export { dharmaMiddleware, type Middleware } from './enforcement/express.js';
export { type FastifyLike, guardFastify } from './enforcement/fastify.js';
