import { canonicalHost, foldedHeaderName } from '#engine';
import type { Receipt } from './echo.js';
import { carelessReading, dharmaReading, type Reading } from './reading.js';
import type { Base, Concern, Trick } from './trick.js';

/** One place where gateway, Dharma and service do not read the same. */
export interface Finding {
  readonly concern: Concern;
  /** What differs, in a sentence; what came over the wire in backticks. */
  readonly what: string;
  /** The header that it is about, in lower case. */
  readonly header?: string;
}

/** The target and host of a request as each of the three has it; null where nobody says. */
export interface Readings {
  /** What was sent to the gateway. */
  readonly sent: string;
  /** What the gateway sent on. */
  readonly forwarded: string;
  /** The path that Dharma says it judged, by the header that the service got. */
  readonly judged: string | null;
  /** The path that a careless service makes of what it got. */
  readonly service: string;
}

/** What the service is told of every request that Dharma let pass. */
export const DECISION_HEADER = 'x-dharma-decision';
const PATH = 'x-dharma-path';
const OURS = 'x-dharma-';
const REQUEST_LINE = /^(\S+) (.*) HTTP\/1\.[01]$/s;
const SHOWN_CHARACTERS = 120;

/**
 * Everything that differs in one request as the service got it.
 *
 * @param plain    the plain request as the service got it: what the gateway makes of every request
 */
export function differencesIn(receipt: Receipt, trick: Trick, base: Base, plain: Receipt): readonly Finding[] {
  const parts = REQUEST_LINE.exec(receipt.line);
  if (parts === null) {
    return [{ concern: trick.concern, what: `the service got the request line ${shown(receipt.line)}, which is none` }];
  }
  const [, method = '', target = ''] = parts;
  return [
    ...methodFindings(method, trick),
    ...targetFindings(target, receipt, trick),
    ...hostFindings(receipt, plain, base),
    ...askedFindings(receipt, trick, plain),
    ...typedFindings(receipt, trick),
    ...fieldFindings(receipt),
  ];
}

export function readingsOf(receipt: Receipt, trick: Trick): Readings {
  const target = targetOf(receipt);
  return {
    sent: trick.target,
    forwarded: target,
    judged: toldPath(receipt, trick) ?? null,
    service: carelessReading(target),
  };
}

/** The method and target of a request that the service got, and its host. */
export function addressIn(receipt: Receipt): { readonly method: string; readonly host: string; readonly path: string } {
  const [, method = '', path = ''] = REQUEST_LINE.exec(receipt.line) ?? [];
  return { method, host: valuesOf(receipt, 'host')[0] ?? '', path };
}

/** Ids of the decisions that requests were let pass by. */
export function decisionsOf(receipts: readonly Receipt[]): readonly string[] {
  return receipts.flatMap((receipt) => valuesOf(receipt, DECISION_HEADER));
}

