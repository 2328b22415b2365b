import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import type { Revision } from '#administration';
import { DEFAULT_LIMIT, MAXIMUM_LIMIT } from '../paging.js';

export const HASH = /^[0-9a-f]{64}$/;
export const HASH_MESSAGE = 'this is no SHA-256 in 64 lower-case hexadecimal digits';
export const SOURCE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/;
export const SOURCE_MESSAGE = 'a source is letters, digits and `._:/@-`, up to 128 characters';

/** Unlike `IsOptional` it does not take null for absent. */
export const IfThere = () => ValidateIf((_body, value) => value !== undefined);

/** Names a revision beyond doubt, within one epoch. */
class NamedRevision {
  @ApiProperty({ type: 'integer', minimum: 1, example: 41 })
  @Min(1)
  @IsInt()
  readonly number!: number;

  @ApiProperty({ pattern: HASH.source, description: 'SHA-256 of the whole set, in hex.' })
  @Matches(HASH, { message: HASH_MESSAGE })
  @IsString()
  readonly contentHash!: string;
}

/** As an author saw it: what a plan answers may be sent as it is. */
export class RevisionBase extends NamedRevision {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'Said, it has to be the epoch of that revision.' })
  @IfThere()
  @Min(1)
  @IsInt()
  readonly epoch?: number;
}

export class RevisionMarkView extends NamedRevision {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'Grows when an operator accepts a restored database.' })
  readonly epoch!: number;
}

export class RevisionView extends RevisionMarkView {
  @ApiProperty({ type: 'integer', nullable: true, description: 'The number it was published on; null for the first.' })
  readonly base!: number | null;

  @ApiProperty({ format: 'date-time' })
  readonly publishedAt!: string;

  @ApiProperty({ description: 'The operator who published it.' })
  readonly author!: string;

  @ApiProperty({ description: 'Whose documents it put and pruned; `restore` for a return to the past.' })
  readonly source!: string;

  @ApiProperty()
  readonly because!: string;

  @ApiPropertyOptional()
  readonly gitCommit?: string;

  @ApiPropertyOptional({ description: 'Who wrote the commit, as git says.' })
  readonly gitAuthor?: string;
}

export class RevisionParams {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'The number of a revision.' })
  @Type(() => Number)
  @Min(1)
  @IsInt()
  readonly n!: number;
}

export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAXIMUM_LIMIT, default: DEFAULT_LIMIT })
  @IsOptional()
  @Type(() => Number)
  @Min(1)
  @Max(MAXIMUM_LIMIT)
  @IsInt()
  readonly limit?: number;

  @ApiPropertyOptional({ description: 'The `next` of the page before.' })
  @IsOptional()
  @Length(1, 1_024)
  @IsString()
  readonly next?: string;
}

export class DiffQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'The number to compare with; 0 is the empty set. Default: the revision it was published on.',
  })
  @IsOptional()
  @Type(() => Number)
  @Min(0)
  @IsInt()
  readonly against?: number;
}

export class RevisionPage {
  @ApiProperty({ type: [RevisionView] })
  readonly items!: readonly RevisionView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class RebasedView {
  @ApiProperty({ type: RevisionBase, nullable: true, description: 'The base that was asked for.' })
  readonly from!: RevisionBase | null;

  @ApiProperty({ type: RevisionBase, description: 'The revision that it was published on.' })
  readonly on!: RevisionBase;
}

/** What was done and is hardly meant. */
export class WarningView {
  @ApiProperty({ example: 'assigned-role-unknown', description: 'Stable; of documents as in a plan.' })
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;
}

export class Published {
  @ApiProperty({ type: RevisionView, nullable: true, description: 'Null where nothing was ever published.' })
  readonly revision!: RevisionView | null;

  @ApiPropertyOptional({ description: 'The base holds exactly this already; nothing was stored.' })
  readonly unchanged?: true;

  @ApiPropertyOptional({ description: 'This very publication was stored before, under its idempotency key.' })
  readonly repeated?: true;

  @ApiPropertyOptional({
    type: RebasedView,
    description: 'Others published meanwhile what this has nothing to do with; it was planned again on theirs.',
  })
  readonly rebased?: RebasedView;

  @ApiPropertyOptional({
    type: [WarningView],
    description: 'Of a role set: roles that it gives and that nothing there knows. Absent: none. All else a plan says.',
  })
  readonly warnings?: readonly WarningView[];
}

/** Decorators of the members that say why something is published. */
export function Because(): PropertyDecorator {
  return (target, property) => {
    ApiProperty({ minLength: 1, maxLength: 4_096, description: 'Why, for whoever asks later.' })(target, property);
    IsString()(target, property);
    Length(1, 4_096)(target, property);
  };
}

/** Far from where numbers lose their last digit, and from any number that is ever reached. */
const HIGHEST_ABOVE = 1_000_000_000_000;

export class EpochBody {
  @Because()
  readonly because!: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: HIGHEST_ABOVE,
    description: 'The highest number that any server has seen, where this server may have seen less.',
  })
  @IsOptional()
  @Min(0)
  @Max(HIGHEST_ABOVE)
  @IsInt()
  readonly above?: number;
}

export function GitText(maximum: number, description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ minLength: 1, maxLength: maximum, description })(target, property);
    IsOptional()(target, property);
    IsString()(target, property);
    Length(1, maximum)(target, property);
  };
}

export function revisionView({ provenance, publishedAt, ...mark }: Revision): RevisionView {
  const { author, source, because, gitCommit, gitAuthor } = provenance;
  return {
    epoch: mark.epoch,
    number: mark.number,
    contentHash: mark.contentHash,
    base: mark.base,
    publishedAt: new Date(publishedAt).toISOString(),
    author,
    source,
    because,
    gitCommit,
    gitAuthor,
  };
}
