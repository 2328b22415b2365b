import type { DecisionPoint, LiveSnapshot } from '#decision';
import { Standing, type Vitals } from './standing.js';

const deciding = { isClosed: false, isObserving: false } as DecisionPoint;
const live = { inForce: { revision: 7 } } as LiveSnapshot;
const well: Vitals = { isStuck: false, troubles: () => [] };

describe('how a server stands', () => {
  it.each`
    because                                  | parts                                                        | report
    ${'all is well'}                         | ${{}}                                                        | ${{ ready: true, revision: 7 }}
    ${'there is no policy'}                  | ${{ live: { inForce: undefined } }}                          | ${{ ready: false, because: 'no policy is in force' }}
    ${'others should answer'}                | ${{ vitals: { ...well, isStuck: true } }}                    | ${{ ready: false, because: 'the event loop is stuck' }}
    ${'all servers have lost the store'}     | ${{ vitals: { ...well, troubles: () => ['lost'] } }}         | ${{ ready: true, revision: 7, degraded: ['lost'] }}
    ${'everybody must see that it observes'} | ${{ decisionPoint: { isClosed: false, isObserving: true } }} | ${{ ready: true, revision: 7, mode: 'observe' }}
    ${'it is closed'}                        | ${{ decisionPoint: { isClosed: true, isObserving: false } }} | ${{ ready: false, because: 'shutting down' }}
  `('is told to probes: $because', ({ parts, report }) => {
    const { live: policy, decisionPoint, vitals } = { live, decisionPoint: deciding, vitals: well, ...parts };
    const standing = new Standing(policy, decisionPoint, vitals);
    expect(standing.readiness()).toEqual(report);
    expect(standing.isServing()).toBe(report.ready);
  });

  it('is not ready from the moment on that it drains', () => {
    const standing = new Standing(live, deciding, well);
    standing.drain();
    expect(standing.readiness()).toEqual({ ready: false, because: 'shutting down' });
    expect(standing.isServing()).toBe(false);
  });
});
