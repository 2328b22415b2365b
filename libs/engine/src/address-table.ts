/**
 * Target resolution from indexes: host, path and method each cost a few probes, whatever the number of endpoints.
 * Says the same as `resolution.ts`.
 */
import type { EndpointNode } from './snapshot.js';
import { settled } from './ordering.js';
import type { Segment } from './template.js';

/** An operation at one path (or topic): who answers which verbs there, and how its parameters are called. */
export interface Answering {
  readonly endpoint: EndpointNode;
  readonly template: readonly Segment[];
  readonly verbs: readonly string[];
}

/** All operations at one path. */
export class Place {
  readonly answering: Answering[] = [];
  // Most places answer one verb, or any: that one stands here, the rest in a map.
  private verb: string | undefined;
  private first: Answering | undefined;
  private others: Map<string, Answering> | undefined;

  add(answering: Answering): void {
    this.answering.push(answering);
    for (const verb of answering.verbs) {
      if (this.first === undefined) {
        this.verb = verb;
        this.first = answering;
      } else if (this.verb !== verb) {
        // The first stands: where two answer one verb at one place they belong to one endpoint.
        this.others ??= new Map();
        if (!this.others.has(verb)) this.others.set(verb, answering);
      }
    }
  }

  /** The operation that names the verb, else one that lists `*`. */
  choose(verb: string): Answering | undefined {
    if (this.verb === verb) return this.first;
    return this.others?.get(verb) ?? (this.verb === '*' ? this.first : this.others?.get('*'));
  }
}

export class Node {
  // Most nodes have one literal below them; it stands in the node itself.
  private literal: string | undefined;
  private below: Node | undefined;
  private others: Map<string, Node> | undefined;
  parameter: Node | undefined;
  here: Place | undefined;
  rest: Place | undefined;

  /** The node below for a literal segment, made when it is not there. */
  literalNode(text: string): Node {
    if (this.literal === undefined) {
      this.literal = text;
      return (this.below = new Node());
    }
    if (this.literal === text) return this.below!;
    this.others ??= new Map();
    let node = this.others.get(text);
    if (node === undefined) this.others.set(text, (node = new Node()));
    return node;
  }

  /** The node below for a literal segment; undefined when there is none. */
  literalBelow(text: string): Node | undefined {
    return this.literal === text ? this.below : this.others?.get(text);
  }

  /** The node below for the segment of `text` from `from` to `end`. */
  findLiteral(text: string, from: number, end: number): Node | undefined {
    const { literal } = this;
    if (literal === undefined) return undefined;
    if (isAt(literal, text, from, end)) return this.below;
    return this.others?.get(text.substring(from, end));
  }
}

function isAt(literal: string, text: string, from: number, end: number): boolean {
  if (literal.length !== end - from) return false;
  for (let index = 0; index < literal.length; index++) {
    if (literal.charCodeAt(index) !== text.charCodeAt(from + index)) return false;
  }
  return true;
}

/** A trie over segments. Looking up visits a node at most once and prefers literal, parameter, rest, in this order. */
export class SegmentTrie {
  private readonly root = new Node();

  constructor(private readonly separator: '/' | '.') {}

  add(answering: Answering): void {
    let node = this.root;
    for (const segment of answering.template) {
      if (segment.kind === 'rest') {
        (node.rest ??= new Place()).add(answering);
        return;
      }
      if (segment.kind === 'parameter') {
        node = node.parameter ??= new Node();
        continue;
      }
      node = node.literalNode(segment.text);
    }
    (node.here ??= new Place()).add(answering);
  }

  /** @param from  where the first segment begins in `text` */
  find(text: string, from: number): Place | undefined {
    return this.descend(this.root, text, from);
  }

  /** What stands at a template itself, whatever its parameters are called. */
  findTemplate(template: readonly Segment[]): Place | undefined {
    let node: Node | undefined = this.root;
    for (const [index, segment] of template.entries()) {
      if (segment.kind === 'rest') return index === template.length - 1 ? node.rest : undefined;
      node = segment.kind === 'parameter' ? node.parameter : node.literalBelow(segment.text);
      if (node === undefined) return undefined;
    }
    return node.here;
  }

