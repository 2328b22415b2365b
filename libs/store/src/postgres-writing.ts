import type { DocumentKey, NewDocument, Provenance, PublicationStep } from '#administration';
import { type Item, itemKey, type Parts, partsOf } from './items.js';
import type { Sql } from './postgres-reading.js';

/** The channel on which publishers hint that there is something new. */
export const NOTIFICATION = 'dharma_revision';

/** Rows an `insert` takes at once. */
const ROWS = 10_000;

export interface NewRevision {
  readonly epoch: number;
  readonly number: number;
  readonly base: number | null;
  readonly contentHash: string;
  readonly provenance: Provenance;
  readonly idempotencyKey: string | undefined;
  readonly requestHash: string;
}

/**
 * Also tells those who listen, once the transaction has succeeded.
 *
 * @returns the row as it was stored: its time is the database's
 */
export async function appendRevision(sql: Sql, revision: NewRevision): Promise<unknown> {
  const { author, source, because, gitCommit, gitAuthor } = revision.provenance;
  const [row] = (await sql(
    `insert into dharma.revision
       (number, epoch, content_hash, base, published_at, database_role,
        author, source, because, git_commit, git_author, idempotency_key, request_hash)
     values ($1, $2, $3, $4, now(), session_user, $5, $6, $7, $8, $9, $10, $11) returning *`,
    [
      revision.number,
      revision.epoch,
      revision.contentHash,
      revision.base,
      author,
      source,
      because,
      gitCommit ?? null,
      gitAuthor ?? null,
      revision.idempotencyKey ?? null,
      revision.requestHash,
    ],
  )) as unknown[];
  await sql(`notify ${NOTIFICATION}`);
  return row;
}

/** Rows for what differs from the base, and for nothing else. */
export async function appendStep(sql: Sql, step: PublicationStep, number: number): Promise<void> {
  const put = step.put.map((document) => ({ document, parts: partsOf(document) }));
  await appendContents(
    sql,
    put.map(({ parts }) => parts),
  );
  await appendDocuments(sql, put, step.remove, number);
  await appendItems(sql, put, step.remove, number);
}

interface Put {
  readonly document: NewDocument;
  readonly parts: Parts;
}

async function appendContents(sql: Sql, parts: readonly Parts[]): Promise<void> {
  await inSlices(parts, async (slice) => {
    await sql(
      `insert into dharma.content (hash, text)
       select distinct * from unnest($1::text[], $2::text[]) on conflict do nothing`,
      [slice.map(({ contentHash }) => contentHash), slice.map(({ text }) => text)],
    );
  });
}

async function appendDocuments(
  sql: Sql,
  put: readonly Put[],
  remove: readonly DocumentKey[],
  number: number,
): Promise<void> {
  const rows = [
    ...put.map(({ document: { kind, name, domain, source, contentHash }, parts }) => [
      kind,
      name,
      false,
      domain,
      source,
      contentHash,
      parts.contentHash,
    ]),
    ...remove.map(({ kind, name }) => [kind, name, true, null, null, null, null]),
  ];
  await inSlices(rows, async (slice) => {
    await sql(
      `insert into dharma.document_change (revision, kind, name, removed, domain, source, document_hash, content_hash)
       select $1, * from unnest($2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::text[])`,
      [number, ...columnsOf(slice, 7)],
    );
  });
}

const ITEMS_OF_KIND: { readonly [kind: string]: readonly Item['item'][] } = {
  Policy: ['rule'],
  RoleSet: ['role', 'assignment'],
  EntitySet: ['entity'],
};

async function appendItems(
  sql: Sql,
  put: readonly Put[],
  remove: readonly DocumentKey[],
  number: number,
): Promise<void> {
  const before = await itemsOf(sql, [...put.map(({ document }) => document), ...remove]);
  const rows: unknown[][] = [];
  for (const { document, parts } of put) {
    const seen = new Set<string>();
    for (const item of parts.items) {
      const key = itemKey(item);
      const id = [item.item, document.name, key].join(' ');
      // The same fact may be written twice.
      if (seen.has(id)) continue;
      seen.add(id);
      const old = before.get(id);
      before.delete(id);
      if (old !== undefined && old.declaration === item.declaration) continue;
      rows.push([item.item, document.name, key, false, item.name, item.detail, item.declaration]);
    }
  }
  for (const { item, document, key, name, detail } of before.values()) {
    rows.push([item, document, key, true, name, detail, null]);
  }
  await inSlices(rows, async (slice) => {
    await sql(
      `insert into dharma.item_change (revision, item, document, key, removed, name, detail, declaration)
       select $1, item, document, key, removed, name, detail, declaration::json
       from unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[])
         as given (item, document, key, removed, name, detail, declaration)`,
      [number, ...columnsOf(slice, 7)],
    );
  });
}

interface ItemRow extends Item {
  readonly document: string;
  readonly key: string;
}

/** What the base holds of these documents, by `item document key`. */
async function itemsOf(sql: Sql, documents: readonly DocumentKey[]): Promise<Map<string, ItemRow>> {
  const wanted = documents.flatMap(({ kind, name }) => (ITEMS_OF_KIND[kind] ?? []).map((item) => [item, name]));
  if (wanted.length === 0) return new Map();
  const rows = (await sql(
    `select item, document, key, name, detail, declaration::text as declaration from (
       select distinct on (item, document, key) * from dharma.item_change
       where (item, document) in (select * from unnest($1::text[], $2::text[]))
       order by item, document, key, revision desc
     ) latest where not removed`,
    columnsOf(wanted, 2),
  )) as ItemRow[];
  return new Map(rows.map((row) => [[row.item, row.document, row.key].join(' '), row]));
}

function columnsOf(rows: readonly (readonly unknown[])[], count: number): readonly unknown[][] {
  return Array.from({ length: count }, (_, column) => rows.map((row) => row[column]));
}

async function inSlices<Row>(rows: readonly Row[], work: (slice: readonly Row[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS) await work(rows.slice(at, at + ROWS));
}
