import { itemsAt, type Loose, mapAt, member } from './foreign-text.js';
import { ImportRefused } from './imported.js';

const PROTOCOLS: readonly Loose[] = ['TCP', 'UDP', 'SCTP'];
const OPERATORS: readonly Loose[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
const LAST_PORT = 65_535;

/**
 * Holds a NetworkPolicy to the shape that an API server holds it to. One that it refuses lets in nobody, and what is not
 * of its shape would be read as if it were not there: as everyone.
 *
 * @param called  the policy, to tell
 * @throws ImportRefused  with the place
 */
export function checkNetworkPolicy(policy: Loose, called: string): void {
  const place = `${called}: spec`;
  const spec = mapAt(member(policy, 'spec'), place, ['podSelector', 'policyTypes', 'ingress', 'egress']);
  checkSelector(member(spec, 'podSelector'), `${place}.podSelector`);
  for (const [type, at] of itemsAt(member(spec, 'policyTypes'), `${place}.policyTypes`)) {
    if (type !== 'Ingress' && type !== 'Egress') refuse(at, 'it is neither Ingress nor Egress');
  }
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [rule, at] of itemsAt(member(spec, direction), `${place}.${direction}`)) {
      checkRule(rule, at, peers);
    }
  }
}

function checkRule(rule: Loose, place: string, peers: 'from' | 'to'): void {
  mapAt(rule, place, [peers, 'ports']);
  for (const [peer, at] of itemsAt(member(rule, peers), `${place}.${peers}`)) checkPeer(peer, at);
  for (const [port, at] of itemsAt(member(rule, 'ports'), `${place}.ports`)) checkPort(port, at);
}

function checkPeer(peer: Loose, place: string): void {
  mapAt(peer, place, ['podSelector', 'namespaceSelector', 'ipBlock']);
  const [pods, namespaces, addresses] = ['podSelector', 'namespaceSelector', 'ipBlock'].map((one) => member(peer, one));
  checkSelector(pods, `${place}.podSelector`);
  checkSelector(namespaces, `${place}.namespaceSelector`);
  // Whatever it says: addresses let nobody in.
  mapAt(addresses, `${place}.ipBlock`);
  if ([pods, namespaces, addresses].every((one) => one === undefined)) refuse(place, 'it says nobody');
}

function checkPort(entry: Loose, place: string): void {
  mapAt(entry, place, ['protocol', 'port', 'endPort']);
  const [protocol, port, endPort] = ['protocol', 'port', 'endPort'].map((one) => member(entry, one));
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) refuse(`${place}.protocol`, 'it is no protocol');
  if (port !== undefined && !isPort(port) && (typeof port !== 'string' || port === '')) {
    refuse(`${place}.port`, 'it is neither a port nor the name of one');
  }
  if (endPort !== undefined && !(isPort(endPort) && isPort(port) && port <= endPort)) {
    refuse(`${place}.endPort`, 'it is no port after `port`');
  }
}

function isPort(value: Loose): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LAST_PORT;
}

function checkSelector(selector: Loose, place: string): void {
  mapAt(selector, place, ['matchLabels', 'matchExpressions']);
  const labels = mapAt(member(selector, 'matchLabels'), `${place}.matchLabels`);
  for (const [key, value] of Object.entries(labels ?? {})) checkLabel(value, `${place}.matchLabels.${key}`);
  for (const [expression, at] of itemsAt(member(selector, 'matchExpressions'), `${place}.matchExpressions`)) {
    checkExpression(expression, at);
  }
}

function checkExpression(expression: Loose, place: string): void {
  mapAt(expression, place, ['key', 'operator', 'values']);
  const key = member(expression, 'key');
  const operator = member(expression, 'operator');
  if (typeof key !== 'string' || key === '') refuse(`${place}.key`, 'it is no label');
  if (!OPERATORS.includes(operator)) refuse(`${place}.operator`, `it is none of ${OPERATORS.join(', ')}`);
  const values = itemsAt(member(expression, 'values'), `${place}.values`);
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues !== values.length > 0) {
    refuse(`${place}.values`, takesValues ? 'it is empty' : `\`${String(operator)}\` takes none`);
  }
  for (const [value, at] of values) checkLabel(value, at);
}

/** What is written without quotes may have become a number. */
function checkLabel(value: Loose, place: string): void {
  if (!['string', 'number', 'boolean'].includes(typeof value)) refuse(place, 'it is no text');
}

function refuse(place: string, because: string): never {
  throw new ImportRefused([`${place}: ${because}`]);
}