/** A text from the wire as it may stand in a sentence: bounded, without control characters. */
export function shown(text: string): string {
  const visible = text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- these are what must not reach a terminal
    /[\u0000-\u001f\u007f-\u00ff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `\`${visible.length > SHOWN_CHARACTERS ? `${visible.slice(0, SHOWN_CHARACTERS)}…` : visible}\``;
}

function methodFindings(method: string, trick: Trick): readonly Finding[] {
  if (method === trick.method) return [];
  return [{ concern: 'method', what: `sent as ${trick.method}, the service got the method ${shown(method)}` }];
}

function targetFindings(target: string, receipt: Receipt, trick: Trick): readonly Finding[] {
  const concern = trick.concern === 'target' ? 'target' : 'path';
  const received = dharmaReading(target);
  if (received.kind === 'refused') {
    return [
      {
        concern,
        what: `the service got ${shown(target)}, which Dharma would have refused: it was asked about another text, and a service may answer ${shown(carelessReading(target))}`,
      },
    ];
  }
  const judged = toldPath(receipt, trick);
  if (judged !== undefined && judged !== received.path) {
    return [{ concern, what: `Dharma judged ${shown(judged)}, and the service got ${shown(target)}` }];
  }
  const sent = dharmaReading(originForm(trick.target));
  return [
    ...(judged === undefined ? untoldFindings(concern, target, received, sent) : []),
    ...queryFindings(concern, trick, sent, received),
  ];
}

type Read = Extract<Reading, { kind: 'read' }>;

/** Where nobody says what Dharma judged, what was sent must be what arrived. */
function untoldFindings(concern: Concern, target: string, received: Read, sent: Reading): readonly Finding[] {
  if (sent.kind === 'refused') {
    return [
      {
        concern,
        what: `Dharma refuses what was sent, and the service got ${shown(target)}: which of the two Dharma was asked about nobody says, as the service is not told \`${PATH}\``,
      },
    ];
  }
  if (sent.path !== received.path) {
    return [{ concern, what: `sent was ${shown(sent.path)}, and the service got ${shown(target)}` }];
  }
  if (!received.hasEscapedSlash) return [];
  return [
    {
      concern,
      what: `the service got ${shown(target)} and is not told \`${PATH}\`: whether Dharma was asked about that, or about ${shown(carelessReading(target))}, nobody says`,
    },
  ];
}

function queryFindings(concern: Concern, trick: Trick, sent: Reading, received: Read): readonly Finding[] {
  if (sent.kind === 'refused' || trick.followedBy !== undefined) return [];
  // To a condition and to a service an empty query is none.
  if ((sent.query ?? '') === (received.query ?? '')) return [];
  return [
    {
      concern,
      what: `sent was the query ${shown(sent.query ?? '')}, and the service got ${shown(received.query ?? '')}`,
    },
  ];
}

/** The target without scheme and authority: where they are, the path behind them is what is asked for. */
function originForm(target: string): string {
  return target.replace(/^http:\/\/[^/?#]*(?=\/)/, '');
}

function hostFindings(receipt: Receipt, plain: Receipt, base: Base): readonly Finding[] {
  const hosts = valuesOf(receipt, 'host');
  if (hosts.length !== 1) {
    return [{ concern: 'host', what: `the service got ${hosts.length === 0 ? 'no' : hosts.length} \`Host\` fields` }];
  }
  const expected = canonicalHost(valuesOf(plain, 'host')[0] ?? base.host);
  if (expected !== undefined && canonicalHost(hosts[0]!) === expected) return [];
  return [
    {
      concern: 'host',
      what: `the service got the host ${shown(hosts[0]!)}, and a plain request comes with ${shown(expected ?? '')}`,
    },
  ];
}

/** Every request comes with what Dharma said of it, said once, and with no less than the plain one. */
function askedFindings(receipt: Receipt, trick: Trick, plain: Receipt): readonly Finding[] {
  const isPlain = receipt === plain;
  const expected = new Set(namesOf(plain).filter((name) => name.startsWith(OURS)));
  if (isPlain && !expected.has(DECISION_HEADER)) {
    const what = `the service is not told \`${DECISION_HEADER}\`: whether Dharma was asked nobody says`;
    return [{ concern: 'asked', what, header: DECISION_HEADER }];
  }
  const concern = trick.concern === 'listed' ? 'listed' : trick.concern === 'ours' ? 'ours' : 'asked';
  return [...expected].flatMap((name): readonly Finding[] => {
    const count = valuesOf(receipt, name).length;
    if (count === 1) return [];
    const what =
      count === 0 ? `the service is no longer told \`${name}\`` : `the service got \`${name}\` ${count} times`;
    return [{ concern, what, header: name }];
  });
}

function typedFindings(receipt: Receipt, { typed, concern }: Trick): readonly Finding[] {
  if (typed === undefined) return [];
  const fold = foldedHeaderName(typed.name);
  return receipt.fields
    .filter(([name, value]) => foldedHeaderName(name.trim()) === fold && value.includes(typed.value))
    .map(([name, value]) => ({
      concern,
      what: `the client's own ${shown(`${name}: ${value}`)} reaches the service`,
      header: typed.name.toLowerCase(),
    }));
}

function fieldFindings(receipt: Receipt): readonly Finding[] {
  const findings: Finding[] = [];
  const credentials = valuesOf(receipt, 'authorization');
  if (credentials.length > 1 || credentials.some((value) => value.includes(','))) {
    findings.push({
      concern: 'repeated',
      what: 'the service got two credentials in `Authorization`',
      header: 'authorization',
    });
  }
  const upgrade = valuesOf(receipt, 'upgrade').find((value) => /\bh2c\b/i.test(value));
  if (upgrade !== undefined) {
    findings.push({ concern: 'upgrade', what: `the service is asked to upgrade to ${shown(upgrade)}` });
  }
  if (valuesOf(receipt, 'content-length').length > 0 && valuesOf(receipt, 'transfer-encoding').length > 0) {
    findings.push({ concern: 'framing', what: 'the service got both `Content-Length` and `Transfer-Encoding`' });
  }
  for (const [name, value] of receipt.fields) {
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && !/[\u0000-\u0008\u000a-\u001f]/.test(value)) continue;
    findings.push({ concern: 'framing', what: `the service got the line ${shown(`${name}: ${value}`)}` });
  }
  return findings;
}

/** The path that Dharma says it judged, unless a client may have said it. */
function toldPath(receipt: Receipt, { typed }: Trick): string | undefined {
  const [told, ...more] = valuesOf(receipt, PATH);
  return more.length > 0 || told === typed?.value ? undefined : told;
}

function targetOf(receipt: Receipt): string {
  return REQUEST_LINE.exec(receipt.line)?.[2] ?? receipt.line;
}

function valuesOf({ fields }: Receipt, name: string): readonly string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function namesOf({ fields }: Receipt): readonly string[] {
  return fields.map(([name]) => name.toLowerCase());
}
