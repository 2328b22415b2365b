import { statSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { root } from './bootstrap.mjs';
import { LONG } from './suites.mjs';

/**
 * A jest sequencer for files side by side: what takes long for its size first, the rest by size. By size alone, as jest does
 * where it knows of no earlier run, files of few lines and many worlds come last, and other processors wait for them.
 */
export default class LongFirstSequencer {
  sort(tests) {
    const placed = tests.map((test) => {
      const file = relative(root, test.path).split(sep).join('/');
      const place = LONG.findIndex((long) => file.startsWith(long));
      return { test, place: place === -1 ? LONG.length : place, size: statSync(test.path).size };
    });
    return placed.sort((one, other) => one.place - other.place || other.size - one.size).map(({ test }) => test);
  }

  cacheResults() {
    // What it took last time is not what the order is by.
  }
}
