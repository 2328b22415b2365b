import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ADMINISTRATOR_ROLES } from '#administration';
import { DOCUMENT_KINDS } from '#policy';
import { FlipsView } from './flips.dto.js';
import { GuardrailsView } from './guardrail.dto.js';
import { ExceededQuotaView } from './quota.dto.js';
import { ReplayBody, ReplayView } from './replay.dto.js';
import {
  Because,
  GitText,
  HASH,
  HASH_MESSAGE,
  IfThere,
  RevisionBase,
  RevisionMarkView,
  SOURCE,
  SOURCE_MESSAGE,
} from './revision.dto.js';

const MAXIMUM_FILES = 20_000;
const MAXIMUM_REMOVED = 100_000;
const KINDS = [...DOCUMENT_KINDS];
const CHANGES = ['added', 'changed', 'removed'] as const;

export class BundleFile {
  @ApiProperty({ minLength: 1, maxLength: 1_024, example: 'shop/policy.yaml', description: 'The name faults carry.' })
  @Length(1, 1_024)
  @Matches(/^(?!stored:)\P{Cc}+$/u, { message: 'a name has no control characters and does not begin with `stored:`' })
  @IsString()
  readonly file!: string;

  @ApiProperty({ description: 'Policy documents in YAML or JSON, several a file.' })
  @IsString()
  readonly text!: string;
}

/** Names one document. */
export class DocumentKeyView {
  @ApiProperty({ enum: KINDS, example: 'Policy' })
  @IsIn(KINDS)
  readonly kind!: string;

  @ApiProperty({ example: 'shop' })
  @Length(1, 1_024)
  @IsString()
  readonly name!: string;
}

export class PlanBody {
  @ApiProperty({
    pattern: SOURCE.source,
    example: 'git',
    description: 'Whose documents the bundle holds. `suspension`, `quota` and `four-eyes` are taken.',
  })
  @Matches(SOURCE, { message: SOURCE_MESSAGE })
  @IsString()
  readonly source!: string;

  @ApiPropertyOptional({
    type: [BundleFile],
    maxItems: MAXIMUM_FILES,
    description: 'Everything that the source has. Required unless there is `changed`.',
  })
  @ValidateIf(({ files, changed }: PlanBody) => files !== undefined || changed === undefined)
  @ArrayMaxSize(MAXIMUM_FILES)
  @ValidateNested({ each: true })
  @Type(() => BundleFile)
  @IsArray()
  readonly files?: readonly BundleFile[];

  @ApiPropertyOptional({
    type: [BundleFile],
    maxItems: MAXIMUM_FILES,
    description:
      'Instead of `files`: only the documents that are new or different. With `contentHash`, and `removed` where something goes.',
  })
  @IfThere()
  @ArrayMaxSize(MAXIMUM_FILES)
  @ValidateNested({ each: true })
  @Type(() => BundleFile)
  @IsArray()
  readonly changed?: readonly BundleFile[];

  @ApiPropertyOptional({ type: [DocumentKeyView], description: 'With `changed`: documents of this source that go.' })
  @IfThere()
  @ArrayMaxSize(MAXIMUM_REMOVED)
  @ValidateNested({ each: true })
  @Type(() => DocumentKeyView)
  @IsArray()
  readonly removed?: readonly DocumentKeyView[];

  @ApiPropertyOptional({
    pattern: HASH.source,
    description:
      'With `changed`: SHA-256 in hex of the whole set as it shall be on `base`, other sources included. One line a document, in the order of the lines: kind, space, name, NUL, `contentHash`, NUL, source, line feed.',
  })
  @IfThere()
  @Matches(HASH, { message: HASH_MESSAGE })
  @IsString()
  readonly contentHash?: string;

  @ApiPropertyOptional({
    default: true,
    description:
      'With `files`: whether documents of this source that the bundle does not hold are removed, of those that you see.',
  })
  @IsOptional()
  @IsBoolean()
  readonly prune?: boolean;
}

