import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { Because, Published } from './revision.dto.js';

const MODES = ['enforce', 'report'] as const;

export class DomainParams {
  @ApiProperty({ example: 'acme.payments' })
  @Length(1, 1_024)
  @IsString()
  readonly name!: string;
}

export class DomainSummaryView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly parent!: string | null;

  @ApiProperty({ enum: MODES, description: 'In force here, inherited or not; so are the next two.' })
  readonly mode!: string;

  @ApiProperty()
  readonly zeroTrust!: boolean;

  @ApiProperty()
  readonly suspended!: boolean;

  @ApiProperty({ type: 'integer', description: 'Services with a membership in this very domain.' })
  readonly members!: number;

  @ApiProperty({ type: 'integer', description: 'Rules this domain owns.' })
  readonly rules!: number;
}

export class DomainPage {
  @ApiProperty({ type: [DomainSummaryView] })
  readonly items!: readonly DomainSummaryView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

class InForceView {
  @ApiProperty({ type: String, nullable: true, description: 'The domain that says it; null for the default.' })
  readonly from!: string | null;

  @ApiProperty({ description: 'Whether a domain above says it.' })
  readonly inherited!: boolean;
}

export class ModeInForce extends InForceView {
  @ApiProperty({ enum: MODES })
  readonly value!: string;
}

export class FlagInForce extends InForceView {
  @ApiProperty()
  readonly value!: boolean;
}

export class SecondsInForce extends InForceView {
  @ApiProperty({ type: 'integer', nullable: true })
  readonly value!: number | null;
}

export class NamesInForce extends InForceView {
  @ApiProperty({ type: [String] })
  readonly value!: readonly string[];
}

export class RuleInForceView {
  @ApiProperty({ description: '`policy/rule`.' })
  readonly id!: string;

  @ApiProperty({ enum: ['allow', 'deny'] })
  readonly effect!: string;

  @ApiProperty({ enum: ['in', 'out'] })
  readonly direction!: string;

  @ApiProperty({ enum: ['self', 'subtree'] })
  readonly scope!: string;

  @ApiProperty({ enum: MODES })
  readonly mode!: string;

  @ApiProperty()
  readonly words!: string;

  @ApiProperty({ description: 'The owner; `*` for the world outside every domain.' })
  readonly from!: string;

  @ApiProperty()
  readonly inherited!: boolean;
}

export class RoleInForceView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ type: [String] })
  readonly inherits!: readonly string[];

  @ApiProperty()
  readonly from!: string;

  @ApiProperty()
  readonly inherited!: boolean;
}

export class MechanismInForceView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ enum: ['trust', 'access'] })
  readonly role!: string;

  @ApiProperty()
  readonly kind!: string;

  @ApiProperty({ description: 'The type of the principals its credentials name.' })
  readonly principalType!: string;

  @ApiProperty({ description: 'The owner.' })
  readonly from!: string;

  @ApiProperty()
  readonly inherited!: boolean;
}

export class MemberServiceView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty()
  readonly kind!: string;

  @ApiProperty({ type: [String], description: 'Those of its endpoints that are placed here, `service/endpoint`.' })
  readonly endpoints!: readonly string[];
}

export class DomainView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly parent!: string | null;

  @ApiProperty({ type: [String] })
  readonly children!: readonly string[];

  @ApiProperty({ type: ModeInForce })
  readonly mode!: ModeInForce;

  @ApiProperty({ type: FlagInForce })
  readonly zeroTrust!: FlagInForce;

  @ApiProperty({ type: FlagInForce })
  readonly suspended!: FlagInForce;

  @ApiProperty({ enum: ['open', 'closed'], description: 'Never inherited, like `recognizes`, `marks`, `addresses`.' })
  readonly egress!: string;

  @ApiProperty({ type: SecondsInForce, description: 'The strictest of the domain and those above it.' })
  readonly maxStalenessSeconds!: SecondsInForce;

  @ApiProperty({ type: NamesInForce, description: 'By which members prove themselves; empty: nobody can.' })
  readonly trust!: NamesInForce;

  @ApiProperty({ type: NamesInForce, description: 'Accepted at the boundary; empty: none is.' })
  readonly access!: NamesInForce;

  @ApiProperty({ type: [String] })
  readonly recognizes!: readonly string[];

  @ApiProperty({ type: [String], description: 'Endpoints that it lets in from outside.' })
  readonly marks!: readonly string[];

  @ApiProperty({ type: [String] })
  readonly addresses!: readonly string[];

  @ApiProperty({ type: [RuleInForceView] })
  readonly rules!: readonly RuleInForceView[];

  @ApiProperty({ type: [RoleInForceView] })
  readonly roles!: readonly RoleInForceView[];

  @ApiProperty({ type: [MechanismInForceView], description: 'Its own, and those its trust or access names.' })
  readonly mechanisms!: readonly MechanismInForceView[];

  @ApiProperty({ type: [MemberServiceView] })
  readonly services!: readonly MemberServiceView[];
}

export class SuspensionBody {
  @Because()
  readonly because!: string;
}

export class SuspensionView extends Published {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;

  @ApiProperty({
    type: [String],
    example: ['acme.payments'],
    description: 'The domain and those around it that are suspended now, by an operator or by their documents.',
  })
  readonly suspendedBy!: readonly string[];
}
