import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { type ConditionInput, type ConditionValue, parseCondition } from './index.js';

type Members = { readonly [member: string]: ConditionValue };

/** As the engine makes them: without a prototype, all roots present. */
function inputWith(parts: { readonly [root: string]: Members } = {}): ConditionInput {
  const bare = (members: Members): Members => Object.assign(Object.create(null), members);
  return {
    request: bare({
      query: {},
      headers: {},
      params: {},
      time: new Date('2026-12-24T12:30:45.678Z'),
      ...parts['request'],
    }),
    actor: bare({ domains: [], ...parts['actor'] }),
    principal: bare({ groups: [], roles: [], scopes: [], claims: {}, attributes: {}, ...parts['principal'] }),
    resource: bare(parts['resource'] ?? {}),
    action: bare(parts['action'] ?? {}),
    target: bare({ domains: [], ...parts['target'] }),
    attributes: bare(parts['attributes'] ?? {}),
    claimed: bare(parts['claimed'] ?? {}),
    context: bare(parts['context'] ?? {}),
  };
}

const WORLD = inputWith({
  request: { method: 'GET', path: '/v1/offers', query: { page: ['2', '3'] }, headers: { 'x-team': 'blue' } },
  actor: { service: 'search', domains: ['acme', 'acme.booking'] },
  principal: {
    type: 'user',
    id: 'user:ann',
    groups: ['staff', 'leads'],
    claims: { tier: 'gold', level: 3, rate: 2.5, whole: 2, none: null, big: 2 ** 60, tags: ['a', 'b', 'c'], empty: '' },
  },
  attributes: {
    address: '10.1.2.3',
    mapped: '::ffff:10.1.2.3',
    v6: '2001:db8::1',
    nested: { deep: { deeper: true } },
    rows: [{ kind: 'a', size: 1 }, { kind: 'b', size: 2 }, { size: 3 }],
    numbers: [1, 2, 3],
    nulls: [null],
    emoji: 'a😀b',
    pattern: '^/v[0-9]+/',
    broken: '(',
    ['constructor']: 'mason',
    nothing: {},
  },
});

function answer(source: string, input: ConditionInput = WORLD): boolean | undefined {
  const parsed = parseCondition(source);
  if ('faults' in parsed) throw new Error(`${source}: ${JSON.stringify(parsed.faults)}`);
  return parsed.condition.evaluate(input);
}

