import { Module, type DynamicModule } from '@nestjs/common';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { ProbesController } from './probes.controller.js';

/** What the admin listener answers. The application that holds it is made ready by `prepareAdminApi`. */
@Module({})
export class AdminApiModule {
  static with(parts: AdminApiParts): DynamicModule {
    return {
      module: AdminApiModule,
      controllers: [ProbesController],
      providers: [{ provide: ADMIN_API_PARTS, useValue: parts }],
    };
  }
}
