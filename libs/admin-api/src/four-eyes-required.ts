import type { PairedChange } from '#administration';
import { Problem } from '#problem';

/** @param paired  at least one */
export function fourEyesRequired(paired: readonly PairedChange[]): Problem {
  const { kind, name, domain } = paired[0]!;
  return new Problem(
    'four-eyes-required',
    { count: paired.length, first: `\`${kind}/${name}\``, domain },
    { fourEyes: [...new Set(paired.map((one) => one.domain))] },
  );
}
