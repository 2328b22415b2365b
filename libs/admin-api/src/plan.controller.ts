import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PlanAskedBody, PlanView } from './dto/plan.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { CurrentOperator, type Operator } from './operators.js';
import { Publishing } from './publishing.js';

@ApiTags('revisions')
@ApiBearerAuth()
@Controller('admin/v1/plan')
export class PlanController {
  constructor(@Inject(Publishing) private readonly publishing: Publishing) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'What a bundle would change, in words, and whether the set would be valid with it',
    description:
      'Nothing is stored. Bodies up to 64 MiB. With `replay`, recorded decisions that you may read are decided again by the planned set, which takes some seconds for many.',
  })
  @ApiOkResponse({ type: PlanView })
  @ApiProblems(
    'request-invalid',
    'request-not-json',
    'request-too-large',
    'document-too-large',
    'file-too-large',
    'bodies-too-many',
    'operator-unknown',
    'content-hash-differs',
    'no-decision-log',
    'store-unavailable',
  )
  plan(@Body() body: PlanAskedBody, @CurrentOperator() operator: Operator): Promise<PlanView> {
    return this.publishing.plan(body, operator);
  }
}
