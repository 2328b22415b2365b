/**
 * Istio's `AuthorizationPolicy`: one a service and namespace, with a rule a region. Its action is ALLOW, so that what no
 * rule names is refused.
 *
 * @see https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */
import type { Segment } from '#engine';
import type { JudgedRegion, StaticMap, Undecided } from './model.js';
import { type Permitted, type PermittedRegion, permittedRegions } from './permitted.js';
import type { ClusterNames, Home } from './workloads.js';

export function istioPolicies(
  map: StaticMap,
  homes: readonly Home[],
  undecided: Undecided,
  { podLabel }: ClusterNames,
): readonly object[] {
  const permitted = permittedRegions(map, undecided);
  return homes.map(({ service, namespace }) => {
    const rules = permitted.filter(({ regions }) => regions[0]!.endpoint.service === service).map(ruleOf);
    return {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `dharma-${service}`, namespace },
      spec: {
        selector: { matchLabels: { [podLabel]: service } },
        action: 'ALLOW',
        ...(rules.length > 0 ? { rules } : {}),
      },
    };
  });
}

function ruleOf({ regions, permitted }: PermittedRegion): object {
  const sources = sourcesOf(permitted);
  return {
    ...(sources.length > 0 ? { from: sources.map((source) => ({ source })) } : {}),
    to: operationsOf(regions).map((operation) => ({ operation })),
  };
}

/** Nothing: whoever it may be. */
function sourcesOf({ anyoneBut, among }: Permitted): readonly object[] {
  if (anyoneBut?.length === 0) return [];
  return [
    ...(anyoneBut === undefined ? [] : [{ notPrincipals: anyoneBut.map(principal) }]),
    ...among.map(({ subject, but }) => ({
      principals: [principal(subject)],
      ...(but.length > 0 ? { notPrincipals: but.map(principal) } : {}),
    })),
  ];
}

/** Istio leaves out the scheme. */
function principal(subject: string): string {
  return subject.replace(/^spiffe:\/\//, '').replace(/\*\*$/, '*');
}

function operationsOf(regions: readonly JudgedRegion[]): readonly object[] {
  const { host, exceptHosts, path, exceptPaths } = regions[0]!;
  const place = {
    hosts: hostsOf(host),
    ...(exceptHosts.length > 0 ? { notHosts: exceptHosts.flatMap(hostsOf) } : {}),
    paths: pathsOf(path),
    ...(exceptPaths.length > 0 ? { notPaths: exceptPaths.flatMap(pathsOf) } : {}),
  };
  const named = regions.flatMap(({ methods }) => (methods.kind === 'named' ? methods.names : []));
  const others = regions.flatMap(({ methods }) => (methods.kind === 'other' ? [methods.but] : []));
  return [
    ...(named.length > 0 ? [{ ...place, methods: named }] : []),
    ...others.map((notMethods) => ({ ...place, notMethods })),
  ];
}

/** A host comes with its port. Two wildcards in one text Istio does not know, so that `*.suffix` is for default ports. */
function hostsOf(pattern: string): readonly string[] {
  return pattern.startsWith('*.') ? [pattern] : [pattern, `${pattern}:*`];
}

function pathsOf(template: readonly Segment[]): readonly string[] {
  const rest = template.at(-1)?.kind === 'rest';
  const segments = (rest ? template.slice(0, -1) : template).map((segment) =>
    segment.kind === 'literal' ? `/${segment.text}` : '/{*}',
  );
  const base = segments.join('');
  if (!rest) return [base];
  if (base === '') return ['/*'];
  return [base, base.includes('{*}') ? `${base}/{**}` : `${base}/*`];
}
