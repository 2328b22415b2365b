/** Paths, hosts, methods and names: one canonical form, which is its own, and which two programs find alike. */
import fc from 'fast-check';
import { canonicalHost, canonicalPath, isPlainText, isToken, isTopic } from '#engine';
import * as reference from '../../libs/reference/src/canonical.js';
import { HOSTS, PATHS } from '../attacks/targets/targets.js';
import { mutated, piecesOf } from './mutation.js';
import { type FuzzTarget, insist, shownText } from './target.js';

const PIECES = piecesOf('canonicaliser');
const LIMIT = 12_000;

type Output = ReturnType<typeof judgements>;

function judgements(text: string) {
  return {
    path: canonicalPath(text),
    host: canonicalHost(text),
    method: isToken(text),
    name: isPlainText(text),
    topic: isTopic(text),
  };
}

export const canonicaliser: FuzzTarget<string, Output> = {
  name: 'canonicaliser',
  inputs: fc.oneof(
    {
      weight: 3,
      arbitrary: mutated(
        PATHS.map(({ raw }) => raw),
        PIECES,
        LIMIT,
      ),
    },
    {
      weight: 1,
      arbitrary: mutated(
        HOSTS.map(({ raw }) => raw),
        PIECES,
        LIMIT,
      ),
    },
  ),
  exercise: judgements,
  judge(text, { path, host, method, name }) {
    insist(path?.path === reference.canonicalPath(text)?.path, 'the reference reads another path');
    insist(host === reference.canonicalHost(text), 'the reference reads another host');
    insist(method === reference.isMethod(text), 'the reference judges the method differently');
    insist(name === reference.isName(text), 'the reference judges the name differently');
    if (path !== undefined) {
      const again = canonicalPath(path.path);
      insist(again?.path === path.path, 'a canonical path is not its own canonical form');
      insist(again.encodedSlash === path.encodedSlash, 'a canonical path says something else of encoded slashes');
    }
    if (host !== undefined) insist(canonicalHost(host) === host, 'a canonical host is not its own canonical form');
  },
  show: shownText,
};
