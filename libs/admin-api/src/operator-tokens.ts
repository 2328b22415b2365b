import { Inject, Injectable } from '@nestjs/common';
import {
  type ActContext,
  type Credential,
  type CredentialHolder,
  type Grant,
  LONGEST_CHAIN,
  type MintedCredential,
  operatorNameFault,
  type OperatorTerms,
} from '#administration';
import { didYouMean } from '#policy';
import { Problem } from '#problem';
import { Credentials } from './credentials.js';
import type { NewOperatorBody } from './dto/credential.dto.js';
import type { PageQuery, WarningView } from './dto/revision.dto.js';
import { OperatorRights } from './operator-rights.js';
import { GUEST, type Operator } from './operators.js';
import type { Page } from './paging.js';
import { invalid } from './request.pipe.js';

const WHAT = 'operator';
const EVERYTHING = '*';

/** Tokens as one operator may make, see and revoke them: their own, and those that were made by it, and so on. */
@Injectable()
export class OperatorTokens {
  constructor(
    @Inject(Credentials) private readonly credentials: Credentials,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  /** @throws Problem `operator-not-entitled`, `request-invalid`, `publication-refused` */
  async create(
    { name, expiresAt, scope, groups }: NewOperatorBody,
    maker: Operator,
    context: ActContext,
  ): Promise<MintedCredential> {
    if (scope !== undefined && groups !== undefined) {
      throw invalid([{ pointer: '/groups', message: 'a token has a scope, or what its groups are granted' }]);
    }
    if (name.startsWith(GUEST)) {
      throw invalid([
        { pointer: '/name', message: `\`${GUEST}\` begins the names of those who come from an identity provider` },
      ]);
    }
    const nameFault = operatorNameFault(name);
    if (nameFault !== undefined) {
      throw invalid([{ pointer: '/name', message: `no operator has such a name: ${nameFault}` }]);
    }
    if (maker.guest !== undefined) {
      throw new Problem('publication-refused', {
        fault: 'who comes with a token of an identity provider makes none: nobody could tell when its groups are lost',
      });
    }
    if (maker.makers.length >= LONGEST_CHAIN) {
      throw new Problem('publication-refused', { fault: `a chain of makers is at most ${LONGEST_CHAIN} long` });
    }
    const grants = scope?.roles.map((role): Grant => ({ role, domain: scope.domain }));
    await this.#judge(grants ?? [], maker);
    const terms: OperatorTerms =
      grants === undefined
        ? { kind: 'person', maker: maker.id, groups: groups ?? [] }
        : { kind: 'scope', maker: maker.id, grants };
    const holder: CredentialHolder = { kind: 'operator-token', name, terms };
    return this.credentials.create(holder, expiresAt, maker.name, context);
  }

  /** What is to be said of a scope: domains may still come, and mostly it is a slip. */
  async scopeWarnings({ scope }: NewOperatorBody, maker: Operator): Promise<readonly WarningView[]> {
    if (scope === undefined || scope.domain === EVERYTHING) return [];
    const { newest, sight } = await this.rights.now(maker);
    const domains = newest.documents.filter((document) => document.kind === 'Domain' && sight.ofDocument(document));
    const names = domains.map(({ name }) => name);
    if (names.includes(scope.domain)) return [];
    const message = `there is no domain \`${scope.domain}\` that you see; until there is, the token may nothing${didYouMean(scope.domain, names)}`;
    return [{ code: 'domain-not-there', message }];
  }

  list(page: PageQuery, operator: Operator): Promise<Page<Credential>> {
    return this.credentials.list(WHAT, page, (credential) => this.#isSeen(credential, operator));
  }

  /** @throws Problem `credential-unknown`, also for a token that the operator does not see */
  async revoke(id: string, operator: Operator, context: ActContext): Promise<Credential> {
    const found = await this.credentials.find(WHAT, id);
    if (found === null || !(await this.#isSeen(found, operator))) {
      throw new Problem('credential-unknown', { what: WHAT, id });
    }
    return this.credentials.revoke(WHAT, id, operator.name, context);
  }

  /** Nobody grants what they do not hold. Whoever may everything may grant it also over what is not there yet. */
  async #judge(grants: readonly Grant[], maker: Operator): Promise<void> {
    if (maker.standing.kind === 'root') return;
    const { holdings } = await this.rights.now(maker);
    const more = grants.find((grant) => !holdings.covers(grant));
    if (more !== undefined) throw new Problem('operator-not-entitled', { role: more.role, over: more.domain });
  }

  async #isSeen(credential: Credential, { id, standing }: Operator): Promise<boolean> {
    if (standing.kind === 'root') return true;
    let current: Credential | null = credential;
    for (let step = 0; step < LONGEST_CHAIN && current?.kind === 'operator-token'; step += 1) {
      if (current.id === id) return true;
      const { terms }: { readonly terms?: OperatorTerms | undefined } = current;
      if (terms === undefined || terms.kind === 'root') return false;
      current = await this.credentials.find(WHAT, terms.maker);
    }
    return false;
  }
}
