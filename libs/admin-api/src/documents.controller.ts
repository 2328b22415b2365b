import { Body, Controller, Delete, Get, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type ActContext, keyText, newDocument, type Sight, type StoredDocument } from '#administration';
import type { HttpReply } from '#http';
import { loadBundle, type LocatedDocument } from '#policy';
import { Problem } from '#problem';
import { Acts, CurrentContext } from './acts.js';
import { answered } from './answered.js';
import { API_SOURCE, ChangeWords } from './dto/change.dto.js';
import {
  DocumentBody,
  type DocumentHead,
  DocumentHeadPage,
  DocumentParams,
  DocumentQuery,
} from './dto/document.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { Published } from './dto/revision.dto.js';
import { judgedKey, KEY_HEADER } from './idempotency-key.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';
import { etagOf, isAmong, judgePreconditions, judgeStated, type Preconditions } from './preconditions.js';
import { Publishing } from './publishing.js';
import { EDIT_PROBLEMS } from './publishing-problems.js';
import { invalid } from './request.pipe.js';
import { roleWarnings } from './role-warnings.js';

const ETAG_HEADER = { etag: { schema: { type: 'string' }, description: 'SHA-256 of the text, in quotes.' } } as const;
const IF_MATCH_HEADER = {
  name: 'if-match',
  required: false,
  description: 'The `etag` of the document as it was seen.',
} as const;
const PRECONDITION_PROBLEMS = ['precondition-required', 'precondition-failed'] as const;

@ApiTags('documents')
@ApiBearerAuth()
@Controller('admin/v1/documents')
export class DocumentsController {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Publishing) private readonly publishing: Publishing,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Documents of the newest revision, in the order of kind and name' })
  @ApiOkResponse({ type: DocumentHeadPage })
  @ApiProblems('request-invalid', 'operator-unknown', 'store-unavailable')
  async list(
    @Query() { kind, domain, q, ...page }: DocumentQuery,
    @CurrentOperator() operator: Operator,
  ): Promise<DocumentHeadPage> {
    const wanted = q?.toLowerCase();
    const { newest, sight } = await this.rights.now(operator);
    const found = newest.documents.filter(
      (document) =>
        sight.ofDocument(document) &&
        (kind === undefined || document.kind === kind) &&
        (domain === undefined || document.domain === domain) &&
        (wanted === undefined || document.name.includes(wanted) || document.text.toLowerCase().includes(wanted)),
    );
    const { items, next } = pageOf(found, keyText, page);
    return { items: items.map(headOf), next };
  }

  @Get(':kind/:name')
  @ApiOperation({ summary: 'One document as it was written' })
  @ApiHeader({ name: 'if-none-match', required: false, description: 'The `etag` of what is known already.' })
  @ApiOkResponse({
    content: { 'application/yaml': { schema: { type: 'string' } } },
    headers: ETAG_HEADER,
  })
  @ApiResponse({ status: 304, description: 'It is what `if-none-match` names.' })
  @ApiProblems('request-invalid', 'operator-unknown', 'document-unknown', 'store-unavailable')
  async read(
    @Param() { kind, name }: DocumentParams,
    @Headers('if-none-match') known: string | undefined,
    @CurrentOperator() operator: Operator,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const { newest, sight } = await this.rights.now(operator);
    const document = newest.document({ kind, name });
    if (document === undefined || !sight.ofDocument(document)) throw new Problem('document-unknown', { kind, name });
    const etag = etagOf(document);
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (isAmong(etag, known)) return void reply.status(304).send();
    reply.status(200).headers({ 'content-type': 'application/yaml; charset=utf-8' }).send(document.text);
  }

  @Put(':kind/:name')
  @Acts('revision.publish', ({ params }) => `${params['kind']}/${params['name']}`)
  @ApiOperation({
    summary: 'Create one document, or put another text in its place',
    description:
      'Publishes a revision, judged like any other. Say what was seen: `if-match` with the `etag`, or `if-none-match: *` to create it. Texts up to 1 MiB.',
  })
  @ApiHeader(IF_MATCH_HEADER)
  @ApiHeader({ name: 'if-none-match', required: false, description: '`*`: only where there is no such document.' })
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published, headers: ETAG_HEADER })
  @ApiOkResponse({
    type: Published,
    headers: ETAG_HEADER,
    description: 'Nothing new was stored: `unchanged` or `repeated`.',
  })
  @ApiProblems(...EDIT_PROBLEMS, ...PRECONDITION_PROBLEMS, 'request-not-json', 'request-too-large')
  async write(
    @Param() key: DocumentParams,
    @Body() body: DocumentBody,
    @Headers() headers: ChangeHeaders,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const { text, because, source = API_SOURCE } = body;
    const documents = documentsIn(key, text);
    const { preconditions, idempotencyKey } = statedIn(headers);
    const published = await this.publishing.edit({
      source,
      because,
      operator,
      context,
      idempotencyKey,
      request: { put: { ...key }, ...body },
      on: (set, sight) => {
        judgePreconditions(preconditions, key, documentIn(set, key, sight));
        return { files: [{ file: `${key.kind}/${key.name}`, text }] };
      },
    });
    // Of what was sent, not of what is newest: somebody may have changed it since, and this author did not see that.
    for (const { document, text: own } of documents)
      reply.headers({ etag: etagOf(newDocument(document, own, source)) });
    const { newest } = await this.rights.now(operator);
    return answered(reply, { ...published, ...roleWarnings(newest, key.name, documents.flatMap(rolesGiven)) });
  }

  @Delete(':kind/:name')
  @Acts('revision.publish', ({ params }) => `${params['kind']}/${params['name']}`)
  @ApiOperation({
    summary: 'Remove one document',
    description: 'Publishes a revision without it, judged like any other. `if-match` says what was seen.',
  })
  @ApiHeader(IF_MATCH_HEADER)
  @ApiHeader(KEY_HEADER)
  @ApiCreatedResponse({ type: Published })
  @ApiOkResponse({ type: Published, description: 'Nothing new was stored: `repeated`.' })
  @ApiProblems(...EDIT_PROBLEMS, ...PRECONDITION_PROBLEMS, 'document-unknown')
  async remove(
    @Param() key: DocumentParams,
    @Query() query: ChangeWords,
    @Headers() headers: ChangeHeaders,
    @CurrentOperator() operator: Operator,
    @CurrentContext() context: ActContext,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Published> {
    const { because, source = API_SOURCE } = query;
    const { preconditions, idempotencyKey } = statedIn(headers);
    const published = await this.publishing.edit({
      source,
      because,
      operator,
      context,
      idempotencyKey,
      request: { remove: { ...key }, ...query },
      on: (set, sight) => {
        const stored = documentIn(set, key, sight);
        if (stored === undefined) throw new Problem('document-unknown', { kind: key.kind, name: key.name });
        judgePreconditions(preconditions, key, stored);
        return { removed: [{ kind: key.kind, name: key.name }] };
      },
    });
    return answered(reply, published);
  }
}

