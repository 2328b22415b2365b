import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { Problem } from '#problem';

/** One thing that is wrong with a request. */
export interface RequestError {
  /** JSON pointer into the body, or into the parameters. */
  readonly pointer: string;
  readonly message: string;
}

const ERRORS = 20;
const UNKNOWN_MEMBER = 'whitelistValidation';

/**
 * Holds bodies, queries and path parameters to the class that describes them; members it does not know are errors. Of
 * several things wrong with one member the lowest decorator's is said, so the type of a member stands lowest.
 */
export class RequestPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || metatype === undefined || !isDescription(metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid([{ pointer: '', message: `the ${type} is no JSON object` }]);
    }
    const instance = plainToInstance(metatype, value) as object;
    const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true });
    if (errors.length > 0) throw invalid(errors.flatMap((error) => spoken(error, '')));
    return instance;
  }
}

/** @param errors  at least one */
export function invalid(errors: readonly RequestError[]): Problem {
  const shown = errors.slice(0, ERRORS);
  const [{ pointer, message } = { pointer: '', message: '' }] = shown;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  const faults = `${pointer === '' ? '' : `\`${pointer}\`: `}${message}${more}`;
  return new Problem('request-invalid', { faults }, { errors: shown });
}

type Description = new () => object;

function isDescription(metatype: unknown): metatype is Description {
  return typeof metatype === 'function' && ![String, Number, Boolean, Array, Object].includes(metatype as never);
}

function spoken(
  { property, constraints = {}, children = [] }: ValidationError,
  above: string,
): readonly RequestError[] {
  const pointer = `${above}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(constraints).map(([constraint, message]) => ({
    pointer,
    message: constraint === UNKNOWN_MEMBER ? 'there is no such member' : message,
  }));
  return [...own, ...children.flatMap((child) => spoken(child, pointer))];
}
