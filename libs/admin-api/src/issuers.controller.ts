import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ActContext } from '#administration';
import { Acts, CurrentContext } from './acts.js';
import { IssuerList, issuerView } from './dto/issuer.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
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
  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {}

  @Get()
  @ApiOperation({ summary: 'Issuers whose keys this server fetches, and how that went last' })
  @ApiOkResponse({ type: IssuerList })
  @ApiProblems('operator-unknown', 'server-silent')
  async list(): Promise<IssuerList> {
    return { items: (await inTime(this.parts.server.issuers())).map(issuerView) };
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
  @ApiProblems('operator-unknown', 'server-silent', 'store-unavailable', 'store-read-only')
  async refresh(@CurrentOperator() { name }: Operator, @CurrentContext() context: ActContext): Promise<IssuerList> {
    // First: what cannot be written down is not done. SIGHUP asks nobody.
    await this.parts.history?.audit.append({ ...context, operator: name, act: 'issuers.refresh', object: ISSUERS });
    await inTime(this.parts.server.refreshIssuers(), REFRESH_MILLISECONDS);
    return this.list();
  }
}
