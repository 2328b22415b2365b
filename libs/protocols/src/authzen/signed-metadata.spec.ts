import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, jwtVerify } from 'jose';
import { metadataOf } from './metadata.js';
import { signedMetadata } from './signed-metadata.js';

const URL = 'https://pdp.example';
const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8') =>
  key.export({ type, format: 'pem' }).toString();

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

describe('signed metadata', () => {
  it.each`
    because                             | key        | pem                    | algorithm
    ${'Ed25519 has one'}                | ${ed25519} | ${pemOf(ed25519)}      | ${'EdDSA'}
    ${'a curve has one'}                | ${p256}    | ${pemOf(p256)}         | ${'ES256'}
    ${'older programs write it so'}     | ${p256}    | ${pemOf(p256, 'sec1')} | ${'ES256'}
    ${'of those of RSA it is the safe'} | ${rsa}     | ${pemOf(rsa)}          | ${'PS256'}
    ${'and they write RSA so'}          | ${rsa}     | ${pemOf(rsa, 'pkcs1')} | ${'PS256'}
  `('say what the plain say, by the algorithm of the key: $because', async ({ key, pem, algorithm }) => {
    const publicKey = createPublicKey(key as KeyObject);
    const jwt = await signedMetadata(URL, pem as string, 1_800_000_000);
    const { payload, protectedHeader } = await jwtVerify(jwt, publicKey, { issuer: URL });
    expect(payload).toEqual({ ...metadataOf(URL), iss: URL, iat: 1_800_000_000 });
    expect(protectedHeader).toEqual({ alg: algorithm, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) });
  });

  it('are of no other key', async () => {
    const jwt = await signedMetadata(URL, pemOf(p256), 1_800_000_000);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    await expect(jwtVerify(jwt, other)).rejects.toThrow('signature verification failed');
  });

  it.each`
    because                    | pem                                                                         | message
    ${'it is no key'}          | ${'secret'}                                                                 | ${'it holds no private key'}
    ${'it is the public half'} | ${createPublicKey(p256).export({ type: 'spki', format: 'pem' }).toString()} | ${'it holds no private key'}
    ${'the curve is another'}  | ${pemOf(p384)}                                                              | ${'its key is neither Ed25519'}
    ${'the modulus is short'}  | ${pemOf(smallRsa)}                                                          | ${'its key is neither Ed25519'}
  `('cannot be made when $because', async ({ pem, message }) => {
    const made = signedMetadata(URL, pem as string, 0);
    await expect(made).rejects.toThrow(message);
    await expect(made).rejects.not.toThrow('secret');
  });
});
