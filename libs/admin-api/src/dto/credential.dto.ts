import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { ADMINISTRATOR_ROLES, type AdministratorRole, type Credential } from '#administration';
import { IfThere, WarningView } from './revision.dto.js';

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

const EVERYTHING = '*';
const DOMAIN = /^(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,15})$/;
const ROLES = [...ADMINISTRATOR_ROLES];

export class OperatorScope {
  @ApiProperty({ pattern: DOMAIN.source, example: 'acme.payments', description: 'With all below; `*`: everything.' })
  @Matches(DOMAIN, { message: 'this is no domain, nor `*`' })
  @IsString()
  readonly domain!: string;

  @ApiProperty({ enum: ROLES, isArray: true, minItems: 1, description: 'What the token may there.' })
  @IsIn(ROLES, { each: true })
  @ArrayUnique()
  @ArrayMinSize(1)
  @IsArray()
  readonly roles!: readonly AdministratorRole[];
}

export class NewOperatorBody extends ExpiringBody {
  @ApiProperty({ minLength: 1, maxLength: 200, description: 'Who will hold it; the author of what it publishes.' })
  @Length(1, 200)
  @Matches(LINE, { message: LINE_MESSAGE })
  @IsString()
  readonly name!: string;

  @ApiPropertyOptional({
    type: OperatorScope,
    description:
      'The token may this and nothing else. Absent: what `administrators` of domains grant to `user:<name>` and to its groups. Never more than its maker may.',
  })
  @IfThere()
  @ValidateNested()
  @Type(() => OperatorScope)
  @IsObject()
  readonly scope?: OperatorScope;

  @ApiPropertyOptional({ type: [String], maxItems: MAXIMUM_TEXTS, description: 'Without `scope`. Default none.' })
  @IfThere()
  @Matches(LINE, { each: true, message: LINE_MESSAGE })
  @Length(1, 200, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(MAXIMUM_TEXTS)
  @IsArray()
  readonly groups?: readonly string[];
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

  @ApiPropertyOptional({ enum: [true], description: 'It may everything.' })
  readonly root?: true;

  @ApiPropertyOptional({ type: OperatorScope, description: 'It may this and nothing else.' })
  readonly scope?: OperatorScope;

  @ApiPropertyOptional({ type: [String], description: 'Its groups, where it may what `administrators` grant.' })
  readonly groups?: readonly string[];
}

export class NewOperatorView extends OperatorView {
  @ApiProperty({ description: '`<id>.<secret>`. Shown now and never again.' })
  readonly token!: string;

  @ApiPropertyOptional({ type: [WarningView], description: 'That there is no such domain yet. Absent: there is.' })
  readonly warnings?: readonly WarningView[];
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
  return { ...credentialView(credential), name: credential.name, ...termsView(credential) };
}

function termsView(credential: Credential): Pick<OperatorView, 'root' | 'scope' | 'groups'> {
  const terms = credential.kind === 'operator-token' ? credential.terms : undefined;
  switch (terms?.kind) {
    case undefined:
      return {};
    case 'root':
      return { root: true };
    case 'person':
      return { groups: terms.groups };
    case 'scope':
      return {
        scope: { domain: terms.grants[0]?.domain ?? EVERYTHING, roles: terms.grants.map(({ role }) => role) },
      };
    default:
      return terms satisfies never;
  }
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
