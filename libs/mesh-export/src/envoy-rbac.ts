/**
 * Envoy's HTTP filter `envoy.filters.http.rbac`: one policy a region. No policy, no passage.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
 */
import { CANONICAL_TARGET, HOST_OF_ALLOWED_LENGTH, hostExpression, METHOD, pathExpression } from './expressions.js';
import type { JudgedRegion, Methods, StaticMap, Undecided } from './model.js';
import { type Permitted, permittedRegions, type Subjects } from './permitted.js';

type Rule = { readonly [member: string]: unknown };

/**
 * What Envoy must be started with to take the expressions: by itself it refuses any larger than 100 instructions. It is
 * one of `layered_runtime.layers`.
 */
export const ENVOY_RUNTIME = { name: 'dharma', static_layer: { 're2.max_program_size.error_level': 10_000 } };

/** The filter, as an item of `http_filters`. */
export function envoyRbac(map: StaticMap, undecided: Undecided): object {
  const policies: Record<string, object> = {};
  const counts = new Map<string, number>();
  for (const { regions, permitted } of permittedRegions(map, undecided)) {
    const id = regions[0]!.endpoint.id;
    const number = (counts.get(id) ?? 0) + 1;
    counts.set(id, number);
    policies[`${id} ${number}`] = {
      permissions: [{ and_rules: { rules: permissionOf(regions) } }],
      principals: principalsOf(permitted),
    };
  }
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: { action: 'ALLOW', policies },
    },
  };
}

function permissionOf(regions: readonly JudgedRegion[]): readonly Rule[] {
  const { host, exceptHosts, path, exceptPaths } = regions[0]!;
  return [
    anyOf(regions.map(({ methods }) => methodRule(methods))),
    header(':authority', { safe_regex: { regex: hostExpression(host) } }),
    ...(host.startsWith('*.') ? [header(':authority', { safe_regex: { regex: HOST_OF_ALLOWED_LENGTH } })] : []),
    ...exceptHosts.map((other) => not(header(':authority', { safe_regex: { regex: hostExpression(other) } }))),
    urlPath(pathExpression(path)),
    ...exceptPaths.map((other) => not(urlPath(pathExpression(other)))),
    // Last, for it takes longest, and most requests have fallen out by here.
    header(':path', { safe_regex: { regex: CANONICAL_TARGET } }),
  ];
}

function methodRule(methods: Methods): Rule {
  if (methods.kind === 'named') return anyOf(methods.names.map((name) => header(':method', { exact: name })));
  return {
    and_rules: {
      rules: [
        header(':method', { safe_regex: { regex: METHOD } }),
        ...methods.but.map((name) => not(header(':method', { exact: name }))),
      ],
    },
  };
}

function principalsOf({ anyoneBut, among }: Permitted): readonly Rule[] {
  return [
    ...(anyoneBut === undefined ? [] : [except({ any: true }, anyoneBut)]),
    ...among.map(({ subject, but }: Subjects) => except(authenticated(subject), but)),
  ];
}

function except(id: Rule, but: readonly string[]): Rule {
  if (but.length === 0) return id;
  return { and_ids: { ids: [id, ...but.map((subject) => ({ not_id: authenticated(subject) }))] } };
}

function authenticated(subject: string): Rule {
  const principal_name = subject.endsWith('**') ? { prefix: subject.slice(0, -2) } : { exact: subject };
  return { authenticated: { principal_name } };
}

function header(name: string, string_match: object): Rule {
  return { header: { name, string_match } };
}

function urlPath(regex: string): Rule {
  return { url_path: { path: { safe_regex: { regex } } } };
}

function anyOf(rules: readonly Rule[]): Rule {
  return rules.length === 1 ? rules[0]! : { or_rules: { rules } };
}

function not(rule: Rule): Rule {
  return { not_rule: rule };
}
