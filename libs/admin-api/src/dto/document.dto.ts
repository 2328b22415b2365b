import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { DOCUMENT_KINDS } from '#policy';
import { ChangeWords } from './change.dto.js';
import { PageQuery } from './revision.dto.js';

const KINDS = [...DOCUMENT_KINDS];

export class DocumentQuery extends PageQuery {
  @ApiPropertyOptional({ enum: KINDS })
  @IsOptional()
  @IsIn(KINDS)
  readonly kind?: string;

  @ApiPropertyOptional({ description: 'Documents of this very domain.' })
  @IsOptional()
  @Length(1, 1_024)
  @IsString()
  readonly domain?: string;

  @ApiPropertyOptional({ description: 'Part of the name or of the text, in any case.' })
  @IsOptional()
  @Length(1, 200)
  @IsString()
  readonly q?: string;
}

export class DocumentParams {
  @ApiProperty({ enum: KINDS })
  @IsIn(KINDS)
  readonly kind!: string;

  @ApiProperty()
  @Length(1, 1_024)
  @IsString()
  readonly name!: string;
}

export class DocumentBody extends ChangeWords {
  @ApiProperty({
    example: 'apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop }\nspec: { access: [anonymous] }\n',
    description: 'The document in YAML or JSON, alone.',
  })
  @IsString()
  readonly text!: string;
}

export class DocumentHead {
  @ApiProperty({ enum: KINDS })
  readonly kind!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Null for a Service, and for a Test without one.' })
  readonly domain!: string | null;

  @ApiProperty({ description: 'The source whose bundles may prune it.' })
  readonly source!: string;

  @ApiProperty({ description: 'SHA-256 of the text, in hex.' })
  readonly contentHash!: string;
}

export class DocumentView extends DocumentHead {
  @ApiProperty({ description: 'As it was written; role sets and entity sets as canonical JSON.' })
  readonly text!: string;
}

export class DocumentHeadPage {
  @ApiProperty({ type: [DocumentHead] })
  readonly items!: readonly DocumentHead[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class DocumentPage {
  @ApiProperty({ type: [DocumentView] })
  readonly items!: readonly DocumentView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}
