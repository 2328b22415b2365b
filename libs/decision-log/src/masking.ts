/**
 * What of a request may leave the process: the members that some rule reads, those an operator names, and nothing else. A
 * member is left out whole, so that neither its name nor its length tells of it.
 */
import type { Attributes, Json, MemberPath, Snapshot } from '#engine';

/** Everything that has named members, as conditions call it. */
export const MEMBER_ROOTS = [
  'request.headers',
  'request.query',
  'attributes',
  'claimed',
  'context',
  'principal.claims',
  'principal.attributes',
  'resource.attributes',
  'action.attributes',
] as const;
export type MemberRoot = (typeof MEMBER_ROOTS)[number];

const PARAMETERS = 'request.params';

export interface MaskingSettings {
  /** Members that are kept although no rule reads them, such as `request.headers.user-agent` or `context.*`. */
  readonly show: readonly string[];
  /** Members that are not, although one does; also `request.params.<name>`. Wins over `show`. */
  readonly mask: readonly string[];
}

/** Credentials, whatever a rule reads. */
const NEVER = ['authorization', 'proxy-authorization', 'cookie', 'x-dharma-key'];
const EVERY_MEMBER = '*';

/**
 * @param text  as an operator writes it: `attributes.country`, `request.headers.x-team`, `principal.claims.*`
 * @returns undefined when it names nothing that has members
 */
export function parseMember(text: string, more: readonly string[] = []): MemberPath | undefined {
  const root = [...MEMBER_ROOTS, ...more].find((one) => text.startsWith(`${one}.`));
  if (root === undefined) return undefined;
  const members = text.slice(root.length + 1).split('.');
  return members.every((member) => member !== '') ? [root, ...members] : undefined;
}

/** The same for what is masked: parameters of the path, too. */
export function parseMasked(text: string): MemberPath | undefined {
  return parseMember(text, [PARAMETERS]);
}

interface Node {
  /** Everything from here on is kept. */
  isKept: boolean;
  /** A rule reads everything from here on. */
  isRead: boolean;
  isMasked: boolean;
  readonly members: Map<string, Node>;
}

/** What is kept of requests to one snapshot. */
export class Masking {
  readonly #roots = new Map<string, Node>();
  /** Parameters of paths that are not shown. */
  readonly parameters: ReadonlySet<string>;

  /** @param never  further headers, in lower case, that are not kept whatever a rule reads */
  constructor(snapshot: Snapshot, { show, mask }: MaskingSettings, never: ReadonlySet<string>) {
    for (const root of MEMBER_ROOTS) this.#roots.set(root, newNode());
    for (const path of snapshot.membersRead) this.#read(path);
    for (const path of show) this.#node(parseMember(path)!).isKept = true;
    const parameters = new Set<string>();
    for (const path of mask.map((text) => parseMasked(text)!)) {
      if (path[0] === PARAMETERS) parameters.add(path[1]!);
      else this.#node(path).isMasked = true;
    }
    for (const header of [...NEVER, ...never]) this.#node(['request.headers', header]).isMasked = true;
    this.parameters = parameters;
    // Where nothing is read or shown nobody needs to look.
    for (const [root, node] of this.#roots) if (!isReadOrShown(node)) this.#roots.delete(root);
  }

  /**
   * The members that may be kept.
   *
   * @param left  gains the path of every member that a rule reads and that is not among them
   */
  kept(root: MemberRoot, map: Attributes, left: Set<string>): Attributes {
    const node = this.#roots.get(root);
    return node === undefined ? NOTHING : copyOf(map, node, root, left);
  }

  /** Whether any member may be kept, or is missed: of others nothing needs to be looked at. */
  looksAt(root: MemberRoot): boolean {
    return this.#roots.has(root);
  }

  /** Whether anything of that name may be kept. */
  names(root: MemberRoot, member: string): 'kept' | 'left' | 'unread' {
    const node = this.#roots.get(root);
    if (node === undefined) return 'unread';
    const below = node.members.get(member);
    if (node.isMasked || below?.isMasked === true) return isReadSomewhere(below) || node.isRead ? 'left' : 'unread';
    if (node.isKept || below !== undefined) return 'kept';
    return node.isRead ? 'left' : 'unread';
  }

  #read(path: MemberPath): void {
    const [first, second] = path as readonly [string, string | undefined];
    for (const root of MEMBER_ROOTS) {
      const steps = root.split('.');
      if (steps[0] !== first || (steps.length === 2 && second !== undefined && steps[1] !== second)) continue;
      const members = path.slice(steps.length);
      const node = this.#node([root, ...members]);
      node.isRead = true;
      // All members of a root are more than anyone meant to show; one by name is what the rule is about.
      if (members.length > 0) node.isKept = true;
    }
  }

