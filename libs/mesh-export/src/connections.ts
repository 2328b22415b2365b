/**
 * What can be said of whole connections: a caller may open one to a service if some request over it may pass. What is
 * asked over it is not looked at.
 */
import type { Caller, OpenRemark, StaticMap, Undecided, Verdict } from './model.js';
import { passes } from './permitted.js';

export interface Connections {
  /** Those without a proof that counts, also from outside the cluster. */
  readonly anyone: boolean;
  /** Where not anyone may. */
  readonly callers: readonly Caller[];
}

/** @returns what passes to each service, and what is lost on connections */
export function connectionsOf(
  { regions, callers }: StaticMap,
  undecided: Undecided,
): { readonly byService: ReadonlyMap<string, Connections>; readonly remarks: readonly OpenRemark[] } {
  const remarks: OpenRemark[] = [];
  const byService = new Map<string, Connections>();
  for (const service of new Set(regions.map(({ endpoint }) => endpoint.service))) {
    const here = regions.filter(({ endpoint }) => endpoint.service === service);
    const maySome = (verdict: (region: (typeof here)[number]) => Verdict): boolean =>
      here.some((region) => passes(verdict(region), undecided));
    const permitted = callers.filter((caller) => maySome((region) => region.callers.get(caller)!));
    const barred = callers.filter((caller) => !permitted.includes(caller));
    const outsiders = maySome((region) => region.outsiders);
    // Nobody can be kept out of what is open to anyone, so it is not opened where that would let through too much.
    const anyone = outsiders && (undecided === 'pass' || barred.length === 0);
    byService.set(service, { anyone, callers: anyone ? [] : permitted });
    const remark = (effect: OpenRemark['effect'], because: string): void => {
      remarks.push({ effect, concerns: 'service', name: service, because });
    };
    if (anyone || permitted.length > 0)
      remark('passed', 'is judged by connection: hosts, paths and methods are not looked at');
    if (outsiders && barred.length > 0) {
      const names = [...new Set(barred.map(({ service: name }) => `\`${name}\``))].join(', ');
      remark('undecided', `is open to anyone but ${names}, and whoever is open to anyone is open to all`);
    }
  }
  return { byService, remarks };
}
