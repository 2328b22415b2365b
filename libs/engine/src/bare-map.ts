import type { Attributes, Json } from './model.js';

/** A map of data without a prototype, as it was made: on their way between threads maps get one. */
export function bareMap(map: Attributes): Attributes {
  const bare: { [member: string]: Json } = Object.create(null);
  for (const [member, value] of Object.entries(map)) bare[member] = bareJson(value);
  return bare;
}

function bareJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(bareJson) : bareMap(value as Attributes);
}
