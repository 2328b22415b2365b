/** A guard for NestJS, over Express or Fastify. */

export { AsksAbout, DharmaGuard, type NamedTarget } from './dharma.guard.js';
