/** The routes of AuthZEN, where the standard expects them. */
export const ROUTES = {
  access_evaluation_endpoint: '/access/v1/evaluation',
  access_evaluations_endpoint: '/access/v1/evaluations',
  search_subject_endpoint: '/access/v1/search/subject',
  search_resource_endpoint: '/access/v1/search/resource',
  search_action_endpoint: '/access/v1/search/action',
} as const;

export type PdpMetadata = { readonly [member in 'policy_decision_point' | keyof typeof ROUTES]: string };

/** What callers get: a member without a value is left out. */
export type ToldMetadata = PdpMetadata & { readonly signed_metadata?: string };

/**
 * What this decision point says of itself. Callers compare `policy_decision_point` with the address they know, byte by
 * byte, so nothing of a request has a part in it.
 *
 * @param publicUrl  where callers reach the HTTP check listener, without a slash at its end
 */
export function metadataOf(publicUrl: string): PdpMetadata {
  const endpoints = Object.entries(ROUTES).map(([member, path]) => [member, publicUrl + path]);
  return { policy_decision_point: publicUrl, ...Object.fromEntries(endpoints) } as PdpMetadata;
}

/** The address of the HTTP check listener as callers know it, where there is one to tell. */
export class PublicUrl {
  /** @param signed  what {@link metadataOf} says of it, as a JWT; undefined: nobody signs it */
  constructor(
    readonly value: string | undefined,
    readonly signed: string | undefined,
  ) {}

  /** Its path; empty when it has none. */
  get path(): string {
    const { pathname } = new URL(this.value ?? 'https://nowhere.invalid');
    return pathname === '/' ? '' : pathname;
  }
}
