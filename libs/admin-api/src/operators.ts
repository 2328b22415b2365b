import { createHash, timingSafeEqual } from 'node:crypto';
import { createParamDecorator, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import {
  type Credential,
  GIVEN_OPERATOR,
  isActive,
  isSecretOf,
  makersOf,
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
};
/** What an unknown id is compared with, so that it takes as long as a known one. */
const NOBODY = '0'.repeat(64);
const BEARER = /^bearer +([\x21-\x7e]{1,1024}) *$/i;

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
    const operator = this.#given(token) ?? (await this.#kept(token, from));
    if (operator === null) {
      this.admission.noteWrongToken(from, splitToken(token)?.id ?? '');
      throw new Problem('operator-unknown');
    }
    this.admission.judgeOperator(operator.id);
    return operator;
  }

  #given(token: string): Operator | null {
    const { operatorToken } = this.parts;
    if (operatorToken === undefined || operatorToken === '') return null;
    return timingSafeEqual(digestOf(token), digestOf(operatorToken)) ? GIVEN : null;
  }

  async #kept(token: string, from: string): Promise<Operator | null> {
    const { history } = this.parts;
    const split = splitToken(token);
    this.admission.judgeStranger(from, split?.id ?? '');
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
    const { history } = this.parts;
    if (operator.id === GIVEN_OPERATOR || history === null) return operator;
    const credential = await history.credentials.find(operator.id);
    const current = credential === null ? null : await this.#standing(credential);
    if (current === null) throw new Problem('operator-unknown');
    return current;
  }

  async #standing(credential: Credential): Promise<Operator | null> {
    const { history, clock, operatorToken } = this.parts;
    const now = clock();
    if (history === null || credential.kind !== 'operator-token' || !isActive(credential, now)) return null;
    const hasGiven = operatorToken !== undefined && operatorToken !== '';
    const { standing, names, ids } = await makersOf(credential, (id) => history.credentials.find(id), now, hasGiven);
    const maker = names.length > 1 ? `, by ${names.at(-1)}` : '';
    return { name: `${credential.name}${maker}`, id: credential.id, standing, makers: ids };
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
