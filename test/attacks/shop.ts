/** What the attacks go against: the shop of `support/gateway-shop.ts`, whose edge proves itself by a key and may explain. */
import { provenShop, type Proofs } from '../support/gateway-shop.js';

export const KEY = 'edge-1.a-secret-of-the-edge';

export const PUBLIC = { host: 'shop.example', method: 'GET', path: '/public/list' };
export const ACCOUNT = { host: 'shop.example', method: 'GET', path: '/account/1' };
export const OFFICE = { host: 'shop.example', method: 'GET', path: '/office/1' };

export function attackedShop(jwks: Proofs['jwks']): string {
  const shop = provenShop({ jwks, gatewayKey: KEY, partnerKey: 'partner-1.a-secret-of-the-partner' });
  return shop.replace('mayAssert: [portal', 'mayExplain: true\n  mayAssert: [portal');
}

/** An item of evidence that the edge may assert. */
export function trusted(subject: string, more: object = {}): object {
  return { role: 'trust', mechanism: 'mesh', subject, ...more };
}

/** Bytes that look like nothing, always the same. */
export function noise(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 167 + 13) % 256));
}
