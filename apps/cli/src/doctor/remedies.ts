import type { Concern } from './trick.js';

/** Gateways whose settings are known here, by the name of `--gateway`. */
export const GATEWAYS = ['nginx', 'caddy', 'envoy', 'haproxy', 'apache', 'traefik'] as const;
export type GatewayName = (typeof GATEWAYS)[number];

/** Which gateway answers, as far as its `Server` header says so; HAProxy and Traefik send none. */
export function gatewayOf(server: string | undefined): GatewayName | undefined {
  const name = server?.toLowerCase() ?? '';
  return GATEWAYS.find((gateway) => name.startsWith(gateway));
}

/**
 * The setting of a gateway that mends what differs.
 *
 * @param header  the header concerned, in lower case, where it is about one
 */
export function remedyFor(gateway: GatewayName, concern: Concern, header = 'NAME'): string {
  return REMEDIES[gateway][concern].replaceAll('NAME', header);
}

type Remedies = { readonly [concern in Concern]: string };

const nginx: Remedies = {
  path: 'tell Dharma `$request_uri`, never `$uri`, and send on the path that it judged: `proxy_pass http://SERVICE$dharma_path$is_args$args;`',
  target: 'in the server: `if ($request !~ "^[^ ]+ /[\\x21-\\x7e]* HTTP/[123]") { return 400; }`',
  host: 'the same variable for both: `proxy_set_header X-Original-Host $host;` towards Dharma and `proxy_set_header Host $host;` towards the service',
  method: '`proxy_set_header X-Original-Method $request_method;`, and no `proxy_method`',
  asked:
    '`auth_request /_dharma/check;` in every location with a `proxy_pass`, and there `proxy_set_header X-Dharma-Decision $dharma_decision;`',
  kept: 'no `proxy_cache` in the location of the check; behind ingress-nginx no `auth-cache-key`',
  ours: '`proxy_set_header NAME …;` in every location with a `proxy_pass`, by a variable of `auth_request_set`, or empty',
  override: '`proxy_set_header NAME "";` in every location with a `proxy_pass`',
  forwarded: '`proxy_set_header NAME …;` by what nginx itself knows, or empty; `X-Forwarded-For` as `$remote_addr`',
  alias: 'leave `underscores_in_headers off` and `ignore_invalid_headers on`, as they are by default',
  repeated: 'update nginx: versions since 1.22 refuse a second `Authorization`',
  listed: '`proxy_set_header Connection $dharma_connection;`, by the `map` of the shipped file',
  upgrade: '`proxy_set_header Upgrade $dharma_upgrade;`, by a `map` that knows `websocket` alone',
  framing: 'update nginx, and leave `ignore_invalid_headers on`',
  own: '`auth_request_set $x $upstream_http_…;` and `proxy_set_header NAME $x;`; where only a gateway reports in it, `proxy_set_header NAME "";`',
};

const caddy: Remedies = {
  path: '`@refused expression "{http.request.orig_uri} != {http.request.uri}"` with `respond @refused 400`, and `header_up X-Forwarded-Uri {http.request.orig_uri}` towards Dharma',
  target: '`@refused expression "{http.request.orig_uri} != {http.request.uri}"` with `respond @refused 400`',
  host: 'no `header_up Host` in the `reverse_proxy` to the service, and a site address with the host in it',
  method: '`header_up X-Forwarded-Method {method}` towards Dharma, and no `method` towards the service',
  asked:
    'the `reverse_proxy` to Dharma in the same `route` as the service, before it, and `request_header X-Dharma-Decision {http.reverse_proxy.header.X-Dharma-Decision}`',
  kept: 'no cache in front of the `reverse_proxy` to Dharma',
  ours: '`request_header -X-Dharma-*` at the top of the `route`',
  override: '`request_header -NAME` at the top of the `route`',
  forwarded:
    '`request_header -X-Forwarded-*`, `-X-Original-*` and `-Forwarded` at the top of the `route`, and no `trusted_proxies`',
  alias: '`request_header -*_*` and `request_header -*.*` at the top of the `route`',
  repeated: 'Dharma refuses them itself: ask it at its path `/forward-auth/caddy`, with all headers of the client',
  listed: '`request_header @ordinary -Connection` before the question',
  upgrade:
    '`request_header @ordinary -Upgrade`, with a matcher that leaves `websocket` alone in, and `request_header @websocket Upgrade websocket`',
  framing: '`max_header_size 64KB` in the global `servers`',
  own: '`request_header -NAME` at the top of the `route`, and set it from Dharma’s answer in `handle_response`',
};

const envoy: Remedies = {
  path: '`normalize_path: true`, `merge_slashes: true`, `path_with_escaped_slashes_action: REJECT_REQUEST` in the connection manager, and no `prefix_rewrite` or `regex_rewrite`',
  target: '`http_protocol_options: { allow_absolute_url: false }` in the connection manager',
  host: 'no `host_rewrite_literal` or `auto_host_rewrite` in the route',
  method: 'no filter after `ext_authz` that sets `:method`',
  asked:
    '`ext_authz` for every route: look for `disabled: true`, and by HTTP list `x-dharma-decision` in `allowed_upstream_headers`',
  kept: 'no filter between Envoy and Dharma that keeps answers',
  ours: '`remove_on_match: { key_matcher: { prefix: x-dharma- } }` in a `header_mutation` filter before `ext_authz`',
  override: '`remove: NAME` in a `header_mutation` filter before `ext_authz`',
  forwarded:
    '`use_remote_address: true`, and `remove: NAME` in a `header_mutation` filter before `ext_authz`; for certificates `forward_client_cert_details: SANITIZE`',
  alias:
    '`headers_with_underscores_action: REJECT_REQUEST`, and `remove_on_match: { key_matcher: { contains: "." } }` before `ext_authz`',
  repeated: 'Dharma refuses them itself: no `allowed_headers` in `ext_authz` that leaves `authorization` out',
  listed: 'Envoy drops none of them: look at what stands between it and the service',
  upgrade: '`upgrade_configs: [{ upgrade_type: websocket }]`, and nothing else in it',
  framing: 'leave `allow_chunked_length` off in `http_protocol_options`',
  own: '`remove: NAME` in a `header_mutation` filter before `ext_authz`',
};

