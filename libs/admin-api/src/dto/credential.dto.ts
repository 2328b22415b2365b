import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { Credential } from '#administration';
import { IfThere } from './revision.dto.js';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_MESSAGE = 'this is no name: lower-case letters, digits and inner `-`, up to 63 characters';
const LINE = /^[^\p{Cc}\p{Surrogate}]+$/u;
const LINE_MESSAGE = 'this is no line of text: it has control characters or half characters';
const MAXIMUM_TEXTS = 100;

export class CredentialParams {
  @ApiProperty()
  @Length(1, 200)
  @IsString()
  readonly id!: string;
}

class ExpiringBody {
  @ApiPropertyOptional({ format: 'date-time', description: 'When it ends. Absent: when it is revoked.' })
  @IsOptional()
  @Length(1, 64)
  @IsString()
  readonly expiresAt?: string;
}

export class NewKeyBody extends ExpiringBody {
  @ApiPropertyOptional({ pattern: NAME.source, description: 'An EnforcementPoint of the newest revision.' })
  @IfThere()
  @Matches(NAME, { message: NAME_MESSAGE })
  @IsString()
  readonly enforcementPoint?: string;

  @ApiPropertyOptional({
    pattern: NAME.source,
    description: 'Instead of an enforcement point: a mechanism of kind `apiKey` of the newest revision.',
  })
  @IfThere()
  @Matches(NAME, { message: NAME_MESSAGE })
  @IsString()
  readonly mechanism?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description: 'With `mechanism`: the client that holds the key.',
  })
  @IfThere()
  @Matches(LINE, { message: LINE_MESSAGE })
  @Length(1, 200)
  @IsString()
  readonly subject?: string;

  @ApiPropertyOptional({ type: [String], maxItems: MAXIMUM_TEXTS, description: 'With `mechanism`. Default none.' })
  @IfThere()
  @Matches(LINE, { each: true, message: LINE_MESSAGE })
  @Length(1, 200, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(MAXIMUM_TEXTS)
  @IsArray()
  readonly scopes?: readonly string[];

  @ApiPropertyOptional({ type: [String], maxItems: MAXIMUM_TEXTS, description: 'With `mechanism`. Default none.' })
  @IfThere()
  @Matches(LINE, { each: true, message: LINE_MESSAGE })
  @Length(1, 200, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(MAXIMUM_TEXTS)
  @IsArray()
  readonly groups?: readonly string[];
}

export class NewOperatorBody extends ExpiringBody {
  @ApiProperty({ minLength: 1, maxLength: 200, description: 'Who will hold it; the author of what it publishes.' })
  @Length(1, 200)
  @Matches(LINE, { message: LINE_MESSAGE })
  @IsString()
  readonly name!: string;
}

class CredentialView {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;

  @ApiProperty({ description: 'The operator who made it.' })
  readonly createdBy!: string;

  @ApiPropertyOptional({ format: 'date-time' })
  readonly expiresAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  readonly revokedAt?: string;

  @ApiPropertyOptional()
  readonly revokedBy?: string;
}

export class KeyView extends CredentialView {
  @ApiPropertyOptional({ description: 'Whose key it is; absent when it is a client.' })
  readonly enforcementPoint?: string;

  @ApiPropertyOptional({ description: "Of a client's key, as are the next three." })
  readonly mechanism?: string;

  @ApiPropertyOptional()
  readonly subject?: string;

  @ApiPropertyOptional({ type: [String] })
  readonly scopes?: readonly string[];

  @ApiPropertyOptional({ type: [String] })
  readonly groups?: readonly string[];

  @ApiPropertyOptional({ format: 'date-time', description: 'In lists, once it was used; about a minute late.' })
  readonly lastUsedAt?: string;
}

export class NewKeyView extends KeyView {
  @ApiProperty({ description: '`<id>.<secret>`. Shown now and never again.' })
  readonly key!: string;
}

export class OperatorView extends CredentialView {
  @ApiProperty()
  readonly name!: string;
}

export class NewOperatorView extends OperatorView {
  @ApiProperty({ description: '`<id>.<secret>`. Shown now and never again.' })
  readonly token!: string;
}

export class KeyPage {
  @ApiProperty({ type: [KeyView] })
  readonly items!: readonly KeyView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class OperatorPage {
  @ApiProperty({ type: [OperatorView] })
  readonly items!: readonly OperatorView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

/** @param lastUsedAt  milliseconds since 1970 */
export function keyView(credential: Credential, lastUsedAt?: number): KeyView {
  return {
    ...credentialView(credential),
    ...(credential.kind === 'client-key'
      ? { mechanism: credential.name, ...credential.client }
      : { enforcementPoint: credential.name }),
    lastUsedAt: lastUsedAt === undefined ? undefined : instantText(lastUsedAt),
  };
}

export function operatorView(credential: Credential): OperatorView {
  return { ...credentialView(credential), name: credential.name };
}

function credentialView({ id, createdAt, createdBy, expiresAt, revokedAt, revokedBy }: Credential): CredentialView {
  return {
    id,
    createdAt: instantText(createdAt),
    createdBy,
    expiresAt: expiresAt === undefined ? undefined : instantText(expiresAt),
    revokedAt: revokedAt === undefined ? undefined : instantText(revokedAt),
    revokedBy,
  };
}

function instantText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
