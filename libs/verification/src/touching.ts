import type { AccessRequest, Endpoint, EntityChange, World } from '#engine';

/** As what a request may name a person or a thing of which something is stored. */
export type EntityKind = 'principal' | 'resource' | 'action';

type Named = Pick<EntityChange, 'entity'>;

/** @returns none for a type that nothing of this world has a use for */
export function kindsOf(named: Named, world: World, endpoints: readonly Endpoint[]): readonly EntityKind[] {
  const [type] = partsOf(named);
  const kinds: EntityKind[] = [];
  if ([...world.mechanisms.values()].some(({ principalType }) => principalType === type)) kinds.push('principal');
  if (endpoints.some((endpoint) => takes(endpoint, named))) kinds.push('resource');
  if (type === 'action') kinds.push('action');
  return kinds;
}

/** Whether an endpoint is asked about resources of the type. */
export function takes({ operations }: Endpoint, named: Named): boolean {
  const [type] = partsOf(named);
  return operations.some((operation) => operation.kind === 'resource' && operation.resourceType === type);
}

/** The same request about this one, or by this one, wherever it names another of the type. */
export function aimedAt(request: AccessRequest, named: Named, world: World): AccessRequest {
  const [type, id] = partsOf(named);
  const { target } = request;
  const evidence = request.evidence.map((item) => {
    const mechanism = world.mechanisms.get(item.mechanism);
    return mechanism?.role === 'access' && mechanism.principalType === type ? { ...item, subject: id } : item;
  });
  if (target.kind !== 'resource') return { ...request, evidence };
  const { resource, action } = target;
  return {
    ...request,
    evidence,
    target: {
      ...target,
      resource: resource.type === type ? { ...resource, id } : resource,
      action: type === 'action' ? { ...action, name: id } : action,
    },
  };
}

function partsOf({ entity }: Named): readonly [type: string, id: string] {
  const colon = entity.indexOf(':');
  return [entity.slice(0, colon), entity.slice(colon + 1)];
}
