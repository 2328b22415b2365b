import type { World } from '#engine';
import { type Catalogue, catalogue } from './catalogue.js';
import type { PolicyDocument } from './document.js';
import { MAXIMUM_BUNDLE_BYTES, MAXIMUM_DOCUMENTS } from './limits.js';
import { lower } from './lower.js';
import { createLocator, type ReadDocument, readDocument } from './read.js';
import { references } from './references.js';
import { placeIn, Report } from './report.js';
import { byteLength, chunksOf, type Fault, type Position, type SourceFile } from './source.js';
import { judgeTests, type PolicyTest, testsOf } from './tests.js';
import { judgeClaims, judgeEndpointAddresses } from './wellformed-addresses.js';
import { judgeDirectory } from './wellformed-directory.js';
import { judgeDomains } from './wellformed-domains.js';
import { judgeEnforcementPoints } from './wellformed-enforcement-points.js';
import { judgeIdentities } from './wellformed-identities.js';
import { judgePolicies } from './wellformed-policies.js';
import { judgeServices } from './wellformed-services.js';
import type { Path } from './yaml.js';

export interface LocatedDocument {
  readonly document: PolicyDocument;
  /** Where the document starts. */
  readonly at: Position;
  /** Its own stretch of the file. */
  readonly text: string;
  /** Where a member is written, like `['spec', 'rules', 0, 'who']`; the nearest one around it when it is not. */
  locate(path: Path): Position;
}

export type Declared =
  | 'rule'
  | 'domain'
  | 'service'
  | 'endpoint'
  | 'mechanism'
  | 'policy'
  | 'roleSet'
  | 'entitySet'
  | 'enforcementPoint';

export interface Bundle {
  /** Documents that could be read, by file and line. */
  readonly documents: readonly LocatedDocument[];
  /** Null when there is any fault. */
  readonly world: World | null;
  readonly tests: readonly PolicyTest[];
  /** Errors by file, line and column; warnings are given by `lint`. */
  readonly faults: readonly Fault[];
  /** Where a rule (`policy/rule`), an endpoint (`service/endpoint`) or anything else with a name is written. */
  whereIs(kind: Declared, name: string): Position | undefined;
}

/** What `lint` needs beyond a bundle's own face. */
const CATALOGUES = new WeakMap<Bundle, Catalogue>();

export function catalogueOf(bundle: Bundle): Catalogue | undefined {
  return CATALOGUES.get(bundle);
}

/**
 * Reads and judges a whole set of policy documents. All faults come at once; a fault in one document neither hides
 * those of others nor brings forth new ones there.
 */
export function loadBundle(files: readonly SourceFile[]): Bundle {
  return loadRead(files, readDocument);
}

/** Some documents of a set. */
export interface PartBundle extends Pick<Bundle, 'documents' | 'faults'> {
  /** Domains, services and mechanisms that are named and not declared here, like `domain acme`, by name. */
  readonly elsewhere: readonly string[];
}

/** Judges what can be judged of documents whose set is not all there: what nothing here declares may be elsewhere. */
export function loadPart(files: readonly SourceFile[]): PartBundle {
  const elsewhere = new Set<string>();
  const { documents, faults } = loadRead(files, readDocument, elsewhere);
  return { documents, faults, elsewhere: [...elsewhere].sort() };
}

/** Faults that files have whatever stands beside them: in how they are written, and in nothing that a name refers to. */
export function readingFaults(files: readonly SourceFile[]): readonly Fault[] {
  const report = new Report('error');
  for (const source of readAll(files, readDocument, report)) report.addRead(source);
  return report.faults();
}

/**
 * Loads one set after another and remembers the documents of the last one: between two revisions few of them change, and
 * reading takes most of the time.
 */
export class BundleLoader {
  #known: ReadonlyMap<string, ReadDocument>;

  /** @param other  whose documents it begins with */
  constructor(other?: BundleLoader) {
    this.#known = other === undefined ? new Map() : other.#known;
  }

  load(files: readonly SourceFile[]): Bundle {
    const known = new Map<string, ReadDocument>();
    const bundle = loadRead(files, (chunk) => {
      const before = this.#known.get(chunk.text);
      const source = before === undefined ? readDocument(chunk) : { ...before, chunk };
      if (source !== undefined) known.set(chunk.text, source);
      return source;
    });
    this.#known = known;
    return bundle;
  }
}

