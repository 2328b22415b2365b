/**
 * Which of many stored resources can be allowed at all, found by what is stored of them. A resource of which nothing is
 * stored and that no rule names shows what rules say that do not look at resources: where it lacks an allow, another one
 * must match because of what is stored of it. Where each such rule asks for an attribute to equal something known, only
 * the resources with that value are left.
 */
import type { Equality, Side } from '#cel';
import { storedAttributes } from './condition-input.js';
import { allNames, directoriesOf, rulesAbout } from './likeness.js';
import type { AccessRequest, Evidence, Json, Outcome } from './model.js';
import type { CompiledRule, EndpointNode, Snapshot } from './snapshot.js';
import { has } from './snapshot.js';
import type { Steps } from './steps.js';

type Places = readonly number[];
/** A rule that looks at resources matches those at these places alone; `any` where there is no telling. */
type Matching = Places | 'any';

/** Places looked at in one step. */
const PLACES_A_STEP = 500;

const ATTRIBUTE = /^resource\.attributes\.([^.]+)$/;
const OF_PRINCIPAL = /^principal\.attributes\.([^.]+)$/;

export class Narrowing {
  /** The id of a resource that nobody knows. */
  readonly phantom: string;
  private readonly rules: readonly CompiledRule[];
  private readonly byAttribute = new Map<string, ReadonlyMap<string, Places>>();

  /** @param ids  sorted */
  constructor(
    private readonly snapshot: Snapshot,
    private readonly endpoint: EndpointNode,
    private readonly type: string,
    private readonly ids: readonly string[],
  ) {
    this.rules = rulesAbout(snapshot, endpoint).filter(
      ({ reads, what }) => reads.has('resource') || what?.resources !== undefined,
    );
    let phantom = 'phantom';
    while (this.isKnown(phantom)) phantom += '?';
    this.phantom = phantom;
  }

  /**
   * @param request  about the phantom
   * @param outcome  of that request
   * @returns in the end, places of ids, ascending, outside of which none is allowed; undefined where all have to be
   *   looked at
   */
  *possible(request: AccessRequest, outcome: Outcome): Steps<Places | undefined> {
    const { sole, chains } = this.endpoint;
    // With further placements another route may let in what this denial is not about.
    if (outcome.reason !== 'NO_ALLOW_RULE' || sole === undefined) return undefined;
    const owners = new Set(chains.find(({ name }) => name === outcome.deniedAt)?.chain);
    const places = new Set<number>();
    for (const rule of this.rules) {
      if (rule.owner === undefined || !owners.has(rule.owner)) continue;
      const matching = yield* this.matching(rule, request);
      if (matching === 'any') return undefined;
      for (const place of matching) places.add(place);
    }
    return [...places].sort((left, right) => left - right);
  }

  private *matching(rule: CompiledRule, request: AccessRequest): Steps<Matching> {
    const { target } = request;
    const { what, when, anonymous } = rule;
    if (target.kind !== 'resource') return 'any';
    if (what?.actions !== undefined && !has(what.actions, target.action.name)) return [];
    if (what?.resourceTypes !== undefined && !has(what.resourceTypes, this.type)) return [];
    if (what?.resources !== undefined) {
      return [...what.resources].map((name) => this.placeOf(name)).filter((place) => place >= 0);
    }
    // The anonymous item is another principal than the one that is asked about.
    if (when === undefined || anonymous) return 'any';
    for (const equality of when.equalities) {
      const matching = yield* this.withEqual(equality, rule, request);
      if (matching !== 'any') return matching;
    }
    return 'any';
  }

  private *withEqual([left, right]: Equality, rule: CompiledRule, request: AccessRequest): Steps<Matching> {
    for (const [side, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const attribute = side.kind === 'path' ? ATTRIBUTE.exec(side.path)?.[1] : undefined;
      if (attribute === undefined || isAttested(request, attribute)) continue;
      const values = this.valuesOf(other, rule, request);
      if (values === 'any') continue;
      const index = yield* this.index(attribute);
      return values.flatMap((value) => index.get(value) ?? []);
    }
    return 'any';
  }

  /** @returns texts of which it is one: none where it is absent; `any` where it is no text, or not known here */
  private valuesOf(side: Side, rule: CompiledRule, { evidence }: AccessRequest): readonly string[] | 'any' {
    if (side.kind === 'text') return [side.text];
    const [item] = evidence;
    if (evidence.length !== 1 || item === undefined) return 'any';
    if (side.path === 'principal.id') return [item.subject];
    const attribute = OF_PRINCIPAL.exec(side.path)?.[1];
    if (attribute === undefined) return 'any';
    const value = this.attributeOf(item, attribute, rule);
    if (value === undefined || value === null) return [];
    return typeof value === 'string' ? [value] : 'any';
  }

  private attributeOf(
    { mechanism, subject, attributes }: Evidence,
    name: string,
    rule: CompiledRule,
  ): Json | undefined {
    const attested = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (attested !== undefined && attested !== null) return attested;
    const { principalType } = this.snapshot.mechanisms.get(mechanism)!;
    const stored = storedAttributes(rule.owner!.entityChain, principalType, subject, this.snapshot.changedEntities);
    return stored !== undefined && Object.hasOwn(stored, name) ? stored[name] : undefined;
  }

  /** Places by the texts that are stored as an attribute, in whichever directory. */
  private *index(attribute: string): Steps<ReadonlyMap<string, Places>> {
    const known = this.byAttribute.get(attribute);
    if (known !== undefined) return known;
    const index = new Map<string, number[]>();
    const directories = directoriesOf(this.snapshot, this.endpoint);
    for (const [place, id] of this.ids.entries()) {
      if (place % PLACES_A_STEP === 0) yield;
      for (const { entities } of directories) {
        const stored = entities.get(`${this.type}:${id}`);
        const value = stored !== undefined && Object.hasOwn(stored, attribute) ? stored[attribute] : undefined;
        if (typeof value !== 'string') continue;
        const places = index.get(value);
        if (places === undefined) index.set(value, [place]);
        else places.push(place);
      }
    }
    this.byAttribute.set(attribute, index);
    return index;
  }

  private isKnown(id: string): boolean {
    const name = `${this.type}:${id}`;
    if (allNames(this.rules.map(({ what }) => what?.resources)).has(name)) return true;
    return directoriesOf(this.snapshot, this.endpoint).some(({ entities }) => entities.has(name));
  }

  private placeOf(name: string): number {
    if (!name.startsWith(`${this.type}:`)) return -1;
    const id = name.slice(this.type.length + 1);
    const place = firstNotBelow(this.ids, id);
    return this.ids[place] === id ? place : -1;
  }
}

/** The place of the first id that is not below; ids are sorted. */
function firstNotBelow(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a request says of a resource goes before what is stored, for all of them alike. */
function isAttested({ target }: AccessRequest, attribute: string): boolean {
  if (target.kind !== 'resource') return true;
  const { properties } = target.resource;
  return Object.hasOwn(properties, attribute) && properties[attribute] !== null;
}
