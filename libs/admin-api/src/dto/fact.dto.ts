import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsString, Length, Matches } from 'class-validator';
import { ChangeWords } from './change.dto.js';
import { IfThere, PageQuery } from './revision.dto.js';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_MESSAGE = 'this is no name: lower-case letters, digits and inner `-`, up to 63 characters';
const LINE = /^[^\p{Cc}\p{Surrogate}]+$/u;
const LINE_MESSAGE = 'this is no line of text: it has control characters or half characters';
const PRINCIPAL = /^[^:\p{Cc}\p{Surrogate}]+:[^\p{Cc}\p{Surrogate}]+$/u;
const PRINCIPAL_MESSAGE = 'a principal is of the form `type:id`';
const ENTITY_TYPE = /^[^:\p{Cc}\p{Surrogate}]+$/u;
const ENTITY_TYPE_MESSAGE = 'a type is a line of text without a colon';
/** Characters of one line of free text in documents. */
const MAXIMUM_TEXT = 8_192;
/** Principals of one request. */
const MAXIMUM_PRINCIPALS = 1_000;

/** A line of free text. */
function Line(example: string, description?: string): PropertyDecorator {
  return (target, property) => {
    ApiProperty({ minLength: 1, maxLength: MAXIMUM_TEXT, example, description })(target, property);
    Matches(LINE, { message: LINE_MESSAGE })(target, property);
    Length(1, MAXIMUM_TEXT)(target, property);
    IsString()(target, property);
  };
}

/** The name of a role set or an entity set. */
function SetName(example: string): PropertyDecorator {
  return (target, property) => {
    ApiProperty({ pattern: NAME.source, example, description: 'Of the newest revision.' })(target, property);
    Matches(NAME, { message: NAME_MESSAGE })(target, property);
    IsString()(target, property);
  };
}

/** A text by which a list is narrowed. */
function Filter(description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ minLength: 1, maxLength: MAXIMUM_TEXT, description })(target, property);
    IfThere()(target, property);
    Length(1, MAXIMUM_TEXT)(target, property);
    IsString()(target, property);
  };
}

export class NewAssignmentsBody extends ChangeWords {
  @SetName('staff')
  readonly roleSet!: string;

  @Line('clerk')
  readonly role!: string;

  @ApiProperty({ type: [String], minItems: 1, maxItems: MAXIMUM_PRINCIPALS, example: ['user:ann', 'group:desk'] })
  @Matches(PRINCIPAL, { each: true, message: PRINCIPAL_MESSAGE })
  @Length(1, MAXIMUM_TEXT, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(MAXIMUM_PRINCIPALS)
  @ArrayMinSize(1)
  @IsArray()
  readonly principals!: readonly string[];
}

export class AssignmentQuery extends PageQuery {
  @Filter('Assignments of this very role.')
  readonly role?: string;

  @Filter('Assignments to this very principal, `type:id`.')
  readonly principal?: string;

  @Filter('Assignments at this very domain.')
  readonly domain?: string;

  @Filter('Assignments of this role set.')
  readonly roleSet?: string;
}

/** The query of a removal: who loses which role. */
export class AssignmentKeyQuery extends ChangeWords {
  @SetName('staff')
  readonly roleSet!: string;

  @Line('clerk')
  readonly role!: string;

  @Line('user:ann', '`type:id`.')
  readonly principal!: string;
}

export class AssignmentView {
  @ApiProperty({ example: 'staff' })
  readonly roleSet!: string;

  @ApiProperty({ example: 'acme.payments' })
  readonly domain!: string;

  @ApiProperty({ description: 'The source that the role set belongs to.' })
  readonly source!: string;

  @ApiProperty({ example: 'clerk' })
  readonly role!: string;

  @ApiProperty({ example: 'user:ann' })
  readonly principal!: string;
}

export class AssignmentPage {
  @ApiProperty({ type: [AssignmentView] })
  readonly items!: readonly AssignmentView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}

export class EntityBody extends ChangeWords {
  @SetName('records')
  readonly entitySet!: string;

  @ApiProperty({ minLength: 1, maxLength: MAXIMUM_TEXT, example: 'record' })
  @Matches(ENTITY_TYPE, { message: ENTITY_TYPE_MESSAGE })
  @Length(1, MAXIMUM_TEXT)
  @IsString()
  readonly type!: string;

  @Line('101')
  readonly id!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { owner: 'alice', department: 'Legal' },
    description: 'All of them: they take the place of those that are stored.',
  })
  @IsObject()
  readonly attributes!: object;
}

export class EntityQuery extends PageQuery {
  @Filter('Entities of this very type.')
  readonly type?: string;

  @Filter('Entities of this very id.')
  readonly id?: string;

  @Filter('Entities stored at this very domain.')
  readonly domain?: string;

  @Filter('Entities of this entity set.')
  readonly entitySet?: string;
}

/** The query of a removal: which entity goes. */
export class EntityKeyQuery extends ChangeWords {
  @SetName('records')
  readonly entitySet!: string;

  @Line('record')
  readonly type!: string;

  @Line('101')
  readonly id!: string;
}

export class EntityView {
  @ApiProperty({ example: 'records' })
  readonly entitySet!: string;

  @ApiProperty({ example: 'acme.records' })
  readonly domain!: string;

  @ApiProperty({ description: 'The source that the entity set belongs to.' })
  readonly source!: string;

  @ApiProperty({ example: 'record' })
  readonly type!: string;

  @ApiProperty({ example: '101' })
  readonly id!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { owner: 'alice' } })
  readonly attributes!: object;
}

export class EntityPage {
  @ApiProperty({ type: [EntityView] })
  readonly items!: readonly EntityView[];

  @ApiProperty({ type: String, nullable: true, description: 'Opaque; null at the end.' })
  readonly next!: string | null;
}
