/** What conditions may read. */

export const ROOTS = [
  'request',
  'actor',
  'principal',
  'resource',
  'action',
  'target',
  'attributes',
  'claimed',
  'context',
] as const;
export type Root = (typeof ROOTS)[number];

/** JSON, or a Date for a timestamp. Members that are undefined or null are absent. */
export type ConditionValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | Date
  | readonly ConditionValue[]
  | { readonly [member: string]: ConditionValue };

/** Read in place and never changed or kept. Objects may be of any prototype; only own members are seen. */
export type ConditionInput = { readonly [root in Root]: { readonly [member: string]: ConditionValue } };
