/**
 * Target resolution from indexes: host, path and method each cost a few probes, whatever the number of endpoints.
 * Says the same as `resolution.ts`.
 */
import type { EndpointNode } from './snapshot.js';
import type { Segment } from './template.js';

/** An operation at one path (or topic): who answers which verbs there, and how its parameters are called. */
export interface Answering {
  readonly endpoint: EndpointNode;
  readonly template: readonly Segment[];
  readonly verbs: readonly string[];
}

/** All operations at one path. */
class Place {
  readonly answering: Answering[] = [];
  private readonly byVerb = new Map<string, Answering>();

  add(answering: Answering): void {
    this.answering.push(answering);
    // The first stands: where two answer one verb at one place they belong to one endpoint.
    for (const verb of answering.verbs) if (!this.byVerb.has(verb)) this.byVerb.set(verb, answering);
  }

  /** The operation that names the verb, else one that lists `*`. */
  choose(verb: string): Answering | undefined {
    return this.byVerb.get(verb) ?? this.byVerb.get('*');
  }
}

class Node {
  literals: Literals | undefined;
  parameter: Node | undefined;
  here: Place | undefined;
  rest: Place | undefined;
}

/** Up to this many literals are compared one by one, in place; a hash would need the segment as a text of its own. */
const FEW = 6;

/** The literal segments below a node. */
class Literals {
  private readonly texts: string[] = [];
  private readonly nodes: Node[] = [];
  private byText: Map<string, Node> | undefined;

  at(text: string): Node {
    const known = this.byText === undefined ? this.nodes[this.texts.indexOf(text)] : this.byText.get(text);
    if (known !== undefined) return known;
    const node = new Node();
    this.texts.push(text);
    this.nodes.push(node);
    if (this.byText !== undefined) this.byText.set(text, node);
    else if (this.texts.length > FEW) this.byText = new Map(this.texts.map((each, place) => [each, this.nodes[place]!]));
    return node;
  }

  /** The node of the segment of `text` from `from` to `end`. */
  find(text: string, from: number, end: number): Node | undefined {
    if (this.byText !== undefined) return this.byText.get(text.substring(from, end));
    const { texts } = this;
    for (let place = 0; place < texts.length; place++) {
      if (isAt(texts[place]!, text, from, end)) return this.nodes[place];
    }
    return undefined;
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
      node = (node.literals ??= new Literals()).at(segment.text);
    }
    (node.here ??= new Place()).add(answering);
  }

  /** @param from  where the first segment begins in `text` */
  find(text: string, from: number): Place | undefined {
    return this.descend(this.root, text, from);
  }

  private descend(node: Node, text: string, from: number): Place | undefined {
    if (from > text.length) return node.here ?? node.rest;
    const separator = text.indexOf(this.separator, from);
    const end = separator < 0 ? text.length : separator;
    const literal = node.literals?.find(text, from, end);
    if (literal !== undefined) {
      const found = this.descend(literal, text, end + 1);
      if (found !== undefined) return found;
    }
    if (node.parameter !== undefined && end > from) {
      const found = this.descend(node.parameter, text, end + 1);
      if (found !== undefined) return found;
    }
    return node.rest;
  }
}

/** Something kept by host pattern: found under the exact host, else under the longest `*.suffix`. */
export class HostTable<Value> {
  private readonly exact = new Map<string, Value>();
  private readonly suffixes = new Map<string, Value>();

  at(pattern: string, make: () => Value): Value {
    const [table, key] = pattern.startsWith('*.') ? [this.suffixes, pattern.slice(2)] : [this.exact, pattern];
    let value = table.get(key);
    if (value === undefined) table.set(key, (value = make()));
    return value;
  }

  /** The most specific entry that holds the host and that `accept` takes. */
  find<Result>(host: string, accept: (value: Value) => Result | undefined): Result | undefined {
    const value = this.exact.get(host);
    const result = value === undefined ? undefined : accept(value);
    if (result !== undefined || this.suffixes.size === 0) return result;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const wild = this.suffixes.get(host.slice(dot + 1));
      const found = wild === undefined ? undefined : accept(wild);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Address claims under one host pattern, by path prefix. */
export class ClaimTable<Domain extends { readonly depth: number }> {
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