  /** @param path  a root and members; `*` for all of them */
  #node([root, ...members]: MemberPath): Node {
    let node = this.#roots.get(root!)!;
    for (const member of members) {
      if (member === EVERY_MEMBER) break;
      let below = node.members.get(member);
      if (below === undefined) node.members.set(member, (below = newNode()));
      node = below;
    }
    return node;
  }
}

function newNode(): Node {
  return { isKept: false, isRead: false, isMasked: false, members: new Map() };
}

function isReadSomewhere(node: Node | undefined): boolean {
  return node !== undefined && (node.isRead || [...node.members.values()].some(isReadSomewhere));
}

/** Most requests have nothing that is kept. */
export const NOTHING: Attributes = Object.freeze({});

function isReadOrShown(node: Node): boolean {
  return node.isRead || node.isKept || [...node.members.values()].some(isReadOrShown);
}

function copyOf(map: Attributes, node: Node, name: string, left: Set<string>): Attributes {
  let copy: { [member: string]: Json } | undefined;
  const keep = (member: string, value: Json) => {
    copy ??= {};
    // Assigned, a member of this name would be the prototype.
    if (member === '__proto__') Object.defineProperty(copy, member, { value, enumerable: true });
    else copy[member] = value;
  };
  let isWhole = true;
  for (const member in map) {
    if (!Object.hasOwn(map, member)) continue;
    const below = node.members.get(member);
    if (node.isMasked || below?.isMasked === true) {
      if (isReadSomewhere(below)) left.add(`${name}.${member}`);
      else if (node.isRead) left.add(name);
      isWhole = false;
    } else if (below !== undefined && !node.isKept) {
      const value = map[member]!;
      if (node.isRead && !below.isKept) isWhole = false;
      const isAsItIs = below.isKept && !hasMasked(below);
      keep(member, isAsItIs ? value : blankedOf(value, below, `${name}.${member}`, left));
    } else if (node.isKept) {
      const value = map[member]!;
      const isAsItIs = below === undefined || !hasMasked(below);
      keep(member, isAsItIs ? value : blankedOf(value, { ...below, isKept: true }, `${name}.${member}`, left));
    } else {
      isWhole = false;
    }
  }
  // Some rule reads every member there is, and here are not all of them.
  if (node.isRead && !isWhole) left.add(name);
  return copy ?? NOTHING;
}

/** A value of which only members are kept; what has none keeps its type, for that can make a difference. */
function blankedOf(value: Json, node: Node, name: string, left: Set<string>): Json {
  if (value === null) return null;
  if (Array.isArray(value)) {
    // What is masked by name cannot be told apart inside a list.
    if (node.isKept && !hasMasked(node)) return value;
    if (isReadSomewhere(node)) left.add(name);
    return [];
  }
  switch (typeof value) {
    case 'object':
      return copyOf(value as Attributes, node, name, left);
    case 'string':
      return node.isKept ? value : '';
    case 'number':
      return node.isKept ? value : Number.isInteger(value) ? 0 : 0.5;
    default:
      return node.isKept ? value : false;
  }
}

function hasMasked(node: Node): boolean {
  return node.isMasked || [...node.members.values()].some(hasMasked);
}
