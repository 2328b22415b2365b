import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { type Act, type ActKind, ACTS } from '#administration';
import { PageQuery } from './revision.dto.js';

const ORDERS = ['newest', 'oldest'] as const;
const LINE = /^[^\p{Cc}\p{Surrogate}]+$/u;
const LINE_MESSAGE = 'this is no line of text: it has control characters or half characters';
const HIGHEST_NUMBER = Number.MAX_SAFE_INTEGER;

export class ActQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Name of an operator, or id of a token.' })
  @IsOptional()
  @Matches(LINE, { message: LINE_MESSAGE })
  @Length(1, 512)
  @IsString()
  readonly operator?: string;

  @ApiPropertyOptional({ enum: ACTS })
  @IsOptional()
  @IsIn(ACTS)
  readonly act?: ActKind;

  @ApiPropertyOptional({ example: 'source/git', description: 'What was acted on, to the letter.' })
  @IsOptional()
  @Matches(LINE, { message: LINE_MESSAGE })
  @Length(1, 1_024)
  @IsString()
  readonly object?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @Type(() => Number)
  @Min(1)
  @Max(HIGHEST_NUMBER)
  @IsInt()
  readonly revision?: number;

  @ApiPropertyOptional({ format: 'date-time', description: 'At or after this instant.' })
  @IsOptional()
  @Length(1, 64)
  @IsString()
  readonly since?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this instant.' })
  @IsOptional()
  @Length(1, 64)
  @IsString()
  readonly until?: string;

  @ApiPropertyOptional({ enum: ORDERS, default: 'newest', description: 'From which end. A `next` goes on in its own.' })
  @IsOptional()
  @IsIn(ORDERS)
  readonly order?: (typeof ORDERS)[number];
}

export class ActView {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'Counts from 1, without a gap.' })
  readonly sequence!: number;

  @ApiProperty({ format: 'date-time', description: "By the database's clock, to the millisecond." })
  readonly at!: string;

  @ApiProperty({ description: 'The role that was logged in at the database.' })
  readonly databaseRole!: string;

  @ApiProperty({ description: 'Who acted, by name.' })
  readonly operator!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Id of the token that was shown; null where none was.' })
  readonly credential!: string | null;

  @ApiProperty({ example: 'revision.publish' })
  readonly act!: string;

  @ApiProperty({ example: 'source/git', description: 'What was acted on.' })
  readonly object!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Code of the problem; null: it was done.' })
  readonly refused!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 in hex of what was acted on, before.' })
  readonly before!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'And after.' })
  readonly after!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The revision that it made.' })
  readonly revision!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'What `x-request-id` of the answer said.' })
  readonly requestId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Of the client; null over a unix socket.' })
  readonly address!: string | null;

  @ApiProperty({ description: 'Hash of the act before; 64 zeros for the first.' })
  readonly previous!: string;

  @ApiProperty({ description: 'SHA-256 in hex of all of the above; docs/audit.md says how.' })
  readonly hash!: string;
}

export class ActPage {
  @ApiProperty({ type: [ActView] })
  readonly items!: readonly ActView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export function actView({ at, ...act }: Act): ActView {
  return { ...act, at: new Date(at).toISOString() };
}
