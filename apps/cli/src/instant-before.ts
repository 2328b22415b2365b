import { instantIn } from './span.js';
import { Stop, type Terminal } from './terminal.js';

/**
 * What lies behind us, as people give it: RFC 3339, or a span before now.
 *
 * @param flag  the one that has it, for the message
 * @throws Stop with 2
 */
export function instantBefore({ now: clock }: Terminal, flag: string, text: string): string {
  const now = clock();
  const instant = instantIn(text, now);
  if (instant === undefined) {
    throw new Stop(2, `\`${flag}\`: \`${text}\` is no instant (RFC 3339), and no span before now like 30min, 2h or 7d`);
  }
  // A span says how far from now; what was decided lies behind us.
  return text.includes(':') ? instant : new Date(2 * now - Date.parse(instant)).toISOString();
}
