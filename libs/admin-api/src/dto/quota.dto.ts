import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsInt, IsObject, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { QUOTA_MEASURES, type QuotaMeasure } from '#policy';
import { Because, IfThere, Published } from './revision.dto.js';

const HIGHEST = 1_000_000_000;
const MEASURES = [...QUOTA_MEASURES];

function Limit(description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: HIGHEST, description })(target, property);
    IfThere()(target, property);
    Max(HIGHEST)(target, property);
    Min(0)(target, property);
    IsInt()(target, property);
  };
}

export class QuotaLimits {
  @Limit('Of every kind that people write; a service counts in each of its domains.')
  readonly documents?: number;

  @Limit('Rules of policies.')
  readonly rules?: number;

  @Limit('One for each principal of a role.')
  readonly assignments?: number;

  @Limit('Of entity sets.')
  readonly entities?: number;

  @Limit('Where they are placed; a service that declares none has one.')
  readonly endpoints?: number;

  @Limit('Of tests: cases, cells of matrices, and endpoints of assertions. Each publication asks them all.')
  readonly cases?: number;
}

export class QuotaAmounts {
  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly documents!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly rules!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly assignments!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly entities!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly endpoints!: number;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly cases!: number;
}

export class QuotaBody {
  @ApiProperty({ type: QuotaLimits, description: 'All of them: what is not named is not limited any more.' })
  @ValidateNested()
  @Type(() => QuotaLimits)
  @IsObject()
  @IsDefined()
  readonly limits!: QuotaLimits;

  @Because()
  readonly because!: string;
}

export class QuotaLiftQuery {
  @ApiProperty({ minLength: 1, maxLength: 4_096, description: 'Why, for whoever asks later.' })
  @Length(1, 4_096)
  @IsString()
  readonly because!: string;
}

export class QuotaView {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;

  @ApiProperty({ type: QuotaLimits, description: 'Empty where nothing limits it by itself; domains around it may.' })
  readonly limits!: QuotaLimits;

  @ApiProperty({ type: QuotaAmounts, description: 'What the domain and everything below hold now.' })
  readonly held!: QuotaAmounts;
}

export class ChangedQuotaView extends Published {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;
}

export class ExceededQuotaView {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;

  @ApiProperty({ enum: MEASURES })
  readonly measure!: QuotaMeasure;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null, like the count, for domains you may not see.' })
  readonly limit!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'What the subtree would hold.' })
  readonly count!: number | null;
}
