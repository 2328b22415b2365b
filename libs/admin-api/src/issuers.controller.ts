import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import { Acts, CurrentContext } from './acts.js';
import { IssuerList, issuerView } from './dto/issuer.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { inTime } from './patience.js';

/** Metadata and keys are two requests of three seconds each. */
const REFRESH_MILLISECONDS = 8_000;

/** What is acted on. */
const ISSUERS = 'issuers';

/** Issuers whose keys this server fetches. */
@ApiTags('server')
@ApiBearerAuth()
@Controller('admin/v1/issuers')
export class IssuersController {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Issuers whose keys this server fetches, and how that went last' })
  @ApiOkResponse({ type: IssuerList })
  @ApiProblems('operator-unknown', 'server-silent')
  async list(@CurrentOperator() operator: Operator): Promise<IssuerList> {
    const issuers = await inTime(this.parts.server.issuers());
    if (operator.standing.kind === 'root') return { items: issuers.map(issuerView) };
    const { sight, mechanisms } = await this.rights.mechanisms(operator);
    const seen = issuers.flatMap((issuer) => {
      const named = issuer.mechanisms.filter((name) => sight.ofMechanism(mechanisms.get(name)));
      return named.length === 0 && !sight.isWhole ? [] : [{ ...issuer, mechanisms: named }];
    });
    return { items: seen.map(issuerView) };
  }

  @Post('refresh')
  @Acts('issuers.refresh', () => ISSUERS)
  @HttpCode(200)
  @ApiOperation({
    summary: 'Fetch the keys of all issuers now',
    description:
      'Keys are looked for every ten minutes and, at most once a minute, when a token names an unknown one. After an emergency rotation this does it at once, on this server; SIGHUP does the same.',
  })
  @ApiOkResponse({ type: IssuerList })
  @ApiProblems('operator-unknown', 'operator-not-entitled', 'server-silent', 'store-unavailable', 'store-read-only')
  async refresh(@CurrentOperator() operator: Operator, @CurrentContext() context: ActContext): Promise<IssuerList> {
    await this.rights.demand(operator, 'mechanisms', '*');
    // First: what cannot be written down is not done. SIGHUP asks nobody.
    const act = { ...context, operator: operator.name, act: 'issuers.refresh', object: ISSUERS } as const;
    await this.parts.history?.audit.append(act);
    await inTime(this.parts.server.refreshIssuers(), REFRESH_MILLISECONDS);
    return this.list(operator);
  }
}
