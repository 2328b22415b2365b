import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import type { HttpRequest } from '#http';
import { Problem } from '#problem';
import { metadataOf, PublicUrl, type ToldMetadata } from './metadata.js';

const WELL_KNOWN = '/.well-known/authzen-configuration';

/** Where AuthZEN's callers find what this decision point can do; the same for everybody, so nobody need say who asks. */
@Controller()
export class MetadataController {
  constructor(@Inject(PublicUrl) private readonly publicUrl: PublicUrl) {}

  @Get([WELL_KNOWN, `${WELL_KNOWN}/*`])
  @Header('cache-control', 'public, max-age=300')
  metadata(@Req() { raw }: HttpRequest): ToldMetadata {
    const { value, path, signed } = this.publicUrl;
    const asked = raw.url!.split('?', 1)[0]!;
    // An address with a path has its document below the well-known one; a proxy may have taken the path away.
    if (value === undefined || (asked !== WELL_KNOWN && asked !== WELL_KNOWN + path)) {
      throw new Problem('route-unknown', { method: 'GET', path: asked });
    }
    return { ...metadataOf(value), ...(signed !== undefined && { signed_metadata: signed }) };
  }
}
