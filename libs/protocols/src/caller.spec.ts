import { LiveSnapshot } from '#decision';
import type { Snapshot } from '#engine';
import { Callers, type ListenerKind } from './caller.js';

function callers(listener: ListenerKind, enforcementPointCount = 0): Callers {
  const live = new LiveSnapshot();
  const snapshot = null as unknown as Snapshot;
  live.replace({ revision: 1, contentHash: '', snapshot, enforcementPointCount, confirmedAt: 0 });
  return new Callers(live, { http: listener, grpc: listener });
}

describe('the caller', () => {
  it.each`
    because                                   | address               | kind
    ${'loopback is this machine'}             | ${'127.0.0.1'}        | ${'local'}
    ${'all of 127/8 is loopback'}             | ${'127.8.9.1'}        | ${'local'}
    ${'so is ::1'}                            | ${'::1'}              | ${'local'}
    ${'a mapped address is its IPv4 address'} | ${'::ffff:127.0.0.1'} | ${'local'}
    ${'a neighbour is another machine'}       | ${'10.0.0.7'}         | ${'stranger'}
    ${'a mapped neighbour too'}               | ${'::ffff:10.0.0.7'}  | ${'stranger'}
    ${'any other IPv6 address too'}           | ${'fd00::1'}          | ${'stranger'}
    ${'a peer that hung up has no address'}   | ${undefined}          | ${'stranger'}
    ${'what is no address is nobody'}         | ${'localhost'}        | ${'stranger'}
  `('over TCP: $because', ({ address, kind }: { address: string | undefined; kind: string }) => {
    expect(callers('tcp').overHttp(address).kind).toBe(kind);
    const peer = address === undefined ? 'unknown' : `${address}:5000`;
    expect(callers('tcp').overGrpc(peer).kind).toBe(kind);
  });

  it('is local on a unix socket, which only this machine can open', () => {
    expect(callers('unix').overHttp(undefined).kind).toBe('local');
    expect(callers('unix').overGrpc('unknown').kind).toBe('local');
  });

  it.each(['tcp', 'unix'] as const)('is a stranger on %s once the set names enforcement points', (listener) => {
    expect(callers(listener, 1).overHttp('127.0.0.1').kind).toBe('stranger');
    expect(callers(listener, 1).overGrpc('unknown').kind).toBe('stranger');
  });
});
