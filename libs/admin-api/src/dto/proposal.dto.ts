import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsDefined,
  IsInt,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { type Proposal, type ProposalEnd, proposalState, type ProposalState } from '#administration';
import { PlanBody, PlanView } from './plan.dto.js';
import { Because, GitText, HASH, HASH_MESSAGE, IfThere, RevisionBase, RevisionView } from './revision.dto.js';

const STATES: readonly ProposalState[] = ['open', 'approved', 'rejected', 'expired'];
const HIGHEST_NUMBER = 1_000_000_000_000;
const DAY_SECONDS = 86_400;
/** How long a proposal may wait, and waits unless it says otherwise. */
export const LONGEST_WAIT_SECONDS = 30 * DAY_SECONDS;
export const DEFAULT_WAIT_SECONDS = 7 * DAY_SECONDS;

/** One of the ways in which a proposal says what it is about. */
function Way(description: string, example?: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ minLength: 1, maxLength: 1_024, description, ...(example && { example }) })(target, property);
    IfThere()(target, property);
    Length(1, 1_024)(target, property);
    IsString()(target, property);
  };
}

export class ProposalBody {
  @ApiPropertyOptional({ type: PlanBody, description: 'A bundle, as it would be published. One of these four.' })
  @IfThere()
  @ValidateNested()
  @Type(() => PlanBody)
  @IsObject()
  readonly bundle?: PlanBody;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    description: 'The number of a revision whose content shall come back.',
  })
  @IfThere()
  @Max(HIGHEST_NUMBER)
  @Min(1)
  @IsInt()
  readonly restore?: number;

  @Way('A domain that an operator suspended, and that shall go on.')
  readonly resume?: string;

  @Way('A domain in which one person shall decide again.', 'acme.payments')
  readonly endFourEyes?: string;

  @ApiPropertyOptional({
    type: RevisionBase,
    nullable: true,
    description: 'With `bundle` and `restore`: the newest revision as the author saw it; null when there was none.',
  })
  @ValidateIf(({ base, bundle, restore }: ProposalBody) =>
    base === undefined ? bundle !== undefined || restore !== undefined : base !== null,
  )
  @IsDefined({ message: '`base` is required: the revision that was planned on, or null before the first' })
  @ValidateNested()
  @Type(() => RevisionBase)
  readonly base?: RevisionBase | null;

  @Because()
  readonly because!: string;

  @GitText(128, 'The commit that the bundle is.')
  readonly gitCommit?: string;

  @GitText(512, 'Who wrote the commit.')
  readonly gitAuthor?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 60,
    maximum: LONGEST_WAIT_SECONDS,
    default: DEFAULT_WAIT_SECONDS,
    description: 'How long somebody else may approve it.',
  })
  @IfThere()
  @Max(LONGEST_WAIT_SECONDS)
  @Min(60)
  @IsInt()
  readonly waitSeconds?: number;
}

export class ProposalParams {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'The number of a proposal.' })
  @Type(() => Number)
  @Max(HIGHEST_NUMBER)
  @Min(1)
  @IsInt()
  readonly number!: number;
}

export class ApprovalBody {
  @ApiProperty({
    pattern: HASH.source,
    description: 'The `contentHash` of the proposal that was looked at: nothing else is published.',
  })
  @Matches(HASH, { message: HASH_MESSAGE })
  @IsString()
  readonly contentHash!: string;
}

export class RejectionBody {
  @Because()
  readonly because!: string;
}

export class ProposalEndView {
  @ApiProperty({ format: 'date-time' })
  readonly at!: string;

  @ApiProperty({ description: 'Who approved or rejected it.' })
  readonly by!: string;

  @ApiPropertyOptional({ type: 'integer', description: 'What it has become, where it was approved.' })
  readonly revision?: number;

  @ApiPropertyOptional({ description: 'Why it was rejected.' })
  readonly because?: string;
}

export class ProposalView {
  @ApiProperty({ type: 'integer', minimum: 1, example: 7 })
  readonly number!: number;

  @ApiProperty({ enum: [...STATES], example: 'open' })
  readonly state!: ProposalState;

  @ApiProperty({ description: 'The operator who made it, and who will be the author of the revision.', example: 'ann' })
  readonly proposer!: string;

  @ApiProperty({ format: 'date-time' })
  readonly proposedAt!: string;

  @ApiProperty({ format: 'date-time', description: 'From then on nobody can approve it.' })
  readonly expiresAt!: string;

  @ApiProperty({ type: RevisionBase, nullable: true, description: 'What its author saw.' })
  readonly base!: RevisionBase | null;

  @ApiProperty({
    pattern: HASH.source,
    description:
      'SHA-256 in hex of what it changes. The line `dharma-change-1`, and one line a document, in the order of the lines: `put`, kind and name between spaces, NUL, `contentHash` of the document, NUL, source; or `remove`, kind and name between spaces.',
  })
  readonly contentHash!: string;

  @ApiProperty({ description: 'What it would be published under.', example: 'git' })
  readonly source!: string;

  @ApiProperty({ example: 'a rule for the new shop' })
  readonly because!: string;

  @ApiPropertyOptional()
  readonly gitCommit?: string;

  @ApiPropertyOptional({ description: 'Who wrote the commit, as git says.' })
  readonly gitAuthor?: string;

  @ApiProperty({ description: 'Whether you made it, so that somebody else must approve it.' })
  readonly own!: boolean;

  @ApiPropertyOptional({ type: ProposalEndView, description: 'Of one that was approved or rejected.' })
  readonly end?: ProposalEndView;
}

export class ProposedView extends ProposalView {
  @ApiPropertyOptional({
    description:
      'This very proposal was made before: under its idempotency key, or by the same token, for the same on the same base, and waits.',
  })
  readonly repeated?: true;
}

export class ProposalPlanView extends ProposalView {
  @ApiProperty({
    type: PlanView,
    nullable: true,
    description: 'What it would change now, as far as you see it. Null when it has ended.',
  })
  readonly plan!: PlanView | null;
}

export class ProposalPage {
  @ApiProperty({ type: [ProposalView] })
  readonly items!: readonly ProposalView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class ApprovedView {
  @ApiProperty({ type: ProposalView })
  readonly proposal!: ProposalView;

  @ApiProperty({ type: RevisionView })
  readonly revision!: RevisionView;

  @ApiPropertyOptional({ description: 'You approved it before: nothing new was stored.' })
  readonly repeated?: true;
}

export function proposalView(proposal: Proposal, own: boolean): ProposalView {
  const { number, proposer, proposedAt, expiresAt, base, contentHash, provenance, end } = proposal;
  return {
    number,
    state: proposalState(proposal),
    proposer: proposer.name,
    proposedAt: new Date(proposedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    base,
    contentHash,
    source: provenance.source,
    because: provenance.because,
    gitCommit: provenance.gitCommit,
    gitAuthor: provenance.gitAuthor,
    own,
    ...(end && { end: proposalEndView(end) }),
  };
}

export function proposalEndView(end: ProposalEnd): ProposalEndView {
  return {
    at: new Date(end.at).toISOString(),
    by: end.by,
    ...(end.kind === 'approved' ? { revision: end.revision } : { because: end.because }),
  };
}
