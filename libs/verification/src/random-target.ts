import type { Endpoint, Operation, Target } from '#engine';
import type { Chance } from './chance.js';
import type { Scene } from './scene.js';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD'];
const HOSTILE_PATHS = [
  '/a/../b', '/%2e%2e/a', '//a', '/a;b', '/a%2fb', '/a%5cb', '/a%00', '/a b', '/a#b', '/%zz', '/%c0%af', '', '*', 'a',
  'http://other.example/a', `/${'a'.repeat(9000)}`, '/a\\b', '/%25', '/./a', '/a/.', '/\u0001',
]; // prettier-ignore
const HOSTILE_HOSTS = [
  '',
  'user@shop.example',
  'a_b.example',
  '*.example',
  'bücher.example',
  'a..b',
  '[::1',
  'nowhere.example',
];
const HOSTILE_TOPICS = ['', 'a.*', '**', 'a..b', 'nowhere', 'a\u0000b'];

/** A target at the endpoint of the scene, or sometimes one that only looks like it. */
export function randomTarget(chance: Chance, scene: Scene): Target {
  if (chance.percent(4)) return hostileTarget(chance, scene.endpoint);
  const operation = chance.pick(scene.endpoint.operations)!;
  if (chance.percent(operation.kind === 'http' ? 20 : 8)) return namedTarget(chance, scene, operation);
  switch (operation.kind) {
    case 'http':
      return httpTarget(chance, scene, operation);
    case 'topic':
      return {
        kind: 'topic',
        topic: filled(chance, scene, operation.topic, '.'),
        action: actionOf(chance, scene, operation),
      };
    case 'resource': {
      const type = chance.percent(95) ? operation.resourceType : 'nothing';
      const id = chance.pick(scene.vocabulary.entityIds.get(type) ?? []) ?? chance.oneOf('101', 'x');
      const wanted = scene.rules
        .flatMap((rule) => rule.what.resources ?? [])
        .filter((name) => name.startsWith(`${type}:`));
      return {
        kind: 'resource',
        resource: {
          type,
          id: wanted.length > 0 && chance.percent(60) ? chance.pick(wanted)!.slice(type.length + 1) : id,
          properties: chance.percent(40) ? scene.invented('resource.attributes', 30) : {},
        },
        action: { name: actionOf(chance, scene, operation), properties: scene.invented('action.attributes', 30) },
      };
    }
  }
}

type HttpOperation = Extract<Operation, { kind: 'http' }>;

function httpTarget(chance: Chance, scene: Scene, operation: HttpOperation): Target {
  const { endpoint } = scene;
  const path = pathOf(chance, scene, operation);
  const host = endpoint.hosts.length === 0 ? undefined : hostLike(chance, chance.pick(endpoint.hosts)!);
  if (endpoint.kind === 'grpc' && chance.percent(50)) {
    return { kind: 'rpc', rpc: path, ...(host !== undefined && chance.percent(50) ? { host } : {}) };
  }
  const method = methodOf(chance, scene, operation);
  if (host === undefined) return { kind: 'endpoint', endpoint: endpoint.id, method, path };
  return { kind: 'address', host, method, path };
}

function namedTarget(chance: Chance, scene: Scene, operation: Operation): Target {
  const endpoint = chance.percent(97) ? scene.endpoint.id : `${scene.endpoint.service}/nowhere`;
  if (operation.kind !== 'http') return { kind: 'endpoint', endpoint };
  return {
    kind: 'endpoint',
    endpoint,
    ...(chance.percent(75) ? { method: methodOf(chance, scene, operation) } : {}),
    ...(chance.percent(75) ? { path: pathOf(chance, scene, operation) } : {}),
  };
}

function hostileTarget(chance: Chance, endpoint: Endpoint): Target {
  const path = chance.pick(HOSTILE_PATHS)!;
  const host = chance.pick(endpoint.hosts) ?? 'nowhere.example';
  switch (chance.below(5)) {
    case 0:
      return { kind: 'address', host, method: 'GET', path };
    case 1:
      return { kind: 'address', host: chance.pick(HOSTILE_HOSTS)!, method: 'GET', path: '/' };
    case 2:
      return { kind: 'address', host, method: chance.oneOf('', 'G T', 'get', '*'), path: '/' };
    case 3:
      return { kind: 'endpoint', endpoint: endpoint.id, method: 'GET', path };
    default:
      return { kind: 'topic', topic: chance.pick(HOSTILE_TOPICS)!, action: chance.oneOf('publish', '*', '') };
  }
}

function methodOf(chance: Chance, { rules }: Scene, { methods }: HttpOperation): string {
  const wanted = rules.flatMap((rule) => rule.what.methods ?? []);
  const listed = methods.includes('*') ? [...METHODS, ...wanted, ...wanted] : methods;
  const both = listed.filter((method) => wanted.includes(method));
  if (both.length > 0 && chance.percent(70)) return chance.pick(both)!;
  return chance.pick(chance.percent(95) ? listed : METHODS)!;
}

function actionOf(chance: Chance, { rules }: Scene, { actions }: Exclude<Operation, HttpOperation>): string {
  const wanted = rules.flatMap((rule) => rule.what.actions ?? []);
  const listed = actions.includes('*') ? ['publish', 'consume', 'view', ...wanted] : actions;
  return chance.percent(95) ? chance.pick(listed)! : 'dance';
}

function pathOf(chance: Chance, scene: Scene, operation: HttpOperation): string {
  const wanted = scene.rules.flatMap((rule) => rule.what.paths ?? []);
  const template =
    operation.path.endsWith('**') && wanted.length > 0 && chance.percent(60) ? chance.pick(wanted)! : operation.path;
  const path = filled(chance, scene, template, '/');
  const slashed = chance.percent(4) ? `${path}/` : path;
  const escaped = chance.percent(4) ? slashed.replace('a', '%61') : slashed;
  const opted = scene.endpoint.encodedSlash === 'allow' && chance.percent(30) ? `${escaped}%2fx` : escaped;
  return chance.percent(5) ? `${opted}?q=1&q=two+words&empty` : opted;
}

/** A path template or topic pattern with its parameters filled in. */
function filled(chance: Chance, scene: Scene, template: string, separator: '/' | '.'): string {
  const segments = template.split(separator).flatMap((segment): readonly string[] => {
    if (segment === '**') return chance.oneOf<readonly string[]>([], ['x'], ['a', 'b'], [parameter(scene)], ['']);
    return [segment === '*' || segment.startsWith('{') ? parameter(scene) : segment];
  });
  const joined = segments.join(separator);
  return joined === '' && separator === '/' ? '/' : joined;
}

/** One segment that stays one, in a path and in a topic. */
function parameter(scene: Scene): string {
  return (scene.texts(1)[0] ?? '').replaceAll(/[^A-Za-z0-9_=,:@-]/g, '') || 'x';
}

function hostLike(chance: Chance, pattern: string): string {
  const host = pattern.startsWith('*.') ? `${chance.oneOf('a', 'a.b')}${pattern.slice(1)}` : pattern;
  if (chance.percent(3)) return `${host.toUpperCase()}:443`;
  return chance.percent(2) ? `${host}.` : host;
}
