import { relative } from 'node:path';
import { root } from './bootstrap.mjs';
import { GATEWAYS } from './suites.mjs';

/** A jest sequencer: the gateways as they are listed. Jest itself begins with the longest file, and those hold the least. */
export default class GatewaySequencer {
  sort(tests) {
    const place = ({ path }) => GATEWAYS.findIndex(({ spec }) => spec === relative(root, path));
    return [...tests].sort((left, right) => place(left) - place(right));
  }

  cacheResults() {
    // What it took last time is not what the order is by.
  }
}
