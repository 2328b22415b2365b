import type { AccessRequest, Attributes, Evidence, Json, Target } from '#engine';

/** A request in the shape of docs/documents.md, and beside it what that shape has no place for. */
export interface RequestDocument {
  readonly request: Attributes;
  /** `askedFrom`, `policyAgeSeconds`, `carries`, `maxTtlSeconds`, as far as they are not the usual ones. */
  readonly circumstances: Attributes;
}

const USUAL_MAX_TTL_SECONDS = 30;

export function requestDocument(request: AccessRequest): RequestDocument {
  return {
    request: members({
      target: targetDocument(request.target),
      evidence: request.evidence.length > 0 ? request.evidence.map(evidenceDocument) : undefined,
      headers: filled(request.headers),
      attributes: filled(request.attributes),
      claimed: filled(request.claimed),
      context: filled(request.context),
      time: new Date(request.time).toISOString(),
    }),
    circumstances: members({
      askedFrom: request.askedFrom === '*' ? undefined : request.askedFrom,
      policyAgeSeconds: request.policyAgeSeconds === 0 ? undefined : request.policyAgeSeconds,
      carries: request.carries,
      maxTtlSeconds: request.maxTtlSeconds === USUAL_MAX_TTL_SECONDS ? undefined : request.maxTtlSeconds,
    }),
  };
}

function targetDocument(target: Target): Attributes {
  switch (target.kind) {
    case 'endpoint':
    case 'address':
    case 'rpc':
    case 'topic': {
      const { kind: _, ...rest } = target;
      return members(rest);
    }
    case 'resource':
      return {
        resource: members({
          type: target.resource.type,
          id: target.resource.id,
          properties: filled(target.resource.properties),
        }),
        action: members({ name: target.action.name, properties: filled(target.action.properties) }),
      };
  }
}

function evidenceDocument(item: Evidence): Attributes {
  return members({
    role: item.role,
    mechanism: item.mechanism,
    subject: item.subject,
    scopes: item.scopes.length > 0 ? item.scopes : undefined,
    groups: item.groups.length > 0 ? item.groups : undefined,
    claims: filled(item.claims),
    attributes: filled(item.attributes),
    expiresAt: item.expiresAt === undefined ? undefined : new Date(item.expiresAt).toISOString(),
    verified: item.verified ? undefined : false,
  });
}

function filled(map: Attributes): Attributes | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}

function members(map: { readonly [member: string]: Json | undefined }): Attributes {
  return Object.fromEntries(Object.entries(map).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
