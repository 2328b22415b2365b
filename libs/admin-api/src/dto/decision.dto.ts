import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { RecordedDecision } from '#decision-log';
import { ALLOW_REASONS, DENY_REASONS, OWN_STATE_REASONS } from '#engine';
import { PageQuery, RevisionMarkView } from './revision.dto.js';

const NAME_IN_NAME = /^[^/]+\/[^/]+$/;
const TYPED_ID = /^[^:]+:./s;
const EFFECTS = ['allow', 'deny'] as const;
const LOOKED_FOR = [...EFFECTS, 'would-deny'] as const;
const REASONS = [...ALLOW_REASONS, ...DENY_REASONS, ...OWN_STATE_REASONS] as const;

/** @param form  of what there is to find: anything else would be found nowhere, and look as if nobody had asked it */
function Filter(description: string, form?: RegExp, example?: string): PropertyDecorator {
  const more = { ...(form && { pattern: form.source }), ...(example !== undefined && { example }) };
  return (target, property) => {
    ApiPropertyOptional({ minLength: 1, maxLength: 1_024, description, ...more })(target, property);
    IsOptional()(target, property);
    if (form !== undefined) Matches(form, { message: `this is not of the form ${description}` })(target, property);
    Length(1, 1_024)(target, property);
    IsString()(target, property);
  };
}

function Instant(description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ format: 'date-time', description })(target, property);
    IsOptional()(target, property);
    IsISO8601({ strict: true, strictSeparator: true })(target, property);
    IsString()(target, property);
  };
}

function OneOf(values: readonly string[], description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ enum: [...values], description })(target, property);
    IsOptional()(target, property);
    IsIn(values as string[])(target, property);
    IsString()(target, property);
  };
}

export class DecisionsQuery extends PageQuery {
  @Instant('Decided at this instant or later.')
  readonly from?: string;

  @Instant('Decided before this instant.')
  readonly to?: string;

  @Filter('Concerns this domain or one below it: its endpoint is placed there, or it was denied there.')
  readonly domain?: string;

  @Filter('`service/endpoint`', NAME_IN_NAME)
  readonly endpoint?: string;

  @Filter('`type:id` of a verified credential.', TYPED_ID, 'user:u-17')
  readonly principal?: string;

  @OneOf(REASONS, 'The reason of the verdict.')
  readonly reason?: (typeof REASONS)[number];

  @Filter('`policy/rule`, among those that decided.', NAME_IN_NAME)
  readonly rule?: string;

  @OneOf(
    LOOKED_FOR,
    'The verdict; `would-deny` are allows that are denials once a domain does not only report any more.',
  )
  readonly decision?: (typeof LOOKED_FOR)[number];
}

export class DecisionParams {
  @ApiProperty({ minLength: 1, maxLength: 64, description: 'The `decisionId` of an answer.' })
  @Length(1, 64)
  @IsString()
  readonly id!: string;
}

export class RecordedDenialView {
  @ApiProperty({ enum: [...DENY_REASONS, ...OWN_STATE_REASONS] })
  readonly reason!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly deniedAt!: string | null;
}

export class DroppedEvidenceView {
  @ApiProperty({ type: String, nullable: true })
  readonly mechanism!: string | null;

  @ApiProperty()
  readonly because!: string;
}

export class RecordedDecisionView {
  @ApiProperty({ description: 'The `decisionId` of the answer.' })
  readonly id!: string;

  @ApiProperty({ format: 'date-time' })
  readonly time!: string;

  @ApiProperty({ description: 'From question to answer.' })
  readonly microseconds!: number;

  @ApiProperty({ enum: EFFECTS, description: 'The verdict, also where the server only observes.' })
  readonly decision!: (typeof EFFECTS)[number];

  @ApiProperty({ enum: REASONS })
  readonly reason!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The domain that denied.' })
  readonly deniedAt!: string | null;

  @ApiProperty({ type: [String], description: '`policy/rule`, those that decided.' })
  readonly rules!: readonly string[];

  @ApiProperty({ type: String, nullable: true, description: '`service/endpoint`; null when nothing answers there.' })
  readonly endpoint!: string | null;

  @ApiProperty({ type: [String], description: 'Where the endpoint is placed, and where it was denied.' })
  readonly domains!: readonly string[];

  @ApiProperty({
    type: [String],
    description: '`type:id` of every verified credential; `service:name` of the service that asks.',
  })
  readonly principals!: readonly string[];

  @ApiPropertyOptional({ type: RecordedDenialView, description: 'In report mode: what enforcing would have said.' })
  readonly wouldDeny?: RecordedDenialView;

  @ApiPropertyOptional({ description: 'The server only observed: the request was allowed.' })
  readonly observed?: true;

  @ApiProperty({ type: RevisionMarkView, nullable: true, description: 'Null before the first policy.' })
  readonly revision!: RevisionMarkView | null;

  @ApiProperty({ description: 'Who asked.' })
  readonly enforcementPoint!: string;

  @ApiProperty({ type: [DroppedEvidenceView], description: 'What was presented and did not count.' })
  readonly dropped!: readonly DroppedEvidenceView[];

  @ApiPropertyOptional({ description: 'W3C trace context.' })
  readonly trace?: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What the decision was taken on, without what no rule reads. Null where nothing was judged.',
  })
  readonly request!: object | null;

  @ApiProperty({
    type: [String],
    description: 'What some rule reads and the record does not hold. Empty: it can be decided again exactly.',
  })
  readonly masked!: readonly string[];
}

export class RecordedDecisionPage {
  @ApiProperty({ type: [RecordedDecisionView] })
  readonly items!: readonly RecordedDecisionView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class PastExplanationView {
  @ApiProperty({ type: RecordedDecisionView })
  readonly decision!: RecordedDecisionView;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'As `POST /v1/explain` gives it, by the revision that decided.',
  })
  readonly explanation!: object;
}

export function recordedDecisionView(record: RecordedDecision): RecordedDecisionView {
  return record;
}
