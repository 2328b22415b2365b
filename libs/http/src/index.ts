/** What every HTTP listener does alike: how messages are seen, and how errors leave. */

export { type HeaderLine, headerLines, type HttpReply, type HttpRequest, valuesOf } from './http-message.js';
export { ProblemFilter } from './problem.filter.js';
