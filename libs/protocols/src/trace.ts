/** `version-traceid-parentid-flags` of W3C Trace Context; later versions may append, and are then left out. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The header and the metadata key of the trace context. */
export const TRACE_HEADER = 'traceparent';

/** The trace context of a message where it has one and it is well-formed; anything else is ignored, as W3C asks. */
export function traceIn(value: unknown): string | undefined {
  return typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined;
}
