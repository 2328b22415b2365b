import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { RevisionMarkView, RevisionView } from './revision.dto.js';

export class ReadinessView {
  @ApiProperty()
  readonly ready!: boolean;

  @ApiPropertyOptional({ description: 'Why not.' })
  readonly because?: string;

  @ApiPropertyOptional({ type: [String], description: 'What is wrong although it is ready.' })
  readonly degraded?: readonly string[];
}

export class AliveView {
  @ApiProperty({ enum: ['alive'] })
  readonly status!: string;
}

export class ReadyView extends ReadinessView {
  @ApiProperty({ enum: ['enforce', 'observe'], description: '`observe`: everything is allowed.' })
  readonly mode!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'The revision in force.' })
  readonly revision!: number | null;
}

export class PolicyInForceView extends RevisionMarkView {
  @ApiProperty({ type: 'integer', description: 'Seconds since its source last said that it is the newest.' })
  readonly ageSeconds!: number;
}

export class FeedView {
  @ApiProperty({ example: 'current' })
  readonly state!: string;

  @ApiPropertyOptional()
  readonly detail?: string;
}

export class AddressesView {
  @ApiProperty()
  readonly grpc!: string;

  @ApiProperty()
  readonly http!: string;

  @ApiProperty()
  readonly admin!: string;
}

export class StatusView {
  @ApiProperty()
  readonly version!: string;

  @ApiProperty({ enum: ['enforce', 'observe'], description: '`observe`: everything is allowed.' })
  readonly mode!: string;

  @ApiProperty({ enum: ['database', 'folder'] })
  readonly source!: string;

  @ApiProperty({ type: ReadinessView })
  readonly ready!: ReadinessView;

  @ApiProperty({ type: PolicyInForceView, nullable: true })
  readonly policy!: PolicyInForceView | null;

  @ApiProperty({ type: FeedView, description: 'How the server follows its source.' })
  readonly feed!: FeedView;

  @ApiProperty({ type: AddressesView, description: '`…` for whoever does not read everything.' })
  readonly addresses!: AddressesView;

  @ApiProperty({ type: 'number' })
  readonly uptimeSeconds!: number;

  @ApiProperty({
    type: RevisionView,
    nullable: true,
    description: 'The newest stored; null where nothing was published, there is no history, or it cannot be reached.',
  })
  readonly newest!: RevisionView | null;
}
