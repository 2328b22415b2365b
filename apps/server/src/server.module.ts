import { Module, type DynamicModule } from '@nestjs/common';
import { ProtocolsModule, type ProtocolParts } from '#protocols';
import { HealthController } from './health.controller.js';
import { Standing } from './standing.js';

/** What the check listeners answer. */
@Module({})
export class CheckModule {
  static with(parts: ProtocolParts): DynamicModule {
    return { module: CheckModule, imports: [ProtocolsModule.with(parts)] };
  }
}

/** What the admin listener answers. */
@Module({})
export class AdminModule {
  static with(standing: Standing): DynamicModule {
    return {
      module: AdminModule,
      controllers: [HealthController],
      providers: [{ provide: Standing, useValue: standing }],
    };
  }
}