describe('a condition', () => {
  const rows: readonly [source: string, expected: boolean | undefined, because: string][] = [
    ['true', true, 'a literal is a condition'],
    ['request.path.startsWith("/v1/") && principal.claims.tier in ["gold", "silver"]', true, 'both sides hold'],
    ['request.headers["x-team"] == "blue"', true, 'a key that is no identifier is read with brackets'],
    ['request.query.page[1] == "3"', true, 'the query is a map of lists'],
    ['"acme" in actor.domains', true, 'a list is searched'],
    ['"evil" in actor.domains', false, 'and it is not there'],
    ['principal.groups.exists(g, g.startsWith("lead"))', true, 'one group begins so'],
    ['principal.groups.all(g, size(g) > 4)', true, 'both have five letters'],
    ['principal.groups.exists_one(g, g == "staff")', true, 'exactly one'],
    ['principal.groups.exists_one(g, size(g) == 5)', false, 'two are not one'],
    ['attributes.numbers.map(n, n * 2) == [2, 4, 6]', true, 'map makes a new list'],
    ['attributes.numbers.map(n, n > 1, n + 1) == [3, 4]', true, 'map with a filter'],
    ['attributes.numbers.filter(n, n % 2 == 1) == [1, 3]', true, 'filter keeps the items themselves'],
    ['cel.bind(n, attributes.numbers, n[0] + n[2] == 4)', true, 'bind names a value'],
    ['attributes.numbers.exists(n, attributes.numbers.exists(m, n + m == 6))', true, 'macros nest'],
    ['attributes.numbers.all(n, n > 0 && principal.groups.all(n, n != ""))', true, 'an inner variable hides an outer'],
    ['principal.groups.exists(request, request == "staff")', true, 'a variable may hide a root'],
    ['{"a": 1, "b": 2}.all(k, k in ["a", "b"])', true, 'a map is walked by its keys'],
    ['attributes.nested.exists(k, k == "deep")', true, 'so is a map of the request'],

    ['principal.claims.missing == "x"', undefined, 'a missing member is an error'],
    ['!(principal.claims.missing == "x")', undefined, 'whose negation is one too'],
    ['principal.claims.none == null', undefined, 'a null member is absent'],
    ['has(principal.claims.none)', false, 'and has() says so'],
    ['!("none" in principal.claims)', true, 'as does in'],
    ['size(principal.claims) == 7', true, 'and size'],
    ['principal.claims.all(k, k != "none")', true, 'and every macro'],
    ['attributes.nulls[0] == null', true, 'but a null in a list is a value'],
    ['has(attributes.country) && attributes.country == "XX"', false, 'has() guards what follows'],
    ['attributes.country == "XX" && has(attributes.country)', false, 'and, as && absorbs errors, what comes before'],
    ['!has(attributes.country) || attributes.country == "XX"', true, 'absence may be what one wants'],
    ['has(attributes.country) ? attributes.country == "XX" : true', true, 'the other branch is not evaluated'],
    ['has(attributes.missing.country)', undefined, 'has() tests the last member only'],
    ['has(attributes.address.country)', undefined, 'a text has no members'],
    ['principal.claims.missing == 1 || true', true, '|| absorbs an error on its left'],
    ['true || principal.claims.missing == 1', true, 'and on its right'],
    ['principal.claims.missing == 1 || false', undefined, 'but false does not hide it'],
    ['principal.claims.missing == 1 && false', false, '&& absorbs an error on its left'],
    ['principal.claims.missing == 1 && true', undefined, 'but true does not hide it'],
    ['principal.claims.level || true', true, 'a side that is no boolean is an error, absorbed'],
    ['principal.claims.level && true', undefined, 'or not'],
    ['principal.claims.level', undefined, 'a result that is no boolean is not evaluable'],
    ['principal.claims.tier', undefined, 'a text is no boolean, however true it looks'],
    ['attributes.rows.exists(r, r.kind == "b")', true, 'a deciding item absorbs errors of others'],
    ['attributes.rows.exists(r, r.kind == "z")', undefined, 'without one the error stays'],
    ['attributes.rows.all(r, r.kind == "z")', false, 'all is decided by one false'],
    ['attributes.rows.exists_one(r, r.kind == "a")', undefined, 'exists_one has no deciding item'],
    ['attributes.?country.orValue("PT") == "PT"', true, 'optional syntax has a value for absence'],
    ['attributes.?nested.deep.deeper.orValue(false)', true, 'and reaches through what is there'],
    ['attributes.?missing.deep.deeper.hasValue()', false, 'and what is not'],
    ['request.headers[?"x-none"].or(optional.of("a")).value() == "a"', true, 'or in place of it'],

    [
      'principal.claims.level > 2 && principal.claims.level < 2.5 + 1.0',
      true,
      'whole numbers are ints, and compare with doubles',
    ],
    ['type(principal.claims.level) == int', true, 'a JSON integer is an int'],
    ['type(principal.claims.rate) == double', true, 'a fraction is a double'],
    ['type(principal.claims.big) == double', true, 'an integer JSON cannot hold exactly is a double'],
    ['principal.claims.level + 1 == 4', true, 'ints add'],
    ['principal.claims.rate + 1 > 0', undefined, 'types do not mix in arithmetic'],
    ['principal.claims.whole == 2.0', true, 'numbers are equal across types'],
    ['principal.claims.level == "3"', false, 'values of different types are not equal'],
    ['principal.claims.level < "3"', undefined, 'and have no order'],
    ['7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1', true, 'whole numbers divide toward zero'],
    ['7 / 0 == 1', undefined, 'nothing divides by zero'],
    ['9223372036854775807 + 1 > 0', undefined, 'ints overflow with an error'],
    ['-9223372036854775808 < 0', true, 'the least int can be written'],
    ['1u + 2u == 3u && uint(3) == 3u', true, 'unsigned numbers'],
    ['1u - 2u == 0u', undefined, 'overflow below zero'],
    ['double("nan") == double("nan")', false, 'not a number is not even itself'],
    ['int("12") == 12 && int(-2.9) == -2', true, 'conversions'],
    ['int("") == 0', undefined, 'no text is no number'],
    ['int("0x10") == 16', undefined, 'nor is hexadecimal text'],
    ['bool("true") && string(1.5) == "1.5" && string(true) == "true"', true, 'more conversions'],
    ['bytes("é") == b"\\303\\251" && size(bytes("é")) == 2', true, 'bytes are UTF-8'],
    ['string(b"\\377") == ""', undefined, 'bytes that are no UTF-8 are no text'],

    ['size(attributes.emoji) == 3', true, 'texts are measured in code points'],
    ['attributes.emoji.indexOf("b") == 2 && attributes.emoji.substring(1, 2) == "😀"', true, 'and cut by them'],
    ['"\\U0001F600" > "\\uFFFD"', true, 'and ordered by them'],
    ['"TiTLE".lowerAscii() == "title" && "É".lowerAscii() == "É"', true, 'ASCII case only'],
    ['"a,b,c".split(",") == ["a", "b", "c"] && ["a", "b"].join("-") == "a-b"', true, 'split and join'],
    ['"a,b,c".split(",", 2) == ["a", "b,c"]', true, 'the rest stays whole'],
    ['" a ".trim() == "a" && "abc".contains("bc") && "abc".endsWith("c")', true, 'more of texts'],
    ['request.path.matches("^/v[0-9]+/")', true, 'matches anywhere, unless anchored'],
    ['request.path.matches("offers")', true, 'as here'],
    ['request.path.matches("^offers")', false, 'and as not here'],
    ['request.path.matches(attributes.pattern)', true, 'a pattern may come from the request'],
    ['request.path.matches(attributes.broken)', undefined, 'and be none'],
    ['matches(request.path, "^/v1")', true, 'matches is a function too'],
    ['principal.claims.level.matches("3")', undefined, 'only texts match'],

    ['cidr("10.0.0.0/8").containsIP(attributes.address)', true, 'an address lies in its block'],
    ['cidr("10.0.0.0/8").containsIP(attributes.mapped)', true, 'a mapped address is its IPv4 address'],
    ['cidr("10.0.0.0/8").containsIP(attributes.v6)', false, 'an IPv6 address lies in no IPv4 block'],
    ['cidr("2001:db8::/32").containsIP(ip(attributes.v6))', true, 'an ip value will do'],
    ['ip(attributes.mapped) == ip("10.1.2.3")', true, 'addresses compare as numbers'],
    ['cidr("10.0.0.0/8").containsIP(request.path)', undefined, 'a path is no address'],
    ['cidr(attributes.address).containsIP("10.1.2.3")', undefined, 'an address is no block'],

    ['request.time > timestamp("2026-12-24T00:00:00Z")', true, 'times compare'],
    ['request.time == timestamp("2026-12-24T13:30:45.678+01:00")', true, 'as instants'],
    ['request.time - timestamp("2026-12-24T12:00:00Z") > duration("30m")', true, 'their difference is a duration'],
    ['request.time + duration("1h") > timestamp("2026-12-24T13:30:00Z")', true, 'and can be moved by one'],
    ['request.time.getHours() == 12 && request.time.getDayOfWeek() == 4', true, 'parts are those in UTC'],
    ['request.time.getDayOfYear() == 357 && request.time.getDate() == 24', true, 'days of the year begin at 0'],
    ['request.time.getHours("+05:30") == 18', true, 'or in a zone'],
    ['request.time.getHours("America/New_York") == 7', true, 'by offset or by name'],
    ['request.time.getHours("Mars/Olympus") == 7', undefined, 'if there is one'],
    ['duration("90m").getHours() == 1 && duration("-1.5s") < duration("0s")', true, 'durations'],
    ['string(request.time) == "2026-12-24T12:30:45.678Z" && string(duration("1.5s")) == "1.5s"', true, 'in writing'],
    ['timestamp(principal.claims.tier) == request.time', undefined, 'gold is no time'],
    [
      'timestamp(0) == timestamp("1970-01-01T00:00:00Z") && int(timestamp("1970-01-01T00:01:00Z")) == 60',
      true,
      'in seconds',
    ],

    ['attributes.constructor == "mason"', true, 'a member called constructor is a member'],
    ['attributes["constructor"] == "mason" && attributes == attributes', true, 'and confuses nothing'],
    ['has(attributes.nothing.constructor) || has(attributes.nothing.toString)', false, 'inherited members are absent'],
    ['attributes.nothing["__proto__"] == {}', undefined, 'all of them'],
    ['"__proto__" in attributes.nothing || "hasOwnProperty" in attributes.nothing', false, 'for in as well'],
    ['{"__proto__": 1, "constructor": 2}["constructor"] == 2', true, 'in maps of expressions too'],
    ['{"a": 1, "a": 2}.a == 1', undefined, 'a map has a key once'],
    ['{1: "one"}[1u] == "one" && {1: "one"}[1.0] == "one"', true, 'whole keys are one key'],
    ['attributes.numbers.length == 3', undefined, 'a list has no members'],
    ['attributes.numbers[3] == 1', undefined, 'nor items beyond its end'],
    ['attributes.numbers[-1] == 1', undefined, 'or before its beginning'],
    ['attributes.numbers["0"] == 1', undefined, 'and texts are no indexes'],
    ['attributes.nested == {"deep": {"deeper": true}}', true, 'maps compare by content'],
    ['[1, 2] + attributes.numbers == [1, 2, 1, 2, 3]', true, 'lists add'],
    ['[1, "a", null].size() == 3', true, 'lists may be mixed'],
    ['dyn("a") == 1', false, 'dyn makes a type unknown'],
    ['type(request.time) == google.protobuf.Timestamp', true, 'types have names'],
  ];

  it.each(rows)('%s is %s: %s', (source, expected) => {
    expect(answer(source)).toBe(expected);
  });

  it('sees own members only, also of objects with a prototype and of the roots', () => {
    const inherited = { ...inputWith(), attributes: Object.create({ country: 'PT' }) } as ConditionInput;
    expect(answer('attributes.country == "PT"', inherited)).toBeUndefined();
    expect(answer('has(attributes.country)', inherited)).toBe(false);
  });

  it('is not evaluable where a root is missing or is no map', () => {
    expect(answer('attributes.a == 1', {} as ConditionInput)).toBeUndefined();
    expect(answer('has(attributes.a)', { ...WORLD, attributes: 'text' } as never)).toBeUndefined();
  });

  it('gives the same answer again', () => {
    const parsed = parseCondition('attributes.numbers.map(n, [n, n]).exists(p, p == [2, 2])');
    if ('faults' in parsed) throw new Error('refused');
    expect([1, 2, 3].map(() => parsed.condition.evaluate(WORLD))).toEqual([true, true, true]);
  });
});

