import type { AdminApiParts } from '#admin-api';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { type Answer, ScriptedServer, startTestAdmin, type TestAdmin } from '../admin-api/admin-server.js';

/** A day on which tests are run. */
export const NOW = Date.parse('2026-11-22T12:00:00Z');

/** The admin API on a history that ends with the test. */
export interface MemoryAdmin extends TestAdmin {
  /** Publishes a text as the whole of a source on the newest revision. */
  publish(text: string, source?: string): Promise<Answer>;
  /** The newest revision as a base; null before the first. */
  newest(): Promise<{ readonly number: number; readonly contentHash: string } | null>;
}

/** @param more  of what the admin API is given */
export async function startMemoryAdmin(more: Pick<AdminApiParts, 'decisions'> = {}): Promise<MemoryAdmin> {
  const clock = () => NOW;
  const audit = new MemoryAuditLog(clock);
  const history = {
    store: new MemoryRevisionStore(clock, audit),
    credentials: new MemoryCredentialStore(clock, audit),
    audit,
    fleet: new MemoryFleet(clock),
  };
  const admin = await startTestAdmin({ history, server: new ScriptedServer(), clock: () => NOW, ...more });
  const newest = async () => {
    const revision = await history.store.newest();
    return revision && { number: revision.number, contentHash: revision.contentHash };
  };
  return {
    ...admin,
    newest,
    async publish(text, source = 'git') {
      const files = [{ file: `${source}.yaml`, text }];
      const body = { source, files, base: await newest(), because: 'a test says so' };
      const answer = await admin.ask('POST', '/admin/v1/revisions', { body });
      expect(answer).toMatchObject({ status: 201 });
      return answer;
    },
  };
}