/** Decorators of the member that says whether flips are wanted. */
function AskedFlips(): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({
      default: true,
      description:
        'Whether to look for what would be decided otherwise, which takes four seconds at most, and reading what is in force the first time.',
    })(target, property);
    IfThere()(target, property);
    IsBoolean()(target, property);
  };
}

/** The same of records to replay. */
function AskedReplay(): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ type: ReplayBody, description: 'Recorded decisions to decide again by the planned set.' })(
      target,
      property,
    );
    IfThere()(target, property);
    IsDefined()(target, property);
    ValidateNested()(target, property);
    Type(() => ReplayBody)(target, property as string);
  };
}

export class PlanAskedBody extends PlanBody {
  @AskedFlips()
  readonly flips?: boolean;

  @AskedReplay()
  readonly replay?: ReplayBody;
}

export class RestorePlanBody {
  @AskedFlips()
  readonly flips?: boolean;

  @AskedReplay()
  readonly replay?: ReplayBody;
}

export class PublishBody extends PlanBody {
  @ApiProperty({
    type: RevisionBase,
    nullable: true,
    description: 'The newest revision as the author saw it; null when nothing was published yet.',
  })
  @ValidateIf(({ base }: PublishBody) => base !== null)
  @IsDefined({ message: '`base` is required: the revision that was planned on, or null before the first' })
  @ValidateNested()
  @Type(() => RevisionBase)
  readonly base!: RevisionBase | null;

  @Because()
  readonly because!: string;

  @GitText(128, 'The commit that the bundle is.')
  readonly gitCommit?: string;

  @GitText(512, 'Who wrote the commit.')
  readonly gitAuthor?: string;
}

export class RestoreBody {
  @ApiProperty({ type: RevisionBase, nullable: true, description: 'The newest revision as the author saw it.' })
  @ValidateIf(({ base }: RestoreBody) => base !== null)
  @IsDefined({ message: '`base` is required: the newest revision' })
  @ValidateNested()
  @Type(() => RevisionBase)
  readonly base!: RevisionBase | null;

  @Because()
  readonly because!: string;
}

export class FaultView {
  @ApiProperty()
  readonly file!: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly line!: number;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'In UTF-16 code units, as editors count.' })
  readonly column!: number;

  @ApiProperty({ description: 'Stable.' })
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;
}

export class FailedTestView {
  @ApiProperty({ description: 'The name of the Test document.' })
  readonly test!: string;

  @ApiProperty()
  readonly file!: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly line!: number;

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly column!: number;

  @ApiProperty()
  readonly because!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly expected!: object;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The same members of the answer; of an assertion `because`, a list of what speaks against it.',
  })
  readonly got!: object;
}

export class TestsView {
  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly passed!: number;

  @ApiProperty({ type: [FailedTestView] })
  readonly failed!: readonly FailedTestView[];
}

export class RuleChangeView {
  @ApiProperty({ enum: CHANGES })
  readonly change!: (typeof CHANGES)[number];

  @ApiProperty({ example: 'shop/read', description: '`policy/rule`.' })
  readonly id!: string;

  @ApiProperty({ example: 'allow GET on orders/* for role agent at shop' })
  readonly words!: string;
}

export class ChangeView {
  @ApiProperty({ enum: CHANGES })
  readonly change!: (typeof CHANGES)[number];

  @ApiProperty({ example: 'Domain' })
  readonly kind!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly domain!: string | null;

  @ApiProperty({ example: 'opens orders/*; trusts nothing: sealed' })
  readonly words!: string;

  @ApiProperty({ type: [RuleChangeView], description: 'Of a Policy; empty for other kinds.' })
  readonly rules!: readonly RuleChangeView[];
}

export class CountsView {
  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly added!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly changed!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly removed!: number;
}

export class SummaryView {
  @ApiProperty({ type: CountsView })
  readonly documents!: CountsView;

  @ApiProperty({ type: CountsView })
  readonly rules!: CountsView;
}

export class ForeignView {
  @ApiProperty()
  readonly kind!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ description: 'The source it belongs to.' })
  readonly source!: string;
}

