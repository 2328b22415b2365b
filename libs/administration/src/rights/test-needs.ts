import type { TestDocument } from '#policy';
import type { AdministeredSet } from './administered-set.js';
import { endpointsOf, type PlacedEndpoint } from './endpoints.js';
import type { Need } from './need.js';

/**
 * What a test asks for beside its own domain. Whether it passes is told, and where it fails owners above may be kept
 * from publishing: so its author must be able to read wherever an endpoint is placed that it asks for.
 *
 * @param set  with the test
 */
export function testNeeds({ spec }: TestDocument, set: AdministeredSet): readonly Need[] {
  const { cases = [], matrices = [], reach = [] } = spec;
  return [
    ...cases.flatMap(({ request }) => targetNeeds('cases', request['target'], set)),
    ...matrices.flatMap(({ targets }) => Object.values(targets).flatMap((one) => targetNeeds('matrices', one, set))),
    ...reach.flatMap(({ endpoints }) => endpoints.flatMap((one) => readings('reach', named(one, set)))),
  ];
}

function targetNeeds(part: string, target: unknown, set: AdministeredSet): readonly Need[] {
  const found = asked(target, set);
  return found === undefined ? [{ part, right: 'ownership', domain: '*' }] : readings(part, found);
}

/** Every endpoint that may answer a target; undefined for a target that is not understood. */
function asked(target: unknown, set: AdministeredSet): readonly PlacedEndpoint[] | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  const { endpoint, host, rpc, topic, resource } = target as { readonly [member: string]: unknown };
  if (typeof endpoint === 'string') return named(endpoint, set);
  if (typeof rpc === 'string') {
    return set.addresses.answering({ kind: 'rpc', rpc, host: typeof host === 'string' ? host : undefined });
  }
  if (typeof host === 'string') return set.addresses.answering({ kind: 'host', host });
  if (typeof topic === 'string') return set.addresses.answering({ kind: 'topic', topic });
  const type = (resource as { readonly type?: unknown } | null | undefined)?.type;
  return typeof type === 'string' ? set.addresses.answering({ kind: 'resource', type }) : undefined;
}

/** @param reference  `service/endpoint`, or `service/*` */
function named(reference: string, set: AdministeredSet): readonly PlacedEndpoint[] {
  const service = set.service(reference.split('/')[0]!);
  const all = service === undefined ? [] : endpointsOf(service);
  return reference.endsWith('/*') ? all : all.filter(({ id }) => id === reference);
}

function readings(part: string, endpoints: readonly PlacedEndpoint[]): readonly Need[] {
  return endpoints.flatMap(({ placements }) => placements.map((domain) => ({ part, right: 'read', domain }) as const));
}