function loadRead(files: readonly SourceFile[], read: typeof readDocument, elsewhere?: Set<string>): Bundle {
  const report = new Report('error', elsewhere);
  const sources = readAll(files, read, report);
  for (const source of sources) report.addRead(source);
  const found = catalogue(sources, report);
  const known = references(found, report);
  judgeDomains(found, known, report);
  judgeServices(found, known, report);
  judgeIdentities(found, known, report);
  judgeEndpointAddresses(found, report);
  judgeClaims(found, report);
  judgePolicies(found, known, report);
  judgeDirectory(found, known, report);
  judgeEnforcementPoints(found, known, report);
  judgeTests(found, known, report);
  const locate = createLocator();
  let faults: readonly Fault[] | undefined;
  const bundle: Bundle = {
    documents: sources.flatMap((source) =>
      source.document === undefined ? [] : [located(source, source.document, locate)],
    ),
    world: report.count === 0 && elsewhere === undefined ? lower(found) : null,
    tests: testsOf(found, locate),
    // Finding places reads texts once more, and who asks for documents alone has no use for them.
    get faults() {
      return (faults ??= report.faults());
    },
    whereIs: (kind, name) => whereIs(found, kind, name, locate),
  };
  CATALOGUES.set(bundle, found);
  return bundle;
}

function readAll(files: readonly SourceFile[], read: typeof readDocument, report: Report): readonly ReadDocument[] {
  const sources: ReadDocument[] = [];
  let bytes = 0;
  for (const file of [...files].sort((left, right) => (left.file < right.file ? -1 : left.file > right.file ? 1 : 0))) {
    const start = { file: file.file, line: 1, column: 1 };
    bytes += byteLength(file.text);
    if (bytes > MAXIMUM_BUNDLE_BYTES) {
      report.addAt(start, {
        code: 'too-large',
        message: `all files together are larger than ${MAXIMUM_BUNDLE_BYTES} bytes`,
      });
      return sources;
    }
    for (const chunk of chunksOf(file)) {
      if (sources.length >= MAXIMUM_DOCUMENTS) {
        report.addAt(start, { code: 'too-large', message: `there are more than ${MAXIMUM_DOCUMENTS} documents` });
        return sources;
      }
      const source = read(chunk);
      if (source !== undefined) sources.push(source);
    }
  }
  return sources;
}

function located(
  source: ReadDocument,
  document: PolicyDocument,
  locate: ReturnType<typeof createLocator>,
): LocatedDocument {
  const at = (path: Path): Position => locate(placeIn(source, path));
  return {
    document,
    get at() {
      return at([]);
    },
    text: source.chunk.text,
    locate: at,
  };
}

function whereIs(
  found: Catalogue,
  kind: Declared,
  name: string,
  locate: ReturnType<typeof createLocator>,
): Position | undefined {
  const ofDocument = (entry: { readonly source: ReadDocument } | undefined) =>
    entry && locate(placeIn(entry.source, []));
  switch (kind) {
    case 'domain':
      return ofDocument(found.domains.get(name));
    case 'service':
      return ofDocument(found.services.get(name));
    case 'policy':
      return ofDocument(found.policies.get(name));
    case 'roleSet':
      return ofDocument(found.roleSets.get(name));
    case 'entitySet':
      return ofDocument(found.entitySets.get(name));
    case 'enforcementPoint':
      return ofDocument(found.enforcementPoints.get(name));
    case 'endpoint': {
      const entry = found.endpoints.get(name);
      return entry && locate(placeIn(entry.service.source, entry.path));
    }
    case 'mechanism': {
      const entry = found.mechanisms.get(name);
      return entry && locate(placeIn(entry.owner.source, entry.path));
    }
    case 'rule': {
      const [policy = '', id] = name.split('/');
      const entry = found.policies.get(policy);
      const index = entry?.document.spec.rules.findIndex((rule) => rule.id === id) ?? -1;
      return entry && index >= 0 ? locate(placeIn(entry.source, ['spec', 'rules', index])) : undefined;
    }
  }
}
