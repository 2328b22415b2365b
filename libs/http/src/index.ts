/** What every HTTP listener does alike: how messages are seen, and how errors leave. */

export { headerLines, type HttpReply, type HttpRequest } from './http-message.js';
export { ProblemFilter } from './problem.filter.js';
