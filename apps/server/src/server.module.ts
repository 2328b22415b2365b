import { Module, type DynamicModule } from '@nestjs/common';
import { ProtocolsModule, type ProtocolParts } from '#protocols';

/** What the check listeners answer. */
@Module({})
export class CheckModule {
  static with(parts: ProtocolParts): DynamicModule {
    return { module: CheckModule, imports: [ProtocolsModule.with(parts)] };
  }
}
