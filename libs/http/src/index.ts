/** What every HTTP listener does alike: how messages are seen, and how errors leave. */

export { type HeaderLine, headerLines } from '#wire';
export { type HttpReply, type HttpRequest, valuesOf } from './http-message.js';
export { ProblemFilter } from './problem.filter.js';
