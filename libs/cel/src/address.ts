/**
 * Internet addresses and CIDR blocks, compared as numbers.
 *
 * Parsing is strict: four decimal numbers without leading zeros, or RFC 4291 text, and nothing a second parser could
 * read differently (no octal, no short forms, no zone ids, no white space). An IPv4-mapped IPv6 address *is* its IPv4
 * address, so `::ffff:10.0.0.1` and `10.0.0.1` are one value; IPv6 blocks therefore never hold IPv4 addresses, except
 * those inside `::ffff:0:0/96`, which are IPv4 blocks themselves.
 */

import { Opaque } from './values.js';

export class Address extends Opaque {
  override readonly kind = 'net.IP';
  constructor(
    readonly family: 4 | 6,
    /** 32 or 128 bits, network order. */
    readonly bits: bigint,
  ) {
    super();
  }
}

export class Cidr extends Opaque {
  override readonly kind = 'net.CIDR';
  constructor(
    /** The block's first address: bits beyond the prefix are zero. */
    readonly address: Address,
    readonly prefixLength: number,
  ) {
    super();
  }
}

const MAX_ADDRESS_TEXT = 45;
const MAPPED_PREFIX = 0xffffn;

/** @returns undefined when the text is no address */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_ADDRESS_TEXT) return undefined;
  if (!text.includes(':')) {
    const bits = parseIpv4(text);
    return bits === undefined ? undefined : new Address(4, bits);
  }
  const bits = parseIpv6(text);
  if (bits === undefined) return undefined;
  return bits >> 32n === MAPPED_PREFIX ? new Address(4, bits & 0xffffffffn) : new Address(6, bits);
}

/**
 * An address, `/` and a prefix length. Bits beyond the prefix are ignored: `10.1.2.3/8` is `10.0.0.0/8`.
 *
 * @returns undefined when the text is no CIDR block; a bare address is none
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const addressText = text.slice(0, slash);
  const address = parseAddress(addressText);
  const written = parseDecimal(text.slice(slash + 1), 128);
  if (address === undefined || written === undefined) return undefined;
  const mapped = address.family === 4 && addressText.includes(':');
  const prefixLength = mapped ? written - 96 : written;
  if (prefixLength < 0) {
    // A block that begins inside the mapped range and reaches beyond it is an IPv6 block.
    const bits = truncate((MAPPED_PREFIX << 32n) | address.bits, 128, written);
    return new Cidr(new Address(6, bits), written);
  }
  const width = address.family === 4 ? 32 : 128;
  if (prefixLength > width) return undefined;
  return new Cidr(new Address(address.family, truncate(address.bits, width, prefixLength)), prefixLength);
}

export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (cidr.address.family !== address.family) return false;
  const beyond = BigInt((address.family === 4 ? 32 : 128) - cidr.prefixLength);
  return address.bits >> beyond === cidr.address.bits >> beyond;
}

/** Whether one address lies in both blocks; then one of them lies in the other. */
export function cidrsOverlap(one: Cidr, other: Cidr): boolean {
  return one.prefixLength <= other.prefixLength ? cidrContains(one, other.address) : cidrContains(other, one.address);
}

function truncate(bits: bigint, width: number, prefixLength: number): bigint {
  const beyond = BigInt(width - prefixLength);
  return (bits >> beyond) << beyond;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    const octet = parseDecimal(part, 255);
    if (octet === undefined) return undefined;
    bits = (bits << 8n) | BigInt(octet);
  }
  return bits;
}

/** A whole number from 0 to `most`, without sign or leading zeros. */
function parseDecimal(text: string, most: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [headText, tailText] = halves as [string, string?];
  const head = parseGroups(headText, tailText === undefined);
  const tail = tailText === undefined ? [] : parseGroups(tailText, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for one or more groups of zeros.
  if (tailText === undefined ? missing !== 0 : missing < 1) return undefined;
  let bits = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => 0n), ...tail]) bits = (bits << 16n) | group;
  return bits;
}

/** @param mayEndInIpv4  whether these groups end the address, where an IPv4 address may stand for the last two */
function parseGroups(text: string, mayEndInIpv4: boolean): bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const bits = parseIpv4(part);
      if (bits === undefined) return undefined;
      groups.push(bits >> 16n, bits & 0xffffn);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(BigInt(`0x${part}`));
    }
  }
  return groups;
}
