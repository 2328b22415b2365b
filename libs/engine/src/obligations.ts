/** Filling in and merging obligations. */
import { parsePath, readPath } from '#cel';
import type { ConditionInput } from '#cel';
import type { AccessRequest, Obligation, ObligationTemplate } from './model.js';

/** A text cut at its `${dotted.path}` references: literal texts at even places, paths at odd ones. */
export type TextTemplate = readonly (string | readonly string[])[];

const MAX_VALUE_CHARACTERS = 8192;

/** @returns undefined when a reference is malformed */
export function parseTextTemplate(text: string): TextTemplate | undefined {
  const parts: (string | readonly string[])[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf('${', from);
    if (open < 0) return [...parts, text.slice(from)];
    const close = text.indexOf('}', open);
    const path = close < 0 ? undefined : parsePath(text.slice(open + 2, close));
    if (path === undefined) return undefined;
    parts.push(text.slice(from, open), path);
    from = close + 1;
  }
}

/** @returns undefined when a reference has no value, or the whole is no legal header value */
export function fillText(template: TextTemplate, input: ConditionInput): string | undefined {
  let text = '';
  for (const part of template) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = textOf(readPath(input, part));
    if (value === undefined) return undefined;
    text += value;
  }
  return isHeaderValue(text) ? text : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Object.prototype.toString.call(value) === '[object Date]' ? (value as Date).toISOString() : undefined;
}

/** Printable ASCII with spaces and tabs inside, at most 8 KiB; empty is legal. */
export function isHeaderValue(text: string): boolean {
  if (text.length > MAX_VALUE_CHARACTERS) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const edge = index === 0 || index === text.length - 1;
    if ((code === 0x20 || code === 0x09) && !edge) continue;
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

/** An obligation with its text cut at its references, so that filling it in parses nothing. */
export interface PreparedObligation {
  readonly template: ObligationTemplate;
  /** Of the value or key; undefined where the obligation has no text. */
  readonly text: TextTemplate | undefined;
}

export function prepareObligations(templates: readonly ObligationTemplate[]): readonly PreparedObligation[] {
  return templates.map((template) => {
    const text = textOfTemplate(template);
    return { template, text: text === undefined ? undefined : parseTextTemplate(text)! };
  });
}

function textOfTemplate(template: ObligationTemplate): string | undefined {
  switch (template.kind) {
    case 'setHeader':
    case 'setQueryParameter':
      return template.value;
    case 'rateLimit':
      return template.key;
    case 'removeHeader':
    case 'removeQueryParameter':
      return undefined;
  }
}

/** @returns the rule's obligations filled in, or undefined when one of its texts has no legal value */
export function fillObligations(
  rule: string,
  prepared: readonly PreparedObligation[],
  input: ConditionInput,
): readonly Obligation[] | undefined {
  const filled: Obligation[] = [];
  for (const { template, text } of prepared) {
    const value = text === undefined ? '' : fillText(text, input);
    if (value === undefined) return undefined;
    filled.push(withText(template, value, rule));
  }
  return filled;
}

function withText(template: ObligationTemplate, text: string, rule: string): Obligation {
  switch (template.kind) {
    case 'setHeader':
    case 'setQueryParameter':
      return { ...template, value: text, rule };
    case 'rateLimit':
      return { ...template, key: text, rule };
    case 'removeHeader':
    case 'removeQueryParameter':
      return { ...template, rule };
  }
}

/** The paths that obligations read. */
export function obligationReads(prepared: readonly PreparedObligation[]): readonly (readonly string[])[] {
  return prepared.flatMap(({ text }) => text?.filter((part) => typeof part !== 'string') ?? []);
}

/** Obligations in the order they arose, each once; of two that touch one header or one parameter the first stands. */
export function mergeObligations(arisen: readonly Obligation[]): readonly Obligation[] {
  if (arisen.length < 2) return arisen;
  const seen = new Set<string>();
  return arisen.filter((obligation) => {
    const key = touched(obligation);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Two obligations with one key cannot both be carried out, or are one said twice. */
function touched(obligation: Obligation): string {
  switch (obligation.kind) {
    case 'setHeader':
    case 'removeHeader':
      return `header ${obligation.name.toLowerCase()}`;
    case 'setQueryParameter':
    case 'removeQueryParameter':
      return `parameter ${obligation.name}`;
    case 'rateLimit':
      return JSON.stringify([obligation.kind, obligation.rule, obligation.key, obligation.class, obligation.critical]);
  }
}

/** Whether the asking convention can carry every critical obligation. */
export function isCarried(obligations: readonly Obligation[], carries: AccessRequest['carries']): boolean {
  return carries === undefined || obligations.every(({ critical, kind }) => !critical || carries.includes(kind));
}
