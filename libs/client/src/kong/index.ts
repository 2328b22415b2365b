/**
 * A plugin for Kong's JavaScript plugin server. The names are those that the server reads of a module.
 *
 * @see docs/gateways/kong.md
 */

export { KongPlugin as Plugin } from './kong-plugin.js';

export const Name = 'dharma';
export const Version = '0.1.0';
/** After plugins that find out who calls, before those that change the request. */
export const Priority = 950;
export const Schema = [
  { url: { type: 'string', required: true } },
  { key: { type: 'string', referenceable: true, encrypted: true } },
  { host: { type: 'string', required: true } },
  { timeout_milliseconds: { type: 'integer', default: 1000, between: [1, 60_000] } },
  { allow_plaintext: { type: 'boolean', default: false } },
];
