import { createHash, timingSafeEqual } from 'node:crypto';
import { createParamDecorator, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { isActive, isSecretOf, splitToken } from '#administration';
import { Problem } from '#problem';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';

/** Whoever administers; until delegated administration is enforced, each may do everything. */
export interface Operator {
  readonly name: string;
}

/** The request as it goes on once its operator is known. */
export interface OperatorRequest {
  operator?: Operator | null;
}

/** The operator of the request. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const { operator } = context.switchToHttp().getRequest<OperatorRequest>();
  // A route that the gate leaves open has no operator; acting on anybody's behalf is not for it.
  if (operator === undefined || operator === null) throw new Problem('operator-unknown');
  return operator;
});

/** The name of whoever shows the token that the server was started with. */
const GIVEN_OPERATOR = 'operator-token-file';
/** What an unknown id is compared with, so that it takes as long as a known one. */
const NOBODY = '0'.repeat(64);
const BEARER = /^bearer +([\x21-\x7e]{1,1024}) *$/i;

/** Tells operators from strangers by their tokens. */
@Injectable()
export class Operators {
  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  /**
   * @param authorization  the header, as it came
   * @throws Problem `operator-unknown`; StoreFault
   */
  async authenticate(authorization: string | undefined): Promise<Operator> {
    const token = BEARER.exec(authorization ?? '')?.[1];
    const operator = token === undefined ? null : (this.#given(token) ?? (await this.#kept(token)));
    if (operator === null) throw new Problem('operator-unknown');
    return operator;
  }

  #given(token: string): Operator | null {
    const { operatorToken } = this.parts;
    if (operatorToken === undefined || operatorToken === '') return null;
    return timingSafeEqual(digestOf(token), digestOf(operatorToken)) ? { name: GIVEN_OPERATOR } : null;
  }

  async #kept(token: string): Promise<Operator | null> {
    const { history, clock } = this.parts;
    const split = splitToken(token);
    if (history === null || split === null) return null;
    const credential = await history.credentials.find(split.id);
    const isRight = isSecretOf(split.secret, credential?.sha256 ?? NOBODY);
    if (credential === null || !isRight) return null;
    return credential.kind === 'operator-token' && isActive(credential, clock()) ? { name: credential.name } : null;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
