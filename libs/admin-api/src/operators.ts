import { createHash, timingSafeEqual } from 'node:crypto';
import { createParamDecorator, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { isActive, isSecretOf, splitToken } from '#administration';
import { Problem } from '#problem';
import { Admission } from './admission.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';

/** Whoever administers; until delegated administration is enforced, each may do everything. */
export interface Operator {
  readonly name: string;
  /** Id of the token that was shown; absent for the one that the server was started with. */
  readonly credential?: string;
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

/** The name of whoever shows the token that the server was started with. */
export const GIVEN_OPERATOR = 'operator-token-file';
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
    this.admission.judgeOperator(operator.credential ?? GIVEN_OPERATOR);
    return operator;
  }

  #given(token: string): Operator | null {
    const { operatorToken } = this.parts;
    if (operatorToken === undefined || operatorToken === '') return null;
    return timingSafeEqual(digestOf(token), digestOf(operatorToken)) ? { name: GIVEN_OPERATOR } : null;
  }

  async #kept(token: string, from: string): Promise<Operator | null> {
    const { history, clock } = this.parts;
    const split = splitToken(token);
    this.admission.judgeStranger(from, split?.id ?? '');
    if (history === null || split === null) return null;
    const credential = await history.credentials.find(split.id);
    const isRight = isSecretOf(split.secret, credential?.sha256 ?? NOBODY);
    if (credential === null || !isRight) return null;
    const { kind, name, id } = credential;
    return kind === 'operator-token' && isActive(credential, clock()) ? { name, credential: id } : null;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
