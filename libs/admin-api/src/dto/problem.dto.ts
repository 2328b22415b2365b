import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { Intersection } from '#administration';
import { CATALOGUE, PROBLEM_MEDIA_TYPE, type ProblemCode } from '#problem';
import { FaultView, ForeignView, MissedView, RefusalView, TestsView } from './plan.dto.js';
import { ProposalEndView } from './proposal.dto.js';
import { ExceededQuotaView } from './quota.dto.js';
import { RevisionView } from './revision.dto.js';

export class RequestErrorView {
  @ApiProperty({ example: '/files/0/text', description: 'JSON pointer into the body, or into the parameters.' })
  readonly pointer!: string;

  @ApiProperty()
  readonly message!: string;
}

const CONFLICTS: readonly Intersection['because'][] = ['changed', 'referenced'];

/** A document that stands between a plan and what others published since. */
export class ConflictView {
  @ApiProperty()
  readonly kind!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ description: 'The source it belongs to, or belonged to.' })
  readonly source!: string;

  @ApiProperty({ enum: CONFLICTS, description: '`referenced`: what the bundle changes names it, or is named by it.' })
  readonly because!: Intersection['because'];

  @ApiPropertyOptional({
    type: RevisionView,
    description: 'The one that changed it last, where it is among the newest.',
  })
  readonly revision?: RevisionView;
}

/** Problem details (RFC 9457). What only some codes have is there where it helps a program. */
export class ProblemView {
  @ApiProperty({ example: 'urn:dharma:problem:revision-superseded' })
  readonly type!: string;

  @ApiProperty()
  readonly title!: string;

  @ApiProperty({ type: 'integer' })
  readonly status!: number;

  @ApiProperty()
  readonly detail!: string;

  @ApiProperty({ description: 'Stable; programs match it.' })
  readonly code!: string;

  @ApiProperty({ description: 'What to do next.' })
  readonly remedy!: string;

  @ApiPropertyOptional({ type: [RequestErrorView], description: 'Of `request-invalid`.' })
  readonly errors?: readonly RequestErrorView[];

  @ApiPropertyOptional({ type: [FaultView], description: 'Of `bundle-invalid`, as are `warnings` and `tests`.' })
  readonly faults?: readonly FaultView[];

  @ApiPropertyOptional({ type: [FaultView] })
  readonly warnings?: readonly FaultView[];

  @ApiPropertyOptional({ type: TestsView })
  readonly tests?: TestsView;

  @ApiPropertyOptional({ type: [ForeignView], description: 'Of `documents-of-another-source` and `bundle-invalid`.' })
  readonly foreign?: readonly ForeignView[];

  @ApiPropertyOptional({ type: [MissedView], description: 'Of `documents-still-referenced`.' })
  readonly missed?: readonly MissedView[];

  @ApiPropertyOptional({ type: [ExceededQuotaView], description: 'Of `quota-exceeded` and `test-cases-too-many`.' })
  readonly exceeded?: readonly ExceededQuotaView[];

  @ApiPropertyOptional({ type: [RefusalView], description: 'Of `forbidden-change`.' })
  readonly refusals?: readonly RefusalView[];

  @ApiPropertyOptional({ type: [String], description: 'Of `four-eyes-required`: domains in which two people decide.' })
  readonly fourEyes?: readonly string[];

  @ApiPropertyOptional({
    type: RevisionView,
    nullable: true,
    description: 'Of `revision-superseded`: the newest revision; null when there is none.',
  })
  readonly current?: RevisionView | null;

  @ApiPropertyOptional({ type: [ConflictView], description: 'Of `revision-superseded`.' })
  readonly conflicts?: readonly ConflictView[];

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Of `precondition-failed`: what the document has now; null when there is none.',
  })
  readonly etag?: string | null;

  @ApiPropertyOptional({ type: ProposalEndView, description: 'Of `proposal-ended` and `proposal-published`.' })
  readonly end?: ProposalEndView;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'Of `rate-exceeded`.' })
  readonly retryAfterSeconds?: number;
}

/** Describes the errors of a route, those of one status together. Who must say who they are may also ask too often. */
export function ApiProblems(...named: readonly ProblemCode[]) {
  const codes: readonly ProblemCode[] = named.includes('operator-unknown') ? [...named, 'rate-exceeded'] : named;
  const statuses = [...new Set(codes.map((code) => CATALOGUE[code].status))];
  return applyDecorators(
    ApiExtraModels(ProblemView),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: codes
          .filter((code) => CATALOGUE[code].status === status)
          .map((code) => `\`${code}\`: ${CATALOGUE[code].title}`)
          .join('. '),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: getSchemaPath(ProblemView) } } },
      }),
    ),
  );
}
