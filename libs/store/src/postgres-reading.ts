import {
  type DocumentKey,
  type DocumentMark,
  keyText,
  RevisionCorrupt,
  sha256,
  type StoredDocument,
} from '#administration';
import { type Item, KINDS_OF_FACTS, textOf } from './items.js';

/** Runs one statement. */
export type Sql = (text: string, values?: readonly unknown[]) => Promise<unknown>;

interface DocumentRow {
  readonly kind: StoredDocument['kind'];
  readonly name: string;
  readonly domain: string | null;
  readonly source: string;
  readonly document_hash: string;
  readonly text: string;
}

interface FactRow {
  readonly item: 'assignment' | 'entity';
  readonly document: string;
  readonly name: string;
  readonly detail: string;
  readonly declaration: string | null;
}

const KIND_OF_FACT = { assignment: 'RoleSet', entity: 'EntitySet' } as const;

/** The documents of a revision without their texts. */
export async function marksAt(sql: Sql, number: number): Promise<readonly DocumentMark[]> {
  const rows = (await sql('select kind, name, source, document_hash from dharma.document_at($1)', [
    number,
  ])) as DocumentRow[];
  return rows.map(({ kind, name, source, document_hash }) => ({ kind, name, source, contentHash: document_hash }));
}

/**
 * Documents as a revision had them, in the order of kind and name.
 *
 * @param wanted  absent: all of them
 * @throws RevisionCorrupt
 */
export async function documentsAt(
  sql: Sql,
  number: number,
  wanted?: readonly DocumentKey[],
): Promise<readonly StoredDocument[]> {
  const rows = await (wanted === undefined ? allRowsAt(sql, number) : rowsAt(sql, number, wanted));
  const facts = await factsAt(sql, number, rows);
  return rows
    .map((row): StoredDocument => {
      const { kind, name, domain, source } = row;
      const text = wholeText(row, facts.get(keyText(row)) ?? []);
      if (text === undefined || sha256(text) !== row.document_hash) {
        throw new RevisionCorrupt(number, `\`${kind}/${name}\` has another hash`);
      }
      return { kind, name, domain, source, text, contentHash: row.document_hash };
    })
    .sort((left, right) => (keyText(left) < keyText(right) ? -1 : 1));
}

async function allRowsAt(sql: Sql, number: number): Promise<readonly DocumentRow[]> {
  return (await sql(
    `select d.kind, d.name, d.domain, d.source, d.document_hash, c.text
     from dharma.document_at($1) d join dharma.content c on c.hash = d.content_hash`,
    [number],
  )) as DocumentRow[];
}

/** Each is looked up: to find out what all documents were would take the longer the larger the set, and its history. */
async function rowsAt(sql: Sql, number: number, wanted: readonly DocumentKey[]): Promise<readonly DocumentRow[]> {
  return (await sql(
    `select d.kind, d.name, d.domain, d.source, d.document_hash, c.text
     from unnest($2::text[], $3::text[]) wanted (kind, name)
     cross join lateral (
       select * from dharma.document_change one
       where one.kind = wanted.kind and one.name = wanted.name and one.revision <= $1
       order by one.revision desc limit 1
     ) d
     join dharma.content c on c.hash = d.content_hash
     where not d.removed`,
    [number, wanted.map(({ kind }) => kind), wanted.map(({ name }) => name)],
  )) as DocumentRow[];
}

async function factsAt(
  sql: Sql,
  number: number,
  documents: readonly DocumentRow[],
): Promise<ReadonlyMap<string, readonly Omit<Item, 'item'>[]>> {
  const names = documents.filter(({ kind }) => KINDS_OF_FACTS.includes(kind)).map(({ name }) => name);
  const found = new Map<string, Omit<Item, 'item'>[]>();
  if (names.length === 0) return found;
  // As text: what JSON means to this driver is not what was written.
  const rows = (await sql(
    `select item, document, name, detail, declaration::text as declaration from (
       select distinct on (item, document, key) * from dharma.item_change
       where item in ('assignment', 'entity') and document = any($2) and revision <= $1
       order by item, document, key, revision desc
     ) latest where not removed`,
    [number, names],
  )) as FactRow[];
  for (const { item, document, name, detail, declaration } of rows) {
    const key = keyText({ kind: KIND_OF_FACT[item], name: document });
    const facts = found.get(key) ?? [];
    facts.push({ name, detail, declaration });
    found.set(key, facts);
  }
  return found;
}

function wholeText(row: DocumentRow, facts: readonly Omit<Item, 'item'>[]): string | undefined {
  try {
    return textOf(row.kind, row.text, facts);
  } catch {
    return undefined;
  }
}