const haproxy: Remedies = {
  path: "tell Dharma `%[pathq]`, and refuse before: `http-request deny if { path -m reg '(//|/\\.|;|%2f|%5c|%00|%25)' }`",
  target: '`http-request set-uri %[pathq]`, and before it `http-request deny unless { url_beg / }`',
  host: '`http-request deny if { req.hdr_cnt(host) gt 1 }` and `http-request deny unless { req.hdr(host) -m found }`, and no `http-request set-header Host`',
  method: 'tell Dharma `%[method]`, and no `http-request set-method`',
  asked:
    'the check as `http-request lua.…` in every frontend and before every `use_backend`, and `http-request set-header X-Dharma-Decision` from its answer',
  kept: 'no `http-request cache-use` for what the check asks, and no map or stick table of its answers',
  ours: '`http-request del-header X-Dharma- -m beg` before the check',
  override: '`http-request del-header NAME` before the check',
  forwarded: '`http-request del-header NAME` before the check, then `option forwardfor`',
  alias: '`http-request del-header _ -m sub` and `http-request del-header . -m sub` before the check',
  repeated: '`http-request deny if { req.hdr_cnt(authorization) gt 1 }`',
  listed: '`http-request del-header Connection` before the check',
  upgrade:
    '`acl websocket req.fhdr(upgrade) -m str -i websocket`, then `http-request del-header Upgrade unless websocket` and `http-request set-header Upgrade websocket if websocket`',
  framing: 'no `option accept-invalid-http-request`',
  own: '`http-request del-header NAME` before the check, and set it from the answer',
};

const apache: Remedies = {
  path: 'tell Dharma `r.unparsed_uri`, never `r.uri`, with `ProxyPass … nocanon`, `AllowEncodedSlashes Off`, and a refusal of control characters',
  target: '`RewriteCond %{THE_REQUEST} !"^\\S+ /"` with `RewriteRule ^ - [R=400,L]`',
  host: '`ProxyPreserveHost On`, `HttpProtocolOptions Strict Require1.0`, and no `UseCanonicalName On`',
  method: 'tell Dharma `r.method`, and refuse what is not plain: `HttpProtocolOptions RegisteredMethods`',
  asked: '`LuaHookAccessChecker` for every virtual host, and `r.headers_in["X-Dharma-Decision"]` set from the answer',
  kept: 'no `mod_cache` before the check, and no table of answers in the Lua hook',
  ours: '`RequestHeader unset NAME early`',
  override: '`RequestHeader unset NAME early`',
  forwarded: '`RequestHeader unset NAME early`, and `ProxyAddHeaders Off` where the service reads what Apache appends',
  alias: 'refuse names with `_` or `.` in the Lua hook: `RequestHeader unset` knows no patterns',
  repeated: 'refuse an `Authorization` with a comma in the Lua hook: Apache joins two',
  listed: '`RequestHeader unset Connection early`, or refuse a list in the Lua hook',
  upgrade: 'no `upgrade=` in `ProxyPass` but `upgrade=websocket`',
  framing: '`HttpProtocolOptions Strict`, as it is by default',
  own: '`RequestHeader unset NAME early`, and set it from the answer in the Lua hook',
};

const traefik: Remedies = {
  path: '`encodedCharacters` of the entry point: all `false`; and `sanitizePath: true`; no `stripPrefix` or `replacePath` between `forwardAuth` and the service',
  target:
    'update Traefik: it takes the path of such a target, and the host of `X-Forwarded-Host` must be that of the service',
  host: '`passHostHeader: true`, and a rule with `Host(…)` for every router',
  method: 'leave `preserveRequestMethod` as it is; Dharma reads `X-Forwarded-Method`',
  asked: 'the `forwardAuth` middleware on every router, and `x-dharma-decision` in its `authResponseHeaders`',
  kept: 'no plugin that keeps the answers of `forwardAuth`',
  ours: '`authResponseHeaders` of `forwardAuth` lists NAME: what is listed there is taken from clients',
  override: '`customRequestHeaders: { NAME: "" }` in a `headers` middleware before `forwardAuth`',
  forwarded:
    '`trustForwardHeader` off, no `forwardedHeaders.insecure`, and `customRequestHeaders: { NAME: "" }` before `forwardAuth`',
  alias: '`customRequestHeaders: { NAME: "" }` in a `headers` middleware before `forwardAuth`, one entry a spelling',
  repeated: 'Dharma refuses them itself: no `authRequestHeaders` that leaves `Authorization` out',
  listed: 'update Traefik: it takes headers named in `Connection` out before it asks',
  upgrade: '`customRequestHeaders: { Upgrade: "" }` on routers that need no websockets',
  framing: 'update Traefik',
  own: '`authResponseHeaders` of `forwardAuth` lists NAME',
};

const REMEDIES: { readonly [gateway in GatewayName]: Remedies } = { nginx, caddy, envoy, haproxy, apache, traefik };
