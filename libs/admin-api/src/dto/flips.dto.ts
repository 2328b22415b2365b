import { ApiProperty } from '@nestjs/swagger';

const EFFECTS = ['allow', 'deny'] as const;

export class FlipVerdictView {
  @ApiProperty({ example: 'NO_ALLOW_RULE' })
  readonly reason!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The domain that denies.' })
  readonly deniedAt!: string | null;

  @ApiProperty({ type: [String], example: ['shop/read'], description: '`policy/rule`, those that decide.' })
  readonly rules!: readonly string[];
}

export class FlipGroupView {
  @ApiProperty({ example: 'shop', description: 'Where the endpoint is placed, the first by name; `*`: nowhere.' })
  readonly domain!: string;

  @ApiProperty({ example: 'orders/all', description: '`service/endpoint`.' })
  readonly endpoint!: string;

  @ApiProperty({ enum: EFFECTS })
  readonly from!: (typeof EFFECTS)[number];

  @ApiProperty({ enum: EFFECTS })
  readonly to!: (typeof EFFECTS)[number];

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly points!: number;

  @ApiProperty({ description: 'Whether these flip depends on conditions; such are in neither `toAllow` nor `toDeny`.' })
  readonly conditional!: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'One of them, as `POST /v1/decide`, `dharma decide` and `dharma explain` take it.',
  })
  readonly sample!: object;

  @ApiProperty({
    type: FlipVerdictView,
    description: 'Of the sample, by the newest set. Changed rules among these are the same for all of the group.',
  })
  readonly before!: FlipVerdictView;

  @ApiProperty({
    type: FlipVerdictView,
    description:
      'Of the sample, by the planned set. Where that hangs on conditions, either side is told as if they had it so.',
  })
  readonly after!: FlipVerdictView;
}

export class ConditionalPointsView {
  @ApiProperty({ example: 'shop' })
  readonly domain!: string;

  @ApiProperty({ example: 'orders/all' })
  readonly endpoint!: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly points!: number;

  @ApiProperty({ type: [String], description: 'Rules with conditions that may be matched there.' })
  readonly rules!: readonly string[];
}

export class FlipsView {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description:
      'A caller, a request and a credential each, one of every kind that rules tell apart, as far as the change can reach. Of what you see.',
  })
  readonly points!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description:
      'Those that both sets decided. Fewer where there are too many, or time was up after four seconds, or less where the set is large.',
  })
  readonly decided!: number;

  @ApiProperty({
    type: 'number',
    nullable: true,
    minimum: 0,
    maximum: 1,
    description:
      'The share of points that was decided. Null for whoever does not read everything: endpoints and callers of others were not looked at, and how many there are is not told.',
  })
  readonly coverage!: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Points whose answer hangs on conditions that nobody can know beforehand, in either set.',
  })
  readonly conditional!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Points that are denied now and will be allowed.' })
  readonly toAllow!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Points that are allowed now and will be denied.' })
  readonly toDeny!: number;

  @ApiProperty({
    type: [FlipGroupView],
    description:
      'By endpoint and by the changed rules that decide: to allow first, then by domain and endpoint, then the most points first; 1000 at most. Of one endpoint 50 kinds are told apart, the rest goes together.',
  })
  readonly groups!: readonly FlipGroupView[];

  @ApiProperty({ type: [ConditionalPointsView], description: 'The most points first; 1000 endpoints at most.' })
  readonly conditionals!: readonly ConditionalPointsView[];

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Groups and endpoints that were left out of the lists.' })
  readonly more!: number;
}
