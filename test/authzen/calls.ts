/** How the tests call AuthZEN's routes. */

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Of a body that is JSON. */
  readonly json: { readonly [member: string]: unknown };
}

/**
 * @param address  `host:port`
 * @param body  sent as JSON, a text as it is
 */
export async function post(
  address: string,
  path: string,
  body: unknown,
  headers: { readonly [name: string]: string } = {},
): Promise<Reply> {
  const response = await fetch(`http://${address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Reply['json'] };
}
