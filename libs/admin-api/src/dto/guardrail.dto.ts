import { ApiProperty } from '@nestjs/swagger';
import { type Guardrail, GUARDRAIL_CHANGES, GUARDRAIL_KINDS } from '#administration';

const MOST_GUARDRAILS = 1_000;

export class GuardrailView {
  @ApiProperty({ enum: [...GUARDRAIL_KINDS], example: 'deny' })
  readonly kind!: string;

  @ApiProperty({
    enum: [...GUARDRAIL_CHANGES],
    example: 'weakened',
    description:
      '`weakened` and `removed` may let more through than before; `added` and `strengthened` never do. `changed`: nobody can tell, or nothing was there before.',
  })
  readonly change!: string;

  @ApiProperty({ example: 'acme', description: 'Whose it is; `*`: of all.' })
  readonly domain!: string;

  @ApiProperty({ example: 'acme-base/d1', description: 'What it is called within its kind.' })
  readonly name!: string;

  @ApiProperty({ example: 'deny acme-base/d1 no longer covers DELETE' })
  readonly words!: string;
}

export class GuardrailsView {
  @ApiProperty({
    type: [GuardrailView],
    description: `In the order of \`change\`: what a reviewer must see comes first. ${MOST_GUARDRAILS} at most, of domains that you see.`,
  })
  readonly items!: readonly GuardrailView[];

  @ApiProperty({ type: 'integer', minimum: 0, description: 'How many are left out.' })
  readonly more!: number;
}

export function guardrailsView(guardrails: readonly Guardrail[]): GuardrailsView {
  const items = guardrails
    .slice(0, MOST_GUARDRAILS)
    .map(({ kind, change, domain, name, words }) => ({ kind, change, domain, name, words }));
  return { items, more: guardrails.length - items.length };
}
