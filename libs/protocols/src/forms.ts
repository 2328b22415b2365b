import { Problem } from '#problem';

/** What is used of Fastify, which reads bodies. */
export interface BodyReader {
  addContentTypeParser(
    type: string,
    options: { readonly parseAs: 'buffer' },
    parser: (
      request: { readonly routeOptions: { readonly url?: string } },
      body: Buffer,
      done: (fault: Error | null, body?: Buffer) => void,
    ) => void,
  ): unknown;
}

/** Lets forms be read, as bytes, by the routes below a path and by no other. */
export function acceptForms(reader: BodyReader, below: string): void {
  reader.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    ({ routeOptions: { url = '' } }, body, done) =>
      url.startsWith(below) ? done(null, body) : done(new Problem('content-type-unsupported')),
  );
}
