import { challengeFor, clientView, type Answer, type ClientView } from '#decision';
import { parametersAlike, type Telling } from '#wire';
import { toldHeaders } from './told-headers.js';
import { unsaid } from './unsaid.js';

/** The value of the header, or of the metadata, by which a program asks to be told. */
export function isTold(value: unknown): boolean {
  return value === 'yes';
}

/**
 * What a program is told that carries decisions out in its own process, where no gateway does it.
 *
 * @param challenge  the value of `www-authenticate`, the same for every client
 */
export function tellingOf(answer: Answer, challenge: string): Telling {
  const view = clientView(answer);
  switch (view) {
    case 'allow':
      // No framework takes out of a query what only a rule may say: a handler may have read it before.
      return parametersAlike(answer.query, answer.parametersSet).length > 0
        ? denied(answer, 'forbidden')
        : allowed(answer);
    case 'unauthenticated':
    case 'invalid_token':
    case 'insufficient_scope':
      return { ...denied(answer, view), 'x-dharma-challenge': challengeFor(view, challenge) };
    case 'forbidden':
    case 'unavailable':
      return denied(answer, view);
    default:
      return view satisfies never;
  }
}

function allowed(answer: Answer): Telling {
  const { outcome, headersSet } = answer;
  const set = new Set<string>();
  for (const obligation of outcome.obligations) {
    if (obligation.kind === 'setHeader') set.add(obligation.name.toLowerCase());
  }
  return { ...toldHeaders(answer), 'x-dharma-view': 'allow', 'x-dharma-unsaid': unsaid(headersSet, set).join(',') };
}

function denied<View extends Exclude<ClientView, 'allow'>>({ decisionId }: Answer, view: View) {
  return { 'x-dharma-decision': decisionId, 'x-dharma-view': view } as const;
}
