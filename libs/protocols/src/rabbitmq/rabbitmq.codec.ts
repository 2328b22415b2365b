import type { Answer, Question, RequestFault } from '#decision';
import type { Target } from '#engine';
import { attributesOf, malformed, vouchedQuestion } from '../vouched.js';

/** The four things that RabbitMQ asks about, a path each. */
export type RabbitCheck = 'user' | 'vhost' | 'resource' | 'topic';

export interface RabbitAsked {
  readonly question: Question;
  /** Who has to be the one that the credential names; absent: RabbitMQ has seen to that. */
  readonly logsInAs?: string;
}

const ACTIONS = new Map([
  ['configure', 'configure'],
  ['write', 'publish'],
  ['read', 'consume'],
]);
const RESOURCES = new Set(['exchange', 'queue']);
/** In a binding a whole word of these stands for every word, or for any number of them. */
const WILDCARD = /(?:^|\.)[*#](?:\.|$)/;

const DECODER = new TextDecoder('utf-8', { fatal: true });
/** What stands in place of bytes that are no text. */
const REPLACEMENT = '\ufffd';

/** The fields of a form that we read, by name; RabbitMQ sends others beside, some of which clients choose. */
class Form {
  readonly faults: RequestFault[] = [];
  readonly #fields: URLSearchParams;

  constructor(body: unknown) {
    let text = '';
    try {
      if (body instanceof Uint8Array) text = DECODER.decode(body);
    } catch {
      this.#fault('', 'the form is no UTF-8');
    }
    this.#fields = new URLSearchParams(text);
  }

  once(name: string): string {
    const values = this.#fields.getAll(name);
    const [value = ''] = values;
    if (values.length !== 1 || value === '') return this.#fault(name, `\`${name}\` must come exactly once`);
    return value.includes(REPLACEMENT) ? this.#fault(name, `\`${name}\` is no text`) : value;
  }

  oneOf(name: string, values: { has(value: string): boolean }): string {
    const value = this.once(name);
    return value === '' || values.has(value) ? value : this.#fault(name, `\`${name}\` is not known`);
  }

  atMostOnce(name: string): string | undefined {
    return this.#fields.has(name) ? this.once(name) : undefined;
  }

  #fault(pointer: string, message: string): '' {
    this.faults.push({ pointer, message });
    return '';
  }
}

/** @param body  what came as `application/x-www-form-urlencoded` */
export function toQuestion(check: RabbitCheck, body: unknown): RabbitAsked {
  const form = new Form(body);
  const asked = check === 'user' ? login(form) : { question: permission(check, form) };
  return form.faults.length > 0 ? { question: malformed(form.faults) } : asked;
}

/** A password is a token, which we verify; nobody else's word says who logs in. */
function login(form: Form): RabbitAsked {
  const username = form.once('username');
  const password = form.once('password');
  return {
    question: vouchedQuestion({
      target: {
        kind: 'resource',
        resource: { type: 'rabbitmq', id: 'broker', properties: attributesOf({}) },
        action: { name: 'log-in', properties: attributesOf({}) },
      },
      credentials: { authorization: `Bearer ${password}` },
    }),
    logsInAs: username,
  };
}

function permission(check: Exclude<RabbitCheck, 'user'>, form: Form): Question {
  const username = form.once('username');
  const vhost = form.once('vhost');
  return vouchedQuestion({
    target: check === 'vhost' ? onTopic(segment(vhost), 'open') : targetIn(check, segment(vhost), form),
    subject: { type: 'user', id: username, attributes: attributesOf({}) },
    clientAddress: check === 'vhost' ? form.atMostOnce('ip') : undefined,
    attributes: attributesOf({ vhost }),
  });
}

function targetIn(check: 'resource' | 'topic', vhost: string, form: Form): Target {
  const name = form.once('name');
  const action = ACTIONS.get(form.oneOf('permission', ACTIONS)) ?? '';
  if (check === 'resource') return onTopic(`${vhost}.${form.oneOf('resource', RESOURCES)}.${name}`, action);
  const key = form.once('routing_key');
  // A binding by a pattern reads many topics; whether all of them are allowed no single decision can say.
  if (WILDCARD.test(key)) form.faults.push({ pointer: 'routing_key', message: 'a pattern is more than one topic' });
  return onTopic(`${vhost}.topic.${segment(name)}.${key}`, action);
}

function onTopic(topic: string, action: string): Target {
  return { kind: 'topic', topic, action };
}

/** A name as one segment of a topic, so that no two names can look alike. */
function segment(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('.', '%2E');
}

/** The one word that RabbitMQ reads. */
export function toWord({ outcome }: Answer, { logsInAs }: Pick<RabbitAsked, 'logsInAs'>): 'allow' | 'deny' {
  if (outcome.decision !== 'allow') return 'deny';
  if (logsInAs === undefined) return 'allow';
  // A user is whom RabbitMQ asks about afterwards; a program of the same name is another one.
  return outcome.principal === `user:${logsInAs}` ? 'allow' : 'deny';
}
