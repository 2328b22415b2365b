import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { BODY_EXAMPLES } from './body-examples.js';

/** The API description of an application around the AdminApiModule, OpenAPI 3.1. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Dharma administration')
    .setDescription(
      'Plans, revisions, documents, domains, keys and operators of a policy decision point. Every error is `application/problem+json` with a stable `code`; lists go on at `next`.',
    )
    .setVersion('v1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: "An operator's token, `<id>.<secret>`, or one of the identity provider of operators.",
    })
    .build();
  const described = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '').toLowerCase()}_${method}`,
  });
  giveExamples(described);
  return described;
}

/** Members have their own examples; which of them go together only a whole body shows. */
function giveExamples({ paths }: OpenAPIObject): void {
  for (const { post, put } of Object.values(paths))
    for (const operation of [post, put]) {
      if (operation?.requestBody === undefined || !('content' in operation.requestBody)) continue;
      const shown = Object.entries(BODY_EXAMPLES[operation.operationId!] ?? {});
      const examples = Object.fromEntries(shown.map(([name, value]) => [name, { value }]));
      for (const content of Object.values(operation.requestBody.content)) content.examples = examples;
    }
}

/** `GET /openapi.json` and `GET /docs`, which loads nothing from elsewhere. */
export function serveApiDescription(app: NestFastifyApplication): void {
  // Built when it is first asked for: nobody waits for it at the start.
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Dharma administration',
    // Otherwise the page shows the description to a validator on the internet.
    swaggerOptions: { validatorUrl: null, persistAuthorization: false },
  });
}
