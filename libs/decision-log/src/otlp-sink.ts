import { DecisionSink } from './decision-sink.js';
import { type HttpSinkParts, post } from './http-sink.js';
import { readRecord, type RecordedDecision } from './record.js';

/** Severity numbers of OpenTelemetry's log data model. */
const INFO = 9;

interface KeyValue {
  readonly key: string;
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly arrayValue: { readonly values: readonly { readonly stringValue: string }[] } };
}

/** OpenTelemetry logs: OTLP over HTTP, in JSON. The whole record is the body, what one searches by are attributes. */
export class OtlpSink extends DecisionSink {
  readonly #parts: HttpSinkParts;
  readonly #version: string;

  /** @param version  of this program */
  constructor(parts: HttpSinkParts, version: string) {
    super();
    this.#parts = parts;
    this.#version = version;
  }

  override async write(lines: readonly string[]): Promise<void> {
    const logRecords = lines.map((line) => logRecord(line, readRecord(line)));
    const body = {
      resourceLogs: [
        {
          resource: { attributes: [text('service.name', 'dharma'), text('service.version', this.#version)] },
          scopeLogs: [{ scope: { name: 'dharma.decisions' }, logRecords }],
        },
      ],
    };
    await post(this.#parts, 'application/json', JSON.stringify(body));
  }

  override async close(): Promise<void> {}
}

function logRecord(line: string, record: RecordedDecision): object {
  const { id, time, decision, reason, deniedAt, endpoint, rules, principals, revision, enforcementPoint } = record;
  const nanoseconds = `${BigInt(Date.parse(time)) * 1_000_000n}`;
  return {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: INFO,
    severityText: 'INFO',
    eventName: 'dharma.decision',
    body: { stringValue: line },
    attributes: [
      text('dharma.decision.id', id),
      text('dharma.decision', decision),
      text('dharma.reason', reason),
      ...(deniedAt === null ? [] : [text('dharma.denied_at', deniedAt)]),
      ...(endpoint === null ? [] : [text('dharma.endpoint', endpoint)]),
      texts('dharma.rules', rules),
      texts('dharma.principals', principals),
      text('dharma.enforcement_point', enforcementPoint),
      ...(revision === null ? [] : [{ key: 'dharma.revision', value: { intValue: String(revision.number) } }]),
    ] satisfies readonly KeyValue[],
    ...traceOf(record.trace),
  };
}

function text(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } };
}

function texts(key: string, values: readonly string[]): KeyValue {
  return { key, value: { arrayValue: { values: values.map((value) => ({ stringValue: value })) } } };
}

/** From `version-traceid-parentid-flags`. */
function traceOf(trace: string | undefined): object {
  const [, traceId, spanId, flags] = trace?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined) return {};
  return { traceId, spanId, flags: Number.parseInt(flags ?? '0', 16) };
}
