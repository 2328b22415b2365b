import { type Command, InvalidArgumentError, Option } from 'commander';
import { WAY_GROUP } from './help.js';

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
  return safeWayTo(command).addOption(
    way('--timeout <seconds>', 'longest wait for an answer').argParser(wholeNumber(1, 3600)).default(120),
  );
}

/** One of the flags that have to do with the way, and not with what is asked. */
export function way(flags: string, sentence: string): Option {
  return new Option(flags, sentence).helpGroup(WAY_GROUP);
}

/** How secrets stay secret on the way to a server. */
export function safeWayTo(command: Command): Command {
  return command
    .addOption(way('--ca <file>', "certificates to trust, PEM, instead of the system's"))
    .addOption(way('--cert <file>', 'our certificate, PEM, for mutual TLS'))
    .addOption(way('--key <file>', 'its private key, PEM'))
    .addOption(way('--allow-plaintext', 'send a secret without TLS to another machine').default(false));
}
