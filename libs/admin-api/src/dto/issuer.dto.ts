import { ApiProperty } from '@nestjs/swagger';
import type { IssuerStanding } from '#identity';

export class IssuerView {
  @ApiProperty({ description: 'The issuer, or the place of its keys.', example: 'https://login.acme.example/' })
  readonly address!: string;

  @ApiProperty({ type: [String], description: 'Mechanisms that use its keys.' })
  readonly mechanisms!: readonly string[];

  @ApiProperty({ type: 'integer', description: 'Keys by which tokens can be verified.' })
  readonly keys!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: never.' })
  readonly fetchedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the last try failed; null when it did not.' })
  readonly trouble!: string | null;
}

export class IssuerList {
  @ApiProperty({ type: [IssuerView] })
  readonly items!: readonly IssuerView[];
}

export function issuerView({ address, mechanisms, keys, fetchedAt, trouble }: IssuerStanding): IssuerView {
  return {
    address,
    mechanisms,
    keys,
    fetchedAt: fetchedAt === undefined ? null : new Date(fetchedAt).toISOString(),
    trouble: trouble ?? null,
  };
}
