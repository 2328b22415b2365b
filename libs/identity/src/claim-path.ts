import type { Attributes, Json } from '#engine';

/**
 * The claim of that name; where there is none, the one that dots lead to: `realm_access.roles` is the member `roles` of
 * the claim `realm_access`. Names come first, because names like `https://acme.example/roles` have dots in them.
 *
 * @returns undefined where nothing is there
 */
export function claimAt(claims: Attributes, path: string): Json | undefined {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: Json | undefined = claims as Json;
  for (const member of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, member))
      return undefined;
    value = (value as Attributes)[member];
  }
  return value;
}
