/** Self-signed certificates with any names in them, also those that no authority would issue: DER by hand (X.690). */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Names {
  /** Relative distinguished names in the order of the certificate: lists of [object identifier, value]. */
  readonly subject?: readonly (readonly (readonly [type: string, value: string])[])[];
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
}

export const COMMON_NAME = '2.5.4.3';
export const ORGANISATION = '2.5.4.10';
export const COUNTRY = '2.5.4.6';

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const PAIR: KeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/**
 * The certificate in DER.
 *
 * @param pair  on the curve P-256
 */
export function certificate(
  { subject = [[[COMMON_NAME, 'test']]], uris = [], dnsNames = [] }: Names,
  { publicKey, privateKey }: KeyPair = PAIR,
): Buffer {
  const name = sequence(...subject.map((attributes) => set(...attributes.map(attribute))));
  const names = [
    ...uris.map((text) => element(0x86, Buffer.from(text))),
    ...dnsNames.map((text) => element(0x82, Buffer.from(text))),
  ];
  const extension = sequence(objectIdentifier('2.5.29.17'), element(0x04, sequence(...names)));
  const toBeSigned = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    sequence(),
    sequence(time('20260101000000Z'), time('20360101000000Z')),
    name,
    keyInfo(publicKey),
    ...(names.length === 0 ? [] : [element(0xa3, sequence(extension))]),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  return sequence(toBeSigned, ECDSA_WITH_SHA256, element(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

export function pemOf(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

/** As Envoy passes it on. */
export function encodedPem(names: Names): string {
  return encodeURIComponent(pemOf(certificate(names)));
}

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return element(0x30, ...contents);
}

function set(...contents: readonly Buffer[]): Buffer {
  return element(0x31, ...contents.toSorted(Buffer.compare));
}

function attribute([type, value]: readonly [string, string]): Buffer {
  return sequence(objectIdentifier(type), element(0x0c, Buffer.from(value)));
}

function time(text: string): Buffer {
  return element(0x18, Buffer.from(text));
}

function keyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function objectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]];
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