/** Headers of a request that changes a document. */
interface ChangeHeaders {
  readonly 'if-match'?: string;
  readonly 'if-none-match'?: string;
  readonly 'idempotency-key'?: string;
}

/** @throws Problem `precondition-required`, `request-invalid` */
function statedIn(headers: ChangeHeaders): {
  readonly preconditions: Preconditions;
  readonly idempotencyKey: string | undefined;
} {
  const preconditions = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
  judgeStated(preconditions);
  return { preconditions, idempotencyKey: judgedKey(headers['idempotency-key']) };
}

/**
 * What a text holds: that one document, or nothing that could be read. The latter is refused with its faults, line by line.
 *
 * @throws Problem `request-invalid` when it holds anything else
 */
function documentsIn({ kind, name }: DocumentParams, text: string): readonly LocatedDocument[] {
  const { documents, faults } = loadBundle([{ file: `${kind}/${name}`, text }]);
  const found = documents.map(({ document }) => `${document.kind}/${document.metadata.name}`);
  // Nothing at all would pass as a change that changes nothing.
  const isEmpty = found.length === 0 && faults.length === 0;
  if (!isEmpty && found.every((one) => one === `${kind}/${name}`)) return documents;
  const message = `the text is not \`${kind}/${name}\` alone: it holds ${isEmpty ? 'no document' : found.join(', ')}`;
  throw invalid([{ pointer: '/text', message }]);
}

/** @returns undefined also for a document that the operator does not see */
function documentIn(
  set: readonly StoredDocument[],
  { kind, name }: DocumentParams,
  sight: Sight,
): StoredDocument | undefined {
  return set.find((one) => one.kind === kind && one.name === name && sight.ofDocument(one));
}

/** By a role set; no other document gives any. */
function rolesGiven({ document }: LocatedDocument): readonly string[] {
  return document.kind === 'RoleSet' ? (document.spec.assignments ?? []).map(({ role }) => role) : [];
}

function headOf({ kind, name, domain, source, contentHash }: StoredDocument): DocumentHead {
  return { kind, name, domain, source, contentHash };
}
