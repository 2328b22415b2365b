import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { keyText, type StoredDocument } from '#administration';
import type { HttpReply } from '#http';
import { Problem } from '#problem';
import { type DocumentHead, DocumentHeadPage, DocumentParams, DocumentQuery } from './dto/document.dto.js';
import { ApiProblems } from './dto/problem.dto.js';
import { OperatorRights } from './operator-rights.js';
import { CurrentOperator, type Operator } from './operators.js';
import { pageOf } from './paging.js';

@ApiTags('documents')
@ApiBearerAuth()
@Controller('admin/v1/documents')
export class DocumentsController {
  constructor(@Inject(OperatorRights) private readonly rights: OperatorRights) {}

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
    headers: { etag: { schema: { type: 'string' }, description: 'SHA-256 of the text, in quotes.' } },
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
    const document = newest.documents.find((one) => one.kind === kind && one.name === name);
    if (document === undefined || !sight.ofDocument(document)) throw new Problem('document-unknown', { kind, name });
    const etag = `"${document.contentHash}"`;
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (isAmong(etag, known)) return void reply.status(304).send();
    reply.status(200).headers({ 'content-type': 'application/yaml; charset=utf-8' }).send(document.text);
  }
}

function headOf({ kind, name, domain, source, contentHash }: StoredDocument): DocumentHead {
  return { kind, name, domain, source, contentHash };
}

/** @see RFC 9110, section 13.1.2: the comparison is weak */
function isAmong(etag: string, list: string | undefined): boolean {
  return (list ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
