import { parseCondition, parsePath, readPath, type ConditionInput } from './index.js';

function parsed(source: string) {
  const result = parseCondition(source);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.condition;
}

describe('what a condition reads unguarded', () => {
  it.each<[source: string, unguarded: readonly string[], because: string]>([
    ['attributes.country == "XX"', ['attributes.country'], 'it may be absent'],
    ['has(attributes.country) && attributes.country == "XX"', [], 'has() guards what follows'],
    ['attributes.country == "XX" && has(attributes.country)', [], 'and what comes before: false absorbs the error'],
    ['!has(actor.service) || actor.service == "a"', [], 'absence decides'],
    ['has(actor.service) || actor.service == "a"', ['actor.service'], 'absence does not decide'],
    ['!(has(actor.service) && actor.service == "a")', [], 'a negated guard'],
    ['has(claimed.a) ? claimed.a == 1 : claimed.b == 1', ['claimed.b'], 'each branch has its own'],
    ['has(claimed.a) && (claimed.b == 1 || claimed.a == 1)', ['claimed.b'], 'a guard reaches inward'],
    ['(has(claimed.a) && claimed.a == 1) || claimed.a == 2', ['claimed.a'], 'but not outward'],
    ['(has(claimed.a) || has(claimed.b)) && claimed.a == 1', ['claimed.a'], 'either is not both'],
    ['has(claimed.a.b) && claimed.a.b == 1', ['claimed.a'], 'has() guards the last member only'],
    ['has(claimed.a) && has(claimed.a.b) && claimed.a.b == 1', [], 'so every step needs one'],
    ['"x-team" in request.headers && request.headers["x-team"] == "a"', [], '`in` is a guard'],
    ['"team" in principal.claims && principal.claims.team == "a"', [], 'however the member is written'],
    ['claimed.k in request.headers && request.headers[claimed.k] == "a"', ['claimed.k'], 'also of a computed key'],
    ['request.headers["x-team"] == "a"', ['request.headers["x-team"]'], 'headers are there, each may not be'],
    ['principal.id == "a" && "a" in principal.groups && request.time > timestamp(0)', [], 'always there'],
    ['principal.groups[0] == "a"', ['principal.groups[0]'], 'a list may be empty'],
    ['request.method == "GET"', ['request.method'], 'a topic has no method'],
    ['attributes.?country.orValue("PT") == "PT"', [], 'optional syntax is a guard'],
    ['attributes.a.?country.orValue("PT") == "PT"', ['attributes.a'], 'from where it begins'],
    ['attributes.?a.b.orValue(1) == 1', [], 'and on'],
    ['context.rows.all(r, r.kind == "a")', ['context.rows', 'r.kind'], 'members of variables may be absent too'],
    ['has(context.rows) && context.rows.all(r, has(r.kind) && r.kind == "a")', [], 'and be guarded'],
    [
      'has(claimed.a) && principal.groups.exists(claimed, claimed.a == 1)',
      ['claimed.a'],
      'a variable that hides a root is not guarded with it',
    ],
    ['principal.groups.exists(g, g == attributes.g)', ['attributes.g'], 'reads inside macros count'],
    ['cel.bind(c, attributes.c, c.d == 1)', ['attributes.c', 'c.d'], 'and in bindings'],
  ])('%s: %j, %s', (source, unguarded) => {
    expect(parsed(source).unguardedReads).toEqual(unguarded);
  });

  it.each<[source: string, guards: string, because: string]>([
    ['attributes.country == "XX"', 'has(attributes.country)', 'a member has a name'],
    ['request.headers["x-team"] == "a"', '"x-team" in request.headers', '`has()` takes no brackets'],
    [
      'request.headers[claimed.k] == "a"',
      'has(claimed.k) && claimed.k in request.headers',
      'a computed key is asked for',
    ],
    [
      'claimed.a["b-c"].d == 1',
      'has(claimed.a) && "b-c" in claimed.a && "d" in claimed.a["b-c"]',
      'each step needs one',
    ],
    ['has(claimed.a.b) && claimed.a.b == 1', 'has(claimed.a)', 'no more than what is missing'],
    ['principal.groups[0] == "a"', '', 'an item of a list has no guard'],
  ])('%s is guarded by %s: %s', (source, guards) => {
    const condition = parsed(source);
    expect(condition.guards.toSorted()).toEqual(guards === '' ? [] : guards.split(' && ').toSorted());
    if (guards !== '') expect(parsed(`${condition.guards.join(' && ')} && (${source})`).unguardedReads).toEqual([]);
  });

  it.each<[source: string, reads: readonly string[]]>([
    [
      'has(attributes.a.b) && principal.claims["tier"] == request.headers["x-a"]',
      ['attributes.a.b', 'principal.claims.tier', 'request.headers["x-a"]'],
    ],
    ['attributes == claimed', ['attributes', 'claimed']],
    ['principal.groups.exists(request, request.path == "/")', ['principal.groups']],
  ])('%s reads %j', (source, reads) => {
    expect(parsed(source).reads).toEqual(reads);
  });

  it.each<[source: string, readsTime: boolean]>([
    ['request.time > timestamp(0)', true],
    ['request["time"] > timestamp(0)', true],
    ['request.?time.hasValue()', true],
    ['has(request.time)', true],
    ['request[attributes.member] == 1', true],
    ['cel.bind(r, request, r.time > timestamp(0))', true],
    ['request == {}', true],
    ['request.timezone == "UTC"', false],
    ['request["time-zone"] == "UTC"', false],
    ['attributes.time == 1', false],
    ['principal.groups.exists(request, request.time == 1)', false],
  ])('%s reads the time: %s', (source, readsTime) => {
    expect(parsed(source).readsTime).toBe(readsTime);
  });
});

describe('a dotted path', () => {
  it.each<[text: string, segments: readonly string[] | undefined]>([
    ['principal.claims.tier', ['principal', 'claims', 'tier']],
    ['request.headers.x-team', ['request', 'headers', 'x-team']],
    ['request', ['request']],
    ['user.id', undefined],
    ['', undefined],
    ['principal.', undefined],
    ['principal..id', undefined],
    ['principal.claims[0]', undefined],
    ['principal. id', undefined],
    ['principal.0', undefined],
    ['toString.id', undefined],
  ])('%s is %j', (text, segments) => {
    expect(parsePath(text)).toEqual(segments);
  });

  it.each<[path: readonly string[], value: unknown, because: string]>([
    [['principal', 'claims', 'tier'], 'gold', 'it is there'],
    [['principal', 'claims', 'none'], undefined, 'null is absent'],
    [['principal', 'claims', 'constructor'], undefined, 'inherited'],
    [['principal', 'claims', '__proto__'], undefined, 'inherited'],
    [['principal', 'groups', 'length'], undefined, 'a list has no members'],
    [['principal', 'id', 'length'], undefined, 'nor has a text'],
    [['principal', 'nobody', 'home'], undefined, 'nothing on the way'],
  ])('%j reads %s: %s', (path, value) => {
    const input = { principal: { id: 'a', groups: ['b'], claims: { tier: 'gold', none: null } } };
    expect(readPath(input as unknown as ConditionInput, path)).toBe(value);
  });
});
