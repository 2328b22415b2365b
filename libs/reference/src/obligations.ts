/**
 * What an allow demands of the enforcement point: texts filled in, and several demands made one list.
 */
import type { Obligation, ObligationTemplate, Rule } from '#engine';
import { parsePath, readPath } from '#cel';
import type { ConditionInput } from '#cel';
import { canonicalJson } from './ordering.js';

const MAX_VALUE_LENGTH = 8 * 1024;

/** The obligations of a rule for one trial; undefined when a text has no value or no legal one. */
export function fulfilled(rule: Rule, readable: ConditionInput): readonly Obligation[] | undefined {
  const filled = rule.obligations.map((template) => fulfilledOne(template, rule.id, readable));
  return filled.every((obligation) => obligation !== undefined) ? filled : undefined;
}

function fulfilledOne(template: ObligationTemplate, rule: string, readable: ConditionInput): Obligation | undefined {
  switch (template.kind) {
    case 'setHeader':
    case 'setQueryParameter': {
      const value = filledText(template.value, readable);
      return value === undefined ? undefined : { ...template, value, rule };
    }
    case 'removeHeader':
    case 'removeQueryParameter':
      return { ...template, rule };
    case 'rateLimit': {
      const key = filledText(template.key, readable);
      return key === undefined ? undefined : { ...template, key, rule };
    }
  }
}

function filledText(text: string, readable: ConditionInput): string | undefined {
  let missing = false;
  const filled = text.replace(/\$\{([^}]*)\}/g, (_, dotted: string) => {
    const path = parsePath(dotted);
    const value = path === undefined ? undefined : textOf(readPath(readable, path));
    missing ||= value === undefined;
    return value ?? '';
  });
  return !missing && isHeaderValue(filled) ? filled : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isInstant(value) ? value.toISOString() : undefined;
}

/** A Date may come from another realm, so its class says nothing. */
function isInstant(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}

function isHeaderValue(text: string): boolean {
  return text.length <= MAX_VALUE_LENGTH && /^(?:[!-~](?:[!-~ \t]*[!-~])?)?$/.test(text);
}

/**
 * One list of all demands, in their order. An obligation said twice by one rule stands once; of two that set or remove
 * the same header, or the same query parameter, the first, which is the outer one, stands.
 */
export function merged(obligations: readonly Obligation[]): readonly Obligation[] {
  const said = new Set<string>();
  const headers = new Set<string>();
  const parameters = new Set<string>();
  return obligations.filter((obligation) => {
    const whole = canonicalJson({ ...obligation });
    if (said.has(whole)) return false;
    said.add(whole);
    switch (obligation.kind) {
      case 'rateLimit':
        return true;
      case 'setHeader':
      case 'removeHeader':
        return isNew(headers, obligation.name.toLowerCase());
      case 'setQueryParameter':
      case 'removeQueryParameter':
        // A parameter's name is told from another by its case, a header's is not.
        return isNew(parameters, obligation.name);
    }
  });
}

function isNew(names: Set<string>, name: string): boolean {
  if (names.has(name)) return false;
  names.add(name);
  return true;
}
