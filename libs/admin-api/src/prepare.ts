import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter } from '#http';

/** Prepares an application around the AdminApiModule; to be called once, before it listens. */
export function prepareAdminApi(app: NestFastifyApplication): void {
  app.useGlobalFilters(new ProblemFilter());
}
