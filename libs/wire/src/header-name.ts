const SEPARATORS = /[_.]/g;
const FOLDED = /^[^A-Z_.]*$/;

/**
 * A header's name as the most careless of all readers takes it: programs behind gateways fold case, and write `_` for
 * `-` and for `.` (CGI, WSGI, PHP), so that two names with one fold may be one variable to them.
 */
export function foldedHeaderName(name: string): string {
  return FOLDED.test(name) ? name : name.toLowerCase().replace(SEPARATORS, '-');
}
