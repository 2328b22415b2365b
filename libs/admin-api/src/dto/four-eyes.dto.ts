import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { Because, Published } from './revision.dto.js';

export class FourEyesBody {
  @Because()
  readonly because!: string;
}

export class FourEyesEndQuery {
  @ApiProperty({ minLength: 1, maxLength: 4_096, description: 'Why, for whoever asks later.' })
  @Length(1, 4_096)
  @IsString()
  readonly because!: string;
}

export class FourEyesView {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;

  @ApiProperty({
    type: [String],
    example: ['acme'],
    description: 'The domain and those around it that say so. Empty: one person decides.',
  })
  readonly from!: readonly string[];
}

export class ChangedFourEyesView extends Published {
  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;
}
