import { MAXIMUM_DOMAIN_DEPTH } from './limits.js';

/** Kinds' names: up to 63 characters. */
export const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** The same alphabet plus `_`. */
export const RULE_ID = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** Names joined by dots. */
export const DOMAIN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,15}$/;
/** `service/endpoint`, or `service/*`. */
export const ENDPOINT_REFERENCE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;
/** A token of RFC 9110, which methods and header names are. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What stands in a query without escapes, so that there is one spelling of it. */
export const PARAMETER_NAME = /^[A-Za-z0-9._~-]{1,128}$/;
export const SHA256_HEX = /^[0-9a-f]{64}$/;
/** `type:id`; the type has no colon. */
export const TYPED_ID = /^[^:]+:.+$/s;

/** Principal types that role assignments use for what is no principal of a credential. */
export const RESERVED_PRINCIPAL_TYPES: ReadonlySet<string> = new Set(['service', 'group']);

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;
/** Characters of one line of free text: a subject, a role, a scope. */
const MAXIMUM_TEXT = 8_192;

/** No half characters: what is not well-formed reads differently in UTF-8. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** One line of text that says something: not empty, no control characters, well-formed Unicode. */
export function isLine(text: string): boolean {
  return text.length > 0 && text.length <= MAXIMUM_TEXT && !CONTROL_CHARACTER.test(text) && isWellFormed(text);
}

/** The domain a dotted name lies in, or `undefined` at the top. */
export function parentOf(domain: string): string | undefined {
  const dot = domain.lastIndexOf('.');
  return dot < 0 ? undefined : domain.slice(0, dot);
}

/** The domain, its parent, and so on to the top. */
export function chainOf(domain: string): readonly string[] {
  const chain: string[] = [];
  for (let name: string | undefined = domain; name !== undefined; name = parentOf(name)) chain.push(name);
  return chain;
}

/** Whether `domain` is `ancestor` or lies in it. */
export function isWithin(domain: string, ancestor: string): boolean {
  return domain === ancestor || domain.startsWith(`${ancestor}.`);
}

export function isTooDeep(domain: string): boolean {
  return domain.split('.').length > MAXIMUM_DOMAIN_DEPTH;
}
