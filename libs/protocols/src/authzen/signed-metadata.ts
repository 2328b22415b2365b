import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { metadataOf } from './metadata.js';

const SMALLEST_MODULUS_BITS = 2048;

/**
 * The metadata of a decision point as a JWT, which callers hold to be true also where whoever hands it on might have changed it. They
 * have the public key from its owner: one that came with the metadata would prove nothing.
 *
 * @param publicUrl  where callers reach the HTTP check listener, without a slash at its end
 * @param pem  a private key: Ed25519, of the curve P-256, or RSA with 2048 bits or more
 * @param now  seconds since the epoch
 * @throws Error in words for whoever configured the key; they hold nothing of it
 */
export async function signedMetadata(publicUrl: string, pem: string, now: number): Promise<string> {
  const key = privateKeyIn(pem);
  const kid = await calculateJwkThumbprint(await exportJWK(createPublicKey(key)));
  return new SignJWT(metadataOf(publicUrl))
    .setProtectedHeader({ alg: algorithmOf(key), kid })
    .setIssuer(publicUrl)
    .setIssuedAt(now)
    .sign(key);
}

function privateKeyIn(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('it holds no private key in PEM that can be read without a passphrase');
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  if (asymmetricKeyType === 'rsa' && modulusLength >= SMALLEST_MODULUS_BITS) return 'PS256';
  throw new Error('its key is neither Ed25519, nor of the curve P-256, nor RSA with 2048 bits or more');
}
