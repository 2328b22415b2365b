import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { Because, IfThere, SOURCE, SOURCE_MESSAGE } from './revision.dto.js';

/** The source of what operators change one by one. */
export const API_SOURCE = 'api';

/** Why one document or fact is changed, and as which source. */
export class ChangeWords {
  @Because()
  readonly because!: string;

  @ApiPropertyOptional({
    pattern: SOURCE.source,
    default: API_SOURCE,
    description:
      'The source that the document belongs to. One of another source, like a git repository, is changed only when it is named: what is not changed there too goes with its next bundle.',
  })
  @IfThere()
  @Matches(SOURCE, { message: SOURCE_MESSAGE })
  @IsString()
  readonly source?: string;
}
