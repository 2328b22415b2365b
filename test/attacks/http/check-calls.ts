/** Calls of gateways that ask by HTTP, each changed in one place, all of which must be refused. */

/** The names by which each convention says the same. */
export const GATEWAYS = {
  nginx: { method: 'X-Original-Method', host: 'X-Original-Host', path: 'X-Original-URI' },
  caddy: { method: 'X-Forwarded-Method', host: 'X-Forwarded-Host', path: 'X-Forwarded-Uri' },
} as const;

/** What replaces the fields of a call that would be allowed; undefined: the field is left out. */
export const CALLS: readonly (readonly [
  because: string,
  { readonly method?: string; readonly host?: string; readonly path?: string; readonly more?: string },
])[] = [
  ['no method', { method: undefined }],
  ['no host', { host: undefined }],
  ['no path', { path: undefined }],
  ['an empty method', { method: '' }],
  ['an empty host', { host: '' }],
  ['an empty path', { path: '' }],
  ['a method in small letters', { method: 'get' }],
  ['a tunnel', { method: 'CONNECT', path: 'shop.example:443' }],
  ['two methods', { method: 'GET, POST' }],
  ['a host with a port that is none', { host: 'shop.example:99999' }],
  ['a host with a user', { host: 'a@shop.example' }],
  ['a list of hosts', { host: 'shop.example, evil.example' }],
  ['a whole address', { path: 'http://shop.example/public/list' }],
  ['bytes beyond ASCII', { path: '/public/\u00e9' }],
  ['a tab', { path: '/public/\tlist' }],
  ['a long path that leads up', { path: `/public${'/a'.repeat(12_000)}/..` }],
  ['half an escape', { path: '/public/%4' }],
  ['an escape of more bytes than a character needs', { path: '/public/%c0%af' }],
  ['a token of noise', { path: '/account/1', more: 'Authorization: Bearer \u00ff\u00fe.\u00ff.\u00ff' }],
  ['two tokens', { more: 'Authorization: Bearer a\r\nAuthorization: Bearer b' }],
  ['a certificate of noise', { path: '/office/1', more: 'X-Forwarded-Client-Cert: By=;Hash="\\;URI=,,,;;"' }],
  ['two certificates', { more: 'X-Forwarded-Client-Cert: URI=a\r\nX-Forwarded-Client-Cert: URI=b' }],
  ['a person of noise', { path: '/portal/1', more: 'X-Auth-Request-User: \u00ff\u00fe' }],
  ['two persons', { path: '/portal/1', more: 'X-Auth-Request-User: ann\r\nX-Auth-Request-User: bob' }],
  ['a path of two paths', { path: '/public/list, /office/1' }],
  ['a path with a zero in escapes', { path: '/public/%00' }],
  ['a path with a fragment', { path: '/public/list#/office/1' }],
  ['a path with a backslash', { path: '/public\\..\\office' }],
  ['a host beyond ASCII', { host: 'sh\u00f6p.example' }],
  ['a host of dots', { host: '....' }],
  ['a method of a line', { method: 'GET / HTTP/1.1' }],
  ['a key of nothing', { path: '/partners/1', more: 'X-Api-Key: ' }],
  ['two keys', { path: '/partners/1', more: 'X-Api-Key: partner-1.a\r\nX-Api-Key: partner-1.b' }],
];

export const NO_CALLS = [
  '/forward-auth',
  '/forward-auth/',
  '/forward-auth/none',
  '/forward-auth/nginx/x',
  '/forward-auth/nginx;x',
  '/forward-auth//nginx',
  '/forward-auth/__proto__',
  '/forward-auth/constructor',
  '/forward-auth/NGINX',
  '/forward-auth/%zz',
  '/forward-authority/nginx',
];
