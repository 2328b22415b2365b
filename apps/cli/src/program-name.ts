import { basename, delimiter, dirname, relative, resolve } from 'node:path';

/**
 * What a person types to call us again, so that what we print can be pasted.
 *
 * @param script   absolute path that the program was started by
 * @param cwd      where the person is
 * @param searched  the folders of `PATH`
 * @returns `dharma` where the shell finds it, `./dharma` or the like in a clone
 */
export function programName(script: string, cwd: string, searched: string): string {
  // Started by its module, or by a test: there is no shorter way to say it.
  if (basename(script) !== 'dharma') return 'dharma';
  const isFound = searched.split(delimiter).some((folder) => folder !== '' && resolve(cwd, folder) === dirname(script));
  if (isFound) return 'dharma';
  const path = relative(cwd, script);
  return path.startsWith('..') ? path : `./${path}`;
}
