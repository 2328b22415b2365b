import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsISO8601, Max, Min } from 'class-validator';
import { IfThere } from './revision.dto.js';

/** Records that one plan decides again. */
export const MOST_REPLAYED = 100_000;
const EFFECTS = ['allow', 'deny'] as const;

export class ReplayBody {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MOST_REPLAYED,
    example: 10_000,
    description: 'The newest so many that you may read. Either this or `since`.',
  })
  @IfThere()
  @Max(MOST_REPLAYED)
  @Min(1)
  @IsInt()
  readonly last?: number;

  @ApiPropertyOptional({
    format: 'date-time',
    description: `Those decided at this instant or later, the newest ${MOST_REPLAYED} of them at most.`,
  })
  @IfThere()
  @IsISO8601({ strict: true, strictSeparator: true })
  readonly since?: string;
}

export class ReplayedVerdictView {
  @ApiProperty({ enum: EFFECTS })
  readonly decision!: (typeof EFFECTS)[number];

  @ApiProperty({ example: 'ALLOW_FAST' })
  readonly reason!: string;
}

export class ReplayFlipView {
  @ApiProperty({ type: String, nullable: true, example: 'orders/all', description: 'Null: the target is no endpoint.' })
  readonly endpoint!: string | null;

  @ApiProperty({
    type: ReplayedVerdictView,
    description: 'As the newest set decides it, which the plan is a change of.',
  })
  readonly before!: ReplayedVerdictView;

  @ApiProperty({ type: ReplayedVerdictView, description: 'As the planned set decides it.' })
  readonly after!: ReplayedVerdictView;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'shop/read',
    description:
      'The rule by which it is decided, or was, that the plan adds, changes or removes; where it does so with none of them, the innermost of all.',
  })
  readonly rule!: string | null;

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly count!: number;

  @ApiProperty({ format: 'date-time' })
  readonly firstSeen!: string;

  @ApiProperty({ format: 'date-time' })
  readonly lastSeen!: string;

  @ApiProperty({ description: 'The id of the newest of these decisions.' })
  readonly sample!: string;
}

export class ReplayView {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Records that were decided again.' })
  readonly decided!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Of these, those that the plan decides otherwise.' })
  readonly flipped!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description:
      'Of these, those that the newest set decides otherwise than they were recorded: by what was published since, and not by the plan.',
  })
  readonly overtaken!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Not decided again: a rule read what is not recorded.' })
  readonly masked!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Not decided again: there was no request that was judged.' })
  readonly notJudged!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Not decided again: you may not read all of the request.' })
  readonly untold!: number;

  @ApiProperty({
    type: [String],
    example: ['request.headers.x-team'],
    description:
      'What the planned set reads and the newest does not: records need not hold it, and it was decided as absent.',
  })
  readonly unrecorded!: readonly string[];

  @ApiProperty({ description: 'Whether there are older records that were asked for and not looked at.' })
  readonly more!: boolean;

  @ApiProperty({ type: [ReplayFlipView], description: 'The most frequent first; 1000 groups at most.' })
  readonly flips!: readonly ReplayFlipView[];
}
