import type { z } from 'zod';
import {
  domainDocument,
  type DomainDocument,
  enforcementPointDocument,
  type EnforcementPointDocument,
  entitySetDocument,
  type EntitySetDocument,
  fourEyesDocument,
  type FourEyesDocument,
  quotaDocument,
  type QuotaDocument,
  roleSetDocument,
  type RoleSetDocument,
  suspensionDocument,
  type SuspensionDocument,
} from './document-domain.js';
import { policyDocument, type PolicyPolicyDocument, serviceDocument, type ServiceDocument } from './document-policy.js';
import { testDocument, type TestDocument, testOf } from './document-test.js';
import { name } from './declaration.js';
import { requestShape } from './request.js';

export const API_VERSION = 'dharma/v1';

/** The one declaration of every kind: type, validation, canonical order of members, and JSON Schema come from it. */
export const DOCUMENT_SCHEMAS = {
  Domain: domainDocument,
  Service: serviceDocument,
  Policy: policyDocument,
  RoleSet: roleSetDocument,
  EntitySet: entitySetDocument,
  EnforcementPoint: enforcementPointDocument,
  Suspension: suspensionDocument,
  Quota: quotaDocument,
  FourEyes: fourEyesDocument,
  Test: testDocument,
} as const satisfies { readonly [kind: string]: z.ZodType };

/** The same with the requests of tests spelled out: for the print and for editors. */
export const FULL_SCHEMAS = {
  ...DOCUMENT_SCHEMAS,
  Test: testOf(
    requestShape,
    requestShape.omit({ target: true }).extend({ service: name.optional() }),
    requestShape.shape.target,
  ),
} as const;

export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;
export const DOCUMENT_KINDS = Object.keys(DOCUMENT_SCHEMAS) as readonly DocumentKind[];
/** Those that people write; suspensions, quotas and the like are made by the server. */
export const WRITTEN_KINDS: readonly DocumentKind[] = DOCUMENT_KINDS.filter(
  (kind) => kind !== 'Suspension' && kind !== 'Quota' && kind !== 'FourEyes',
);

export type PolicyDocument =
  | DomainDocument
  | ServiceDocument
  | PolicyPolicyDocument
  | RoleSetDocument
  | EntitySetDocument
  | EnforcementPointDocument
  | SuspensionDocument
  | QuotaDocument
  | FourEyesDocument
  | TestDocument;

export function isDocumentKind(text: unknown): text is DocumentKind {
  return typeof text === 'string' && Object.hasOwn(DOCUMENT_SCHEMAS, text);
}