class UserView extends ForeignView {}

export class MissedView {
  @ApiProperty({ example: 'Service' })
  readonly kind!: string;

  @ApiProperty({ example: 'orders' })
  readonly name!: string;

  @ApiProperty({ example: 'endpoint orders/public', description: 'What goes.' })
  readonly what!: string;

  @ApiProperty({ type: UserView, description: 'A document of another source that names it.' })
  readonly by!: UserView;
}

export class RefusalView {
  @ApiProperty({ enum: CHANGES })
  readonly change!: (typeof CHANGES)[number];

  @ApiProperty({ type: String, nullable: true, description: 'Null, like the name, for documents you may not see.' })
  readonly kind!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly name!: string | null;

  @ApiProperty({ example: 'boundary', description: 'The part of the document; `document` for all of it.' })
  readonly part!: string;

  @ApiProperty({ enum: [...ADMINISTRATOR_ROLES], description: 'The least role that would do.' })
  readonly needs!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The domain it would have to be held over; `*`: over everything. Null: one that you may not see.',
  })
  readonly over!: string | null;
}

export class PlanView {
  @ApiProperty({
    type: RevisionMarkView,
    nullable: true,
    description: 'What it was planned on: the `base` to publish with. Null before the first revision.',
  })
  readonly base!: RevisionMarkView | null;

  @ApiProperty()
  readonly source!: string;

  @ApiProperty({
    description:
      'Whether you could publish it: no fault, no test that blocks it, nothing of another source, nothing that other sources still name, no refusal.',
  })
  readonly valid!: boolean;

  @ApiProperty({ type: [FaultView], description: 'All of them at once.' })
  readonly faults!: readonly FaultView[];

  @ApiProperty({ type: [FaultView] })
  readonly warnings!: readonly FaultView[];

  @ApiProperty({
    type: TestsView,
    description:
      'Of the whole set, other sources included, as far as you see it. A failing test that does not block this publication is among `warnings`.',
  })
  readonly tests!: TestsView;

  @ApiProperty({ type: [ChangeView], description: 'Empty while there are faults.' })
  readonly changes!: readonly ChangeView[];

  @ApiProperty({ type: [ForeignView], description: 'Documents of the bundle whose names belong to other sources.' })
  readonly foreign!: readonly ForeignView[];

  @ApiProperty({ type: [MissedView], description: 'What would go although documents of other sources name it.' })
  readonly missed!: readonly MissedView[];

  @ApiProperty({
    type: [ExceededQuotaView],
    description: 'Limits of subtrees that it would go beyond; of the domain `*`, what the server lets all tests ask.',
  })
  readonly exceeded!: readonly ExceededQuotaView[];

  @ApiProperty({ type: [RefusalView], description: 'What this operator may not do of it.' })
  readonly refusals!: readonly RefusalView[];

  @ApiProperty({
    type: GuardrailsView,
    description: 'Guardrails and limits that it touches. Empty while there are faults.',
  })
  readonly guardrails!: GuardrailsView;

  @ApiProperty({ type: SummaryView })
  readonly summary!: SummaryView;

  @ApiPropertyOptional({
    type: [String],
    example: ['acme.payments'],
    description:
      'Domains in which two people decide, where this changes something there: propose it. Absent: one person is enough.',
  })
  readonly fourEyes?: readonly string[];

  @ApiPropertyOptional({
    type: FlipsView,
    nullable: true,
    description:
      'What would be decided otherwise than now, found without any traffic. Null: there are faults or refusals, so nothing was decided.',
  })
  readonly flips?: FlipsView | null;

  @ApiPropertyOptional({
    type: ReplayView,
    nullable: true,
    description: 'Where it was asked for. Null: there are faults or refusals, so nothing was decided again.',
  })
  readonly replay?: ReplayView | null;
}

export class DiffView {
  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly from!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly to!: number;

  @ApiProperty({ type: [ChangeView] })
  readonly changes!: readonly ChangeView[];

  @ApiProperty({ type: SummaryView })
  readonly summary!: SummaryView;
}
