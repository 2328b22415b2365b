import type { World } from '#engine';
import type { Catalogue } from './catalogue.js';
import type { MechanismDeclaration } from './document-domain.js';
import { lintBoundaries } from './lint-boundaries.js';
import { lintAssignments } from './lint-roles.js';
import { lintRules } from './lint-rules.js';
import { lintTests } from './lint-tests.js';
import { type Bundle, catalogueOf } from './load.js';
import { isWithin } from './names.js';
import { placeIn, Report } from './report.js';
import { shown } from './shape.js';
import type { Fault } from './source.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

/**
 * What is allowed and yet hardly meant. A bundle with faults is not judged: its warnings would be guesses.
 *
 * @returns warnings by file, line and column
 */
export function lint(bundle: Bundle): readonly Fault[] {
  const catalogue = catalogueOf(bundle);
  if (bundle.world === null || catalogue === undefined) return [];
  const report = new Report('warning');
  lintRules(catalogue, bundle.world, report);
  lintAssignments(catalogue, report);
  lintBoundaries(catalogue, bundle.world, report);
  lintMechanisms(catalogue, report);
  lintAssertions(catalogue, bundle.world, report);
  lintTests(catalogue, report);
  return report.faults();
}

function lintMechanisms(catalogue: Catalogue, report: Report): void {
  const used = new Set<string>();
  for (const { document } of catalogue.domains.values()) {
    const { trust = [], access = [], recognizes = [] } = document.spec;
    for (const name of [...trust, ...access, ...recognizes]) used.add(name);
  }
  for (const [name, { declaration, owner, path }] of catalogue.mechanisms) {
    if (!used.has(name)) {
      report.add(
        placeIn(owner.source, path),
        'unused-mechanism',
        `no domain lists \`${name}\`, so nothing it proves counts`,
      );
    }
    for (const { step, text } of addressesOf(declaration)) {
      if (isWebAddress(text)) continue;
      const message = `nothing can be asked at \`${shown(text)}\`, so no token of \`${name}\` can be verified; an address is \`https://…\`, without password and fragment`;
      report.add(placeIn(owner.source, [...path, ...step]), 'no-address', message);
    }
    for (const [index, point] of (declaration.assertableBy ?? []).entries()) {
      if (catalogue.enforcementPoints.has(point)) continue;
      const message = `the enforcement point \`${point}\` does not exist${didYouMean(point, catalogue.enforcementPoints.keys())}`;
      report.add(placeIn(owner.source, [...path, 'assertableBy', index]), 'unknown-enforcement-point', message);
    }
  }
}

/** Where a mechanism has an issuer asked. */
function addressesOf(declaration: MechanismDeclaration): readonly { readonly step: Path; readonly text: string }[] {
  switch (declaration.kind) {
    case 'jwt': {
      const { issuer, keys } = declaration.jwt;
      if (keys === undefined) return [{ step: ['jwt', 'issuer'], text: issuer }];
      return keys.url === undefined ? [] : [{ step: ['jwt', 'keys', 'url'], text: keys.url }];
    }
    case 'spiffe': {
      const url = declaration.spiffe.jwtSvid?.keys.url;
      return url === undefined ? [] : [{ step: ['spiffe', 'jwtSvid', 'keys', 'url'], text: url }];
    }
    case 'introspection':
      return [{ step: ['introspection', 'url'], text: declaration.introspection.url }];
    default:
      return [];
  }
}

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' && hash === '';
}

/** Evidence that an enforcement point may assert, but that its mechanism's owner does not consent to, is never verified. */
function lintAssertions(catalogue: Catalogue, world: World, report: Report): void {
  for (const [name, { document, source }] of catalogue.enforcementPoints) {
    for (const [index, asserted] of (document.spec.mayAssert ?? []).entries()) {
      const { owner, assertableBy } = world.mechanisms.get(asserted)!;
      if (isWithin(owner, document.metadata.domain) || assertableBy.includes(name)) continue;
      const message = `\`${name}\` is not believed about \`${asserted}\`: its owner \`${owner}\` lies outside \`${document.metadata.domain}\` and does not list \`${name}\` in \`assertableBy\``;
      report.add(placeIn(source, ['spec', 'mayAssert', index]), 'assertion-without-consent', message);
    }
  }
}