describe('a condition is refused', () => {
  it.each<[source: string, offset: number, message: string]>([
    ['reqest.path == "/"', 0, 'did you mean `request`'],
    ['true || nobody.id == "x"', 8, '`nobody` is nothing a condition can read'],
    ['request.path ==', 15, 'unexpected token'],
    ['request.path = "/"', 13, 'unexpected character'],
    ['"open', 0, 'unterminated string'],
    ['"a" == 1', 0, 'no such overload'],
    ['1 + 1', 0, 'must be true or false'],
    ['request.path + "a"', 0, 'of type `string`'],
    ['request.path.nosuch()', 0, 'no matching overload'],
    ['now() > request.time', 0, 'no matching overload'],
    ['request.path.matches("a(")', 21, 'RE2'],
    ['request.path.matches("(?=a)b")', 21, 'RE2'],
    ['request.path.matches("((a{100}){100})")', 21, 'RE2'],
    ['cidr("10.0.0.0/33").containsIP("10.0.0.1")', 5, 'CIDR'],
    ['ip("10.0.0.01") == ip("10.0.0.1")', 3, 'IP address'],
    ['timestamp("yesterday") < request.time', 10, 'a time'],
    ['duration("soon") < duration("1s")', 9, 'a duration'],
    ['99999999999999999999 > 1', 0, '64 bits'],
    ['bytes("{}").json() == {}', 0, 'no function `.json`'],
    ['dyn(cel) == 1', 4, 'is not a value'],
    ['principal.claims.rate + 1 == 3.5', 0, 'no such overload'],
    ['', 0, 'unexpected token'],
  ])('%s at %s: %s', (source, offset, message) => {
    const parsed = parseCondition(source);
    expect(parsed).toEqual({ faults: [{ message: expect.stringContaining(message), offset }] });
  });
});

