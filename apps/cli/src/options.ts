import { type Command, InvalidArgumentError, Option } from 'commander';

/** Mirror what the verbs know, so that `--help` loads none of them. */
export const REPORT_FORMATS = ['text', 'json', 'github', 'junit'];
/** A plan may be told in a comment, too. */
export const PLAN_FORMATS = [...REPORT_FORMATS, 'markdown'];
export const TEXT_OR_JSON = ['text', 'json'];

export function choice(flags: string, sentence: string, values: readonly string[], standard?: string): Option {
  return new Option(flags, sentence).choices(values).default(standard);
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** The way to a server, whichever listener. */
export function wayTo(command: Command): Command {
  return safeWayTo(command).option('--timeout <seconds>', 'longest wait for an answer', wholeNumber(1, 3600), 120);
}

/** How secrets stay secret on the way to a server. */
export function safeWayTo(command: Command): Command {
  return command
    .option('--ca <file>', "certificates to trust, PEM, instead of the system's")
    .option('--cert <file>', 'our certificate, PEM, for mutual TLS')
    .option('--key <file>', 'its private key, PEM')
    .option('--allow-plaintext', 'send a secret without TLS to another machine', false);
}
