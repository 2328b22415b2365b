import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { type ServerSeen, SILENT_SECONDS } from '#administration';

const HIGHEST_NUMBER = Number.MAX_SAFE_INTEGER;
const HIGHEST_EPOCH = 2_147_483_647;

export class FleetQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'The one that is waited for.' })
  @IsOptional()
  @Type(() => Number)
  @Min(1)
  @Max(HIGHEST_NUMBER)
  @IsInt()
  readonly revision?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'Its epoch. Absent: whichever.' })
  @IsOptional()
  @Type(() => Number)
  @Min(1)
  @Max(HIGHEST_EPOCH)
  @IsInt()
  readonly epoch?: number;
}

export class ServerView {
  @ApiProperty({ example: 'dharma-7f9c-1b2c3d4e', description: 'Another one for each start.' })
  readonly server!: string;

  @ApiProperty()
  readonly version!: string;

  @ApiProperty({ description: 'Of its admin listener, as the server knows it.' })
  readonly address!: string;

  @ApiProperty({ format: 'date-time' })
  readonly startedAt!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'In force there; null before the first policy.' })
  readonly revision!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly epoch!: number | null;

  @ApiProperty({ type: String, nullable: true })
  readonly contentHash!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Seconds since the history last said that it is the newest, when the server was last heard of.',
  })
  readonly ageSeconds!: number | null;

  @ApiProperty({ format: 'date-time', description: "By the database's clock." })
  readonly lastSeenAt!: string;

  @ApiProperty({ type: 'integer', description: 'How long ago that is, by the same clock.' })
  readonly seenSecondsAgo!: number;

  @ApiProperty({ description: `Not heard of for ${SILENT_SECONDS} seconds: stopped, cut off, or as good as that.` })
  readonly silent!: boolean;
}

export class FleetView {
  @ApiProperty({ type: [ServerView], description: 'By name; at most 1,000.' })
  readonly items!: readonly ServerView[];

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Servers that are not at `revision` yet; null where none was asked about.',
  })
  readonly behind!: readonly string[] | null;
}

export function serverView(seen: ServerSeen): ServerView {
  const { server, version, address, startedAt, policy, lastSeenAt, seenSecondsAgo } = seen;
  return {
    server,
    version,
    address,
    startedAt: new Date(startedAt).toISOString(),
    revision: policy?.number ?? null,
    epoch: policy?.epoch ?? null,
    contentHash: policy?.contentHash ?? null,
    ageSeconds: policy?.ageSeconds ?? null,
    lastSeenAt: new Date(lastSeenAt).toISOString(),
    seenSecondsAgo,
    silent: seenSecondsAgo > SILENT_SECONDS,
  };
}
