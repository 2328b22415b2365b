import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { LiveSnapshot } from '#decision';

/** How a check listener is reached. On a unix socket no peer has an address; on TCP only one that already hung up. */
export type ListenerKind = 'tcp' | 'unix';

/** Who is asking, as an authenticated party. */
export type Caller = { readonly kind: 'local' } | { readonly kind: 'stranger'; readonly reason: string };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Tells known enforcement points from strangers, on both check listeners. */
export class Callers {
  readonly #live: LiveSnapshot;
  readonly #listeners: { readonly http: ListenerKind; readonly grpc: ListenerKind };

  constructor(live: LiveSnapshot, listeners: { readonly http: ListenerKind; readonly grpc: ListenerKind }) {
    this.#live = live;
    this.#listeners = listeners;
  }

  overHttp(remoteAddress: string | undefined): Caller {
    return this.#judge(this.#listeners.http, remoteAddress);
  }

  /** @param peer  as gRPC reports it: `address:port`, or `unknown` on a unix socket */
  overGrpc(peer: string): Caller {
    return this.#judge(this.#listeners.grpc, peer === 'unknown' ? undefined : addressOf(peer));
  }

  #judge(listener: ListenerKind, address: string | undefined): Caller {
    if ((this.#live.inForce?.enforcementPointCount ?? 0) > 0) {
      return stranger('the policy set names enforcement points, whose credentials this version cannot check yet');
    }
    if (listener === 'unix') return { kind: 'local' };
    if (address !== undefined && isLoopback(address)) return { kind: 'local' };
    return stranger('only callers on this machine are known while the policy set names no enforcement point');
  }
}

function stranger(reason: string): Caller {
  return { kind: 'stranger', reason };
}

function addressOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'));
}

function isLoopback(address: string): boolean {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  if (isIPv4(plain)) return loopback.check(plain, 'ipv4');
  return isIPv6(plain) && loopback.check(plain, 'ipv6');
}
