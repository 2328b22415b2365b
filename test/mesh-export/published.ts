/**
 * Resources against the schemas that the projects publish (`schemas/`). A cluster drops a member that a definition does
 * not know without a word, and the policy then says less than it seems to; so an unknown member is a fault here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

interface Schema {
  readonly properties?: { readonly [member: string]: Schema };
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

const FOLDER = join('test', 'mesh-export', 'schemas');
const OBJECT_META = {
  $ref: 'https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
};

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
// Keywords of Kubernetes are more than those of JSON Schema, and formats are not its own to check.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(JSON.parse(read('kubernetes-definitions.json')) as object);
const VALIDATORS: ReadonlyMap<string, ValidateFunction> = new Map([
  ['networking.k8s.io/v1 NetworkPolicy', ajv.compile(JSON.parse(read('kubernetes-networkpolicy.json')) as object)],
  ...['istio-authorizationpolicies.yaml', 'cilium-networkpolicies.yaml', 'linkerd-definitions.yaml']
    .flatMap((file) => parseAllDocuments(read(file)))
    .flatMap((document) => ofDefinition(document.toJS() as Definition)),
]);

/** What is wrong with a resource, as JSON pointers and sentences. */
export function publishedFaults(resource: object): readonly string[] {
  const { apiVersion, kind } = resource as { readonly apiVersion: string; readonly kind: string };
  const validate = VALIDATORS.get(`${apiVersion} ${kind}`);
  if (validate === undefined) return [`there is no schema of ${apiVersion} ${kind}`];
  validate(resource);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(' '),
  );
}

function ofDefinition({ spec: { group, names, versions } }: Definition): [string, ValidateFunction][] {
  return versions
    .filter(({ served }) => served)
    .map(({ name, schema: { openAPIV3Schema } }) => {
      const { properties = {} } = closed(openAPIV3Schema);
      const whole = {
        ...openAPIV3Schema,
        additionalProperties: false,
        required: ['apiVersion', 'kind', 'metadata', 'spec'],
        properties: {
          ...properties,
          apiVersion: { const: `${group}/${name}` },
          kind: { const: names.kind },
          metadata: OBJECT_META,
        },
      };
      return [`${group}/${name} ${names.kind}`, ajv.compile(whole)];
    });
}

/** The schema with every map that lists its members closed. What is under `oneOf` and the like only narrows it. */
function closed(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const isOpen = additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...schema,
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, closed(member)])),
    }),
    ...(items !== undefined && { items: closed(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: closed(additionalProperties) }),
    ...(properties !== undefined && !isOpen && { additionalProperties: false }),
  };
}
