import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { CATALOGUE, PROBLEM_MEDIA_TYPE, type ProblemCode } from '#problem';

/** Problem details (RFC 9457); some codes have members of their own. */
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
