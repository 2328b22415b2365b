/** Lambda authorizers for Amazon API Gateway. */

export {
  type AuthorizerSettings,
  type HttpApiAnswer,
  type HttpApiEvent,
  httpApiAuthorizer,
  type RestAnswer,
  type RestEvent,
  restAuthorizer,
} from './authorizer.js';
