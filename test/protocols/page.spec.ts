/** docs/api.md names every header that services are told, and every one that is taken from clients. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STRIPPED_HEADERS } from '#protocols';
import { toldHeaders } from '../../libs/protocols/src/told-headers.js';
import { allowedAnswer } from '../support/answers.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8');

it.each([...Object.keys(toldHeaders(allowedAnswer())), ...STRIPPED_HEADERS])('the page names `%s`', (name) => {
  expect(PAGE.split('## What the service is told')[1]).toContain(`\`${name}\``);
});