  private descend(start: Node, text: string, first: number): Place | undefined {
    let node = start;
    let from = first;
    for (;;) {
      if (from > text.length) return node.here ?? node.rest;
      const separator = text.indexOf(this.separator, from);
      const end = separator < 0 ? text.length : separator;
      const literal = node.findLiteral(text, from, end);
      const parameter = end > from ? node.parameter : undefined;
      const only = literal === undefined ? parameter : parameter === undefined ? literal : undefined;
      if (only === undefined || node.rest !== undefined) {
        return this.chooseWay(node, literal, parameter, text, end + 1);
      }
      // One way on and nothing to come back to.
      node = only;
      from = end + 1;
    }
  }

  private chooseWay(
    { rest }: Node,
    literal: Node | undefined,
    parameter: Node | undefined,
    text: string,
    from: number,
  ): Place | undefined {
    const byLiteral = literal === undefined ? undefined : this.descend(literal, text, from);
    if (byLiteral !== undefined) return byLiteral;
    return (parameter === undefined ? undefined : this.descend(parameter, text, from)) ?? rest;
  }
}

/** Something kept by host pattern: found under the exact host, else under the longest `*.suffix`. */
export class HostTable<Value> {
  private readonly exact = new Map<string, Value>();
  private readonly suffixes = new Map<string, Value>();

  at(pattern: string, make: () => Value): Value {
    const wild = pattern.startsWith('*.');
    const table = wild ? this.suffixes : this.exact;
    const key = settled(wild ? pattern.slice(2) : pattern);
    let value = table.get(key);
    if (value === undefined) table.set(key, (value = make()));
    return value;
  }

  /** The most specific entry that holds the host. */
  find(host: string): Value | undefined {
    const exact = this.exact.get(host);
    if (exact !== undefined || this.suffixes.size === 0) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const wild = this.suffixes.get(host.slice(dot + 1));
      if (wild !== undefined) return wild;
    }
    return undefined;
  }

  *values(): Generator<Value, void, void> {
    yield* this.exact.values();
    yield* this.suffixes.values();
  }

  protected findExact(host: string): Value | undefined {
    return this.exact.get(host);
  }

  /** @param suffix  what follows `*.` */
  protected findWildcard(suffix: string): Value | undefined {
    return this.suffixes.get(suffix);
  }

  get isEmpty(): boolean {
    return this.exact.size === 0 && this.suffixes.size === 0;
  }
}

/** Who claims an address: unlike endpoints, claims fall back to a wider host when the narrower holds other paths only. */
export class ClaimTable<Domain extends { readonly depth: number }> extends HostTable<PrefixTable<Domain>> {
  claim(host: string, prefix: string, domain: Domain): void {
    this.at(host, () => new PrefixTable<Domain>()).add(prefix, domain);
  }

  claimant(host: string, path: string): Domain | undefined {
    if (this.isEmpty) return undefined;
    const exact = this.findExact(host)?.find(path);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const wider = this.findWildcard(host.slice(dot + 1))?.find(path);
      if (wider !== undefined) return wider;
    }
    return undefined;
  }
}

/** Address claims under one host pattern, by path prefix. */
export class PrefixTable<Domain extends { readonly depth: number }> {
  private readonly byPrefix = new Map<string, Domain>();
  private longest = 0;

  add(prefix: string, domain: Domain): void {
    const other = this.byPrefix.get(prefix);
    if (other === undefined || other.depth < domain.depth) this.byPrefix.set(prefix, domain);
    this.longest = Math.max(this.longest, prefix.length);
  }

  /** The claiming domain of the longest prefix of whole segments that holds the path. */
  find(path: string): Domain | undefined {
    if (this.longest > 0) {
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
        const claimed = end <= this.longest ? this.byPrefix.get(path.slice(0, end)) : undefined;
        if (claimed !== undefined) return claimed;
      }
    }
    return this.byPrefix.get('');
  }
}
