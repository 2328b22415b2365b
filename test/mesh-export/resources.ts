/**
 * The resources that exports consist of, as strict as their definitions and no wider than what we write: a member that
 * the definition does not know fails here, as it would be dropped without a word in a cluster. Facts are from the
 * definitions (CRDs) of istio/api `security/v1`, linkerd/linkerd2 `policy.linkerd.io` and cilium/cilium `cilium.io/v2`, and
 * from Kubernetes' types of `networking.k8s.io/v1`.
 */
import { z } from 'zod';

const namespaced = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/),
  namespace: z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/),
});
const texts = z.array(z.string().min(1)).min(1);
const labels = z.strictObject({
  matchLabels: z.record(
    z.string().regex(/^(?:[a-z0-9:.-]+\/)?(?:k8s:)?[A-Za-z0-9](?:[-A-Za-z0-9_.:]*[A-Za-z0-9])?$/),
    z.string().regex(/^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/),
  ),
});
const cidr = z.union([z.cidrv4(), z.cidrv6()]);

/** Istio takes `*` alone, at one end, or `{*}` and a last `{**}` in a path. */
const matched = z
  .string()
  .regex(/^\*?[^*{}]*\*?$/)
  .refine((text) => !/^\*.+\*$/.test(text));
const path = z.union([matched, z.string().regex(/^(?:\/(?:[^*{}/]*|\{\*\}))*(?:\/\{\*\*\})?$/)]);

export const AuthorizationPolicy = z.strictObject({
  apiVersion: z.literal('security.istio.io/v1'),
  kind: z.literal('AuthorizationPolicy'),
  metadata: namespaced,
  spec: z.strictObject({
    selector: labels,
    action: z.literal('ALLOW'),
    rules: z
      .array(
        z.strictObject({
          from: z
            .array(
              z.strictObject({
                source: z.strictObject({
                  principals: z.array(matched).min(1).optional(),
                  notPrincipals: z.array(matched).min(1).optional(),
                }),
              }),
            )
            .min(1)
            .optional(),
          to: z
            .array(
              z.strictObject({
                operation: z.strictObject({
                  hosts: z.array(matched).min(1),
                  notHosts: z.array(matched).min(1).optional(),
                  methods: texts.optional(),
                  notMethods: texts.optional(),
                  paths: z.array(path).min(1),
                  notPaths: z.array(path).min(1).optional(),
                }),
              }),
            )
            .min(1),
        }),
      )
      .min(1)
      .optional(),
  }),
});
export type AuthorizationPolicy = z.infer<typeof AuthorizationPolicy>;

export const NetworkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata: namespaced,
  spec: z.strictObject({
    podSelector: labels,
    policyTypes: z.tuple([z.literal('Ingress')]),
    ingress: z.array(
      z.strictObject({
        from: z
          .array(
            z.union([
              z.strictObject({ namespaceSelector: labels, podSelector: labels }),
              z.strictObject({ ipBlock: z.strictObject({ cidr }) }),
            ]),
          )
          .min(1)
          .optional(),
      }),
    ),
  }),
});

export const CiliumNetworkPolicy = z.strictObject({
  apiVersion: z.literal('cilium.io/v2'),
  kind: z.literal('CiliumNetworkPolicy'),
  metadata: namespaced,
  spec: z.strictObject({
    endpointSelector: labels,
    ingress: z
      .array(
        z.union([
          z.strictObject({}),
          z.strictObject({ fromEndpoints: z.array(labels).min(1) }),
          z.strictObject({ fromCIDR: z.array(cidr).min(1) }),
          z.strictObject({ fromEntities: z.tuple([z.literal('all')]) }),
        ]),
      )
      .min(1),
  }),
});

const linkerdReference = (kind: z.ZodType) =>
  z.strictObject({ group: z.literal('policy.linkerd.io'), kind, name: namespaced.shape.name });
const authentication = z.enum(['MeshTLSAuthentication', 'NetworkAuthentication']);

export const LinkerdPolicy = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('policy.linkerd.io/v1beta3'),
    kind: z.literal('Server'),
    metadata: namespaced,
    spec: z.strictObject({
      podSelector: labels,
      port: z.union([z.string(), z.number()]),
      accessPolicy: z.literal('deny'),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy.linkerd.io/v1alpha1'),
    kind: z.literal('AuthorizationPolicy'),
    metadata: namespaced,
    spec: z.strictObject({
      targetRef: linkerdReference(z.literal('Server')),
      requiredAuthenticationRefs: z.tuple([linkerdReference(authentication)]),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy.linkerd.io/v1alpha1'),
    kind: z.literal('MeshTLSAuthentication'),
    metadata: namespaced,
    spec: z.strictObject({
      identityRefs: z
        .array(
          z.strictObject({
            kind: z.literal('ServiceAccount'),
            name: namespaced.shape.name,
            namespace: namespaced.shape.namespace,
          }),
        )
        .min(1),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy.linkerd.io/v1alpha1'),
    kind: z.literal('NetworkAuthentication'),
    metadata: namespaced,
    spec: z.strictObject({ networks: z.array(z.strictObject({ cidr })).min(1) }),
  }),
]);
export type LinkerdPolicy = z.infer<typeof LinkerdPolicy>;