describe('laws', () => {
  const names = fc.constantFrom('tier', 'level', 'tags', 'constructor', '__proto__', 'toString', 'a');
  const json = fc.letrec<{ value: ConditionValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<ConditionValue>(null, true, false, 0, -1, 2, 2.5, 2 ** 60, '', 'a', 'gold', '10.0.0.1', '(a+)+$'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    ),
  })).value;
  const members = fc.dictionary(names, json, { maxKeys: 6 });

  it('evaluating any data never throws and gives true, false or undefined', () => {
    const conditions = [
      'attributes.tier == claimed.tier || attributes.level in claimed.tags',
      'attributes.tags.all(t, t == attributes.a) && attributes.tags.map(t, t + t).exists(t, t in attributes)',
      'attributes.a < attributes.level || size(attributes.tier) > 1 || type(attributes.a) == map',
      'attributes.tier.matches(attributes.a) || cidr("10.0.0.0/8").containsIP(attributes.a)',
      'string(attributes.a) + string(attributes.level) != "" && has(attributes.tags.constructor)',
      'timestamp(attributes.a) > request.time || duration(attributes.a) > duration("1s") || attributes[attributes.a]',
    ].map((source) => parseCondition(source));
    fc.assert(
      fc.property(members, members, (attributes, claimed) => {
        for (const parsed of conditions) {
          if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
          expect([true, false, undefined]).toContain(parsed.condition.evaluate(inputWith({ attributes, claimed })));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('parsing any text never throws', () => {
    const pieces = fc.constantFrom(
      'request',
      '.',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '!',
      '-',
      '&&',
      '||',
      '?',
      ':',
      'has',
      'all',
      ',',
      '1',
      '==',
      ' ',
      'x',
      '\\',
      'cel.bind',
      '.?',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const parsed = parseCondition(parts.join(''));
        expect('condition' in parsed || parsed.faults.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  // The library's evaluator is a second opinion wherever neither its bounds nor its known faults matter.
  it('the library, evaluating the same expression, agrees', () => {
    const library = new Environment({ homogeneousAggregateLiterals: false });
    library.registerVariable('attributes', 'map<string, dyn>');
    const path = fc.constantFrom(
      'attributes.i',
      'attributes.j',
      'attributes.s',
      'attributes.t',
      'attributes.b',
      'attributes.l',
      'attributes.none',
      'attributes.d',
    );
    const operand = fc.oneof(
      path,
      fc.constantFrom('1', '2', '"a"', '"ab"', 'true', '1.5', '[1, 2]', 'size(attributes.s)'),
    );
    const atom = fc.oneof(
      fc.tuple(operand, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), operand).map((parts) => parts.join(' ')),
      fc.tuple(operand, fc.constantFrom('attributes.l', '[1, 2, "a"]')).map((parts) => parts.join(' in ')),
      path.map((one) => `has(${one})`),
      fc.tuple(path, fc.constantFrom('startsWith', 'endsWith', 'contains')).map(([one, name]) => `${one}.${name}("a")`),
      fc.tuple(path, fc.constantFrom('all', 'exists', 'exists_one')).map(([one, name]) => `${one}.${name}(x, x == 1)`),
      fc.tuple(operand, operand).map(([one, other]) => `${one} + ${other} == ${other}`),
    );
    const expression = fc.letrec<{ it: string }>((tie) => ({
      it: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie('it'), fc.constantFrom('&&', '||'), tie('it')).map((parts) => `(${parts.join(' ')})`),
        tie('it').map((inner) => `!(${inner})`),
        fc.tuple(tie('it'), tie('it'), tie('it')).map(([test, one, other]) => `(${test} ? ${one} : ${other})`),
      ),
    })).it;
    const data = fc.record({
      i: fc.constantFrom(1, 2),
      j: fc.constantFrom<ConditionValue>(1, 'a', true),
      s: fc.constantFrom('', 'a', 'ab'),
      t: fc.constantFrom('a', 'b'),
      b: fc.boolean(),
      l: fc.constantFrom([1], [1, 2], []),
      d: fc.constantFrom(1.5, 2.5),
    });
    const converted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(converted);
      return Number.isInteger(value) ? BigInt(value as number) : value;
    };
    let compared = 0;
    fc.assert(
      fc.property(expression, data, (source, attributes) => {
        const parsed = parseCondition(source);
        if ('faults' in parsed) return;
        compared++;
        const entries = Object.entries(attributes).map(([name, value]) => [name, converted(value)]);
        let expected: unknown;
        try {
          expected = library.evaluate(source, { attributes: Object.fromEntries(entries) });
        } catch {
          expected = undefined;
        }
        expect({ source, attributes, value: parsed.condition.evaluate(inputWith({ attributes })) }).toEqual({
          source,
          attributes,
          value: expected,
        });
      }),
      { numRuns: 2000 },
    );
    expect(compared).toBeGreaterThan(500);
  });
});
