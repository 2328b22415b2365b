import type { ServiceDocument } from '#policy';

/** An endpoint with what it takes from its service. */
export interface PlacedEndpoint {
  readonly id: string;
  readonly kind: 'http' | 'grpc' | 'async' | 'resource';
  /** Empty for endpoints of external services. */
  readonly placements: readonly string[];
  readonly hosts: readonly string[];
  readonly operations: readonly PlacedOperation[];
  /** Everything else that it says, to be compared. */
  readonly settings: { readonly [member: string]: unknown };
}

/** Where something is answered; methods are left out, for the more specific path wins whatever its methods. */
export type PlacedOperation =
  | { readonly kind: 'path'; readonly segments: readonly string[] }
  | { readonly kind: 'topic'; readonly segments: readonly string[] }
  | { readonly kind: 'resource'; readonly type: string };

const ALL = 'all';

export function endpointsOf({ metadata, spec }: ServiceDocument): readonly PlacedEndpoint[] {
  const { hosts = [], domains = [] } = spec;
  if (spec.endpoints === undefined) {
    const operations = [pathOperation('/**')];
    return [{ id: `${metadata.name}/${ALL}`, kind: 'http', placements: domains, hosts, operations, settings: {} }];
  }
  return spec.endpoints.map((endpoint) => {
    const { name, kind = 'http', hosts: own, domains: placements, operations, ...settings } = endpoint;
    return {
      id: `${metadata.name}/${name}`,
      kind,
      placements: placements ?? domains,
      hosts: own ?? hosts,
      operations: operations?.map(operationOf) ?? [kind === 'async' ? topicOperation('**') : pathOperation('/**')],
      settings: { ...settings, operations },
    };
  });
}

type OperationDeclaration = NonNullable<
  NonNullable<ServiceDocument['spec']['endpoints']>[number]['operations']
>[number];

function operationOf(operation: OperationDeclaration): PlacedOperation {
  if ('topic' in operation) return topicOperation(operation.topic);
  if ('resourceType' in operation) return { kind: 'resource', type: operation.resourceType };
  return pathOperation('rpc' in operation ? operation.rpc : operation.path);
}

function pathOperation(template: string): PlacedOperation {
  const segments = template.slice(1).split('/');
  // With or without the slash at the end: an endpoint may ignore it.
  const told = segments.at(-1) === '' ? segments.slice(0, -1) : segments;
  return { kind: 'path', segments: told.map((segment) => (segment.startsWith('{') ? '*' : segment)) };
}

function topicOperation(topic: string): PlacedOperation {
  return { kind: 'topic', segments: topic.split('.') };
}
