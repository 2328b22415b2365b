import { loadBundle, type PolicyDocument } from '#policy';

/** Something of the source that the documents do not say. What they say is never more than the source. */
export interface ImportRemark {
  /** `narrower`: the source lets something through that the documents do not. `note`: what is left to do. */
  readonly effect: 'narrower' | 'note';
  /** What of the source, as it is called or written there. */
  readonly concerns: string;
  readonly because: string;
}

export interface Imported {
  readonly documents: readonly PolicyDocument[];
  readonly remarks: readonly ImportRemark[];
}

/** The source cannot be said in documents without letting through what it forbids, or cannot be read at all. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';

  constructor(readonly reasons: readonly string[]) {
    super(reasons.join('\n'));
  }
}

/** The remarks of one import, each once. */
export class Remarks {
  readonly #remarks = new Map<string, ImportRemark>();

  narrower(concerns: string, because: string): void {
    this.#add({ effect: 'narrower', concerns, because });
  }

  note(concerns: string, because: string): void {
    this.#add({ effect: 'note', concerns, because });
  }

  /** Narrower ones first. */
  all(): readonly ImportRemark[] {
    const all = [...this.#remarks.values()];
    return [...all.filter(({ effect }) => effect === 'narrower'), ...all.filter(({ effect }) => effect === 'note')];
  }

  #add(remark: ImportRemark): void {
    this.#remarks.set(JSON.stringify(remark), remark);
  }
}

/**
 * Holds what was made to what every document is held to.
 *
 * @throws ImportRefused when it is not valid
 */
export function imported(documents: readonly PolicyDocument[], remarks: Remarks): Imported {
  const files = documents.map((document) => ({
    file: `${document.kind}/${document.metadata.name}`,
    text: JSON.stringify(document),
  }));
  const { faults } = loadBundle(files);
  if (faults.length > 0) throw new ImportRefused(faults.map(({ file, message }) => `${file}: ${message}`));
  return { documents, remarks: remarks.all() };
}

const MAXIMUM_NAME = 63;

/** Gives each text a name of the alphabet of documents, and no two the same. */
export class Names {
  readonly #given = new Set<string>();

  /** @param otherwise  for a text that has no letter or digit of that alphabet */
  nameOf(text: string, otherwise: string): string {
    const plain = slug(text) ?? otherwise;
    for (let count = 1; ; count += 1) {
      const suffix = count === 1 ? '' : `-${count}`;
      const name = `${plain.slice(0, MAXIMUM_NAME - suffix.length).replace(/-+$/, '')}${suffix}`;
      if (this.#given.has(name)) continue;
      this.#given.add(name);
      return name;
    }
  }
}

function slug(text: string): string | undefined {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? undefined : plain;
}

/** The head of a document. */
export function documentOf<Kind extends PolicyDocument['kind']>(
  kind: Kind,
  metadata: Extract<PolicyDocument, { kind: Kind }>['metadata'],
  spec: Extract<PolicyDocument, { kind: Kind }>['spec'],
): PolicyDocument {
  return { apiVersion: 'dharma/v1', kind, metadata, spec } as unknown as PolicyDocument;
}
