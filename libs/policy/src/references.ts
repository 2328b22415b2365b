import type { Catalogue } from './catalogue.js';
import { placeIn, type Report } from './report.js';
import type { ReadDocument } from './read.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

/** A name in a document that refers to another declaration. */
interface Reference {
  readonly name: string;
  readonly source: ReadDocument;
  readonly path: Path;
}

/** Reports names that nothing declares; each gives whether the name is declared. */
export interface References {
  domain(reference: Reference): boolean;
  service(reference: Reference): boolean;
  endpoint(reference: Reference): boolean;
  mechanism(reference: Reference): boolean;
}

export function references(catalogue: Catalogue, report: Report): References {
  const known =
    (noun: string, declared: ReadonlyMap<string, unknown>) =>
    ({ name, source, path }: Reference) => {
      if (declared.has(name)) return true;
      if (!catalogue.mayBeDeclared(name)) {
        const message = `the ${noun} \`${name}\` does not exist${didYouMean(name, declared.keys())}`;
        const fault = [placeIn(source, path), `unknown-${noun}`, message] as const;
        // Its service is here, so it is nowhere else.
        if (noun === 'endpoint') report.add(...fault);
        else report.addUndeclared(`${noun} ${name}`, ...fault);
      }
      return false;
    };
  const service = known('service', catalogue.services);
  const endpoint = known('endpoint', catalogue.endpoints);
  return {
    domain: known('domain', catalogue.domains),
    mechanism: known('mechanism', catalogue.mechanisms),
    service,
    endpoint: (reference) => {
      const serviceName = reference.name.slice(0, reference.name.indexOf('/'));
      if (!catalogue.services.has(serviceName) || reference.name.endsWith('/*'))
        return service({ ...reference, name: serviceName });
      return endpoint(reference);
    },
  };
}
