import { fileURLToPath } from 'node:url';
import { constants, runInThisContext } from 'node:vm';

const importOutside = runInThisContext('(name) => import(name)', {
  // Names are looked up from the root, as those of the build are.
  filename: fileURLToPath(new URL('../../built.mjs', import.meta.url)),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (name: string) => Promise<unknown>;

/**
 * A module as programs have it: of the build, which `npm test` makes first, or installed. It lies outside of what jest keeps
 * apart and is loaded once for all spec files of a process; jest compiles and links everything anew for each, and a server
 * is well over a thousand modules. What it gives has prototypes of its own: `instanceof` says nothing about it.
 *
 * @param name  such as `#store`, `@nestjs/core`, or from the root `./dist/apps/server/src/server.js`
 */
export function built<Module>(name: string): Promise<Module> {
  return importOutside(name) as Promise<Module>;
}
