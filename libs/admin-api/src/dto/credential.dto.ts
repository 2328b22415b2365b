import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import type { Credential } from '#administration';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const OPERATOR = /^\P{Cc}+$/u;

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
  @ApiProperty({ pattern: NAME.source, description: 'An EnforcementPoint of the newest revision.' })
  @Matches(NAME, { message: 'this is no name: lower-case letters, digits and inner `-`, up to 63 characters' })
  @IsString()
  readonly enforcementPoint!: string;
}

export class NewOperatorBody extends ExpiringBody {
  @ApiProperty({ minLength: 1, maxLength: 200, description: 'Who will hold it; the author of what it publishes.' })
  @Length(1, 200)
  @Matches(OPERATOR, { message: 'a name has no control characters' })
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
  @ApiProperty()
  readonly enforcementPoint!: string;
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

export function keyView(credential: Credential): KeyView {
  return { ...credentialView(credential), enforcementPoint: credential.name };
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
