import { createHash, timingSafeEqual } from 'node:crypto';
import { createParamDecorator, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import {
  type Credential,
  GIVEN_OPERATOR,
  isActive,
  isSecretOf,
  isStorable,
  makersOf,
  type Person,
  type Proposer,
  splitToken,
  type Standing,
} from '#administration';
import { Problem } from '#problem';
import { Admission } from './admission.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';

/** Whoever administers. */
export interface Operator {
  /**
   * The author of what they publish. Of a token that was made by somebody bounded it says so: what others are called is for
   * those who may everything to say.
   */
  readonly name: string;
  /** Of the token. */
  readonly id: string;
  readonly standing: Standing;
  /** Ids of the token and of those in its chain of makers. */
  readonly makers: readonly string[];
  /** Whom the token stands for: several may be one person. */
  readonly person: Person;
  /** Of one who came with a token of an identity provider: nothing is kept of it, so it ends by itself. */
  readonly guest?: { readonly expiresAt: number };
}

/** The request as it goes on once its operator is known. */
export interface OperatorRequest {
  operator?: Operator | null;
  /** Names this request to this server and no other. */
  requestId?: string;
  /** As the connection has it; null over a unix socket. */
  clientAddress?: string | null;
}

/** The operator of the request. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const { operator } = context.switchToHttp().getRequest<OperatorRequest>();
  // A route that the gate leaves open has no operator; acting on anybody's behalf is not for it.
  if (operator === undefined || operator === null) throw new Problem('operator-unknown');
  return operator;
});

/** Whoever shows the token that the server was started with. */
const GIVEN: Operator = {
  name: GIVEN_OPERATOR,
  id: GIVEN_OPERATOR,
  standing: { kind: 'root' },
  makers: [GIVEN_OPERATOR],
  person: { kind: 'root' },
};
/** What an unknown id is compared with, so that it takes as long as a known one. */
const NOBODY = '0'.repeat(64);
const BEARER = /^bearer +([\x21-\x7e]{1,8192}) *$/i;
/** Neither tokens of ours nor ids have two dots. */
const SIGNED = /^[^.]+\.[^.]+\.[^.]+$/;
const MAXIMUM_NAME = 512;
/** What names of those begin with who come with a token of an identity provider; no token of ours is made by such a name. */
export const GUEST = 'oidc:';

/** What clients over a unix socket have for an address. */
const SOCKET = 'unix';

/** Tells operators from strangers by their tokens. */
@Injectable()
export class Operators {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  /**
   * @param authorization  the header, as it came
   * @param address  of the client, where it has one
   * @throws Problem `operator-unknown`, `rate-exceeded`; StoreFault
   */
  async authenticate(authorization: string | undefined, address: string | null): Promise<Operator> {
    const token = BEARER.exec(authorization ?? '')?.[1] ?? '';
    const from = address ?? SOCKET;
    const operator = this.#given(token) ?? (await this.#known(token, from));
    if (operator === null) {
      this.admission.noteWrongToken(from, this.#claimedId(token));
      throw new Problem('operator-unknown');
    }
    this.admission.judgeOperator(operator.id);
    return operator;
  }

  #given(token: string): Operator | null {
    const { operatorToken } = this.parts;
    if (!isGiven(operatorToken)) return null;
    return timingSafeEqual(digestOf(token), digestOf(operatorToken)) ? GIVEN : null;
  }

  /** A token is looked for in one place, by its form: none that is refused there is tried elsewhere. */
  async #known(token: string, from: string): Promise<Operator | null> {
    this.admission.judgeStranger(from, this.#claimedId(token));
    return this.#isSigned(token) ? this.#guest(token) : this.#kept(token);
  }

  #isSigned(token: string): boolean {
    return this.parts.operatorIssuer !== undefined && SIGNED.test(token);
  }

  /** Whose token it says that it is; empty where it says nothing. */
  #claimedId(token: string): string {
    const { operatorIssuer } = this.parts;
    if (operatorIssuer === undefined || !this.#isSigned(token)) return splitToken(token)?.id ?? '';
    const subject = operatorIssuer.claimedSubject(token);
    return subject === undefined ? '' : guestName(operatorIssuer.issuer, subject);
  }

  async #guest(token: string): Promise<Operator | null> {
    const { operatorIssuer, clock } = this.parts;
    const holder = await operatorIssuer?.judge(token, clock());
    if (operatorIssuer === undefined || holder === undefined) return null;
    const name = guestName(operatorIssuer.issuer, holder.subject);
    if (name.length > MAXIMUM_NAME || !isStorable(name)) return null;
    const principals = [`user:${name}`, ...holder.groups.map((group) => `group:${group}`)];
    return guestOf(name, principals, holder.expiresAt);
  }

  async #kept(token: string): Promise<Operator | null> {
    const { history } = this.parts;
    const split = splitToken(token);
    if (history === null || split === null) return null;
    const credential = await history.credentials.find(split.id);
    const isRight = isSecretOf(split.secret, credential?.sha256 ?? NOBODY);
    if (credential === null || !isRight) return null;
    return this.#standing(credential);
  }

  /**
   * The operator as they stand now.
   *
   * @throws Problem `operator-unknown` when the token does not count any more
   */
  async again(operator: Operator): Promise<Operator> {
    const { history, clock } = this.parts;
    const { guest } = operator;
    if (guest !== undefined && clock() >= guest.expiresAt) throw new Problem('operator-unknown');
    if (operator.id === GIVEN_OPERATOR || guest !== undefined || history === null) return operator;
    const credential = await history.credentials.find(operator.id);
    const current = credential === null ? null : await this.#standing(credential);
    if (current === null) throw new Problem('operator-unknown');
    return current;
  }

  /**
   * Whoever proposed something, as they stand now. Of one who came with a token of an identity provider it is as that said
   * then: what it would say now nobody can ask it.
   *
   * @returns null when they do not count any more
   */
  async proposing({ name, credential, principals }: Proposer): Promise<Operator | null> {
    const { history, operatorIssuer, operatorToken } = this.parts;
    if (principals !== undefined) {
      const isOfIssuer = operatorIssuer !== undefined && name.startsWith(guestName(operatorIssuer.issuer, ''));
      return isOfIssuer ? guestOf(name, principals, Number.POSITIVE_INFINITY) : null;
    }
    if (credential === GIVEN_OPERATOR) return isGiven(operatorToken) ? GIVEN : null;
    const found = (await history?.credentials.find(credential)) ?? null;
    return found === null ? null : this.#standing(found);
  }

  async #standing(credential: Credential): Promise<Operator | null> {
    const { history, clock, operatorToken } = this.parts;
    const now = clock();
    if (history === null || credential.kind !== 'operator-token' || !isActive(credential, now)) return null;
    const hasGiven = isGiven(operatorToken);
    const makers = await makersOf(credential, (id) => history.credentials.find(id), now, hasGiven);
    // Its holder chose the name, and those who could say whose it is are gone.
    if (!makers.isWhole) return null;
    const { standing, names, ids } = makers;
    const maker = names.length > 1 ? `, by ${names.at(-1)}` : '';
    const person: Person = standing.kind === 'root' ? standing : { kind: 'token', name: names.at(-1)! };
    return { name: `${credential.name}${maker}`, id: credential.id, standing, makers: ids, person };
  }
}

function isGiven(operatorToken: string | undefined): operatorToken is string {
  return operatorToken !== undefined && operatorToken !== '';
}

function guestOf(name: string, principals: readonly string[], expiresAt: number): Operator {
  return {
    name,
    id: name,
    standing: { kind: 'bounded', mandates: [{ kind: 'person', principals }] },
    makers: [name],
    person: { kind: 'guest', name },
    guest: { expiresAt },
  };
}

/** An issuer's subjects are its own: another's of the same name is somebody else. */
function guestName(issuer: string, subject: string): string {
  return `${GUEST}${issuer}#${subject}`;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
