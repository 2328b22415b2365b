import { decide, snapshotWithAssignments, worldWithAssignments } from '#engine';
import { runTests } from '#policy';
import { assignmentStep } from './assignment-step.js';
import { documentChanges } from './bundle-changes.js';
import { type Plan, type PlanRequest, setAfter, storable, type TestedWorld } from './plan.js';
import { keyText } from './revision.js';
import { soundRoleSet } from './sound-role-set.js';
import { changeSummary, spokenChanges } from './set-changes.js';

/** A set that was judged as a whole, or follows from one by such changes. */
export interface JudgedSet {
  /** By what its tests are judged; absent where it has none. */
  readonly tested?: TestedWorld | undefined;
  /** Bytes by which its texts may still grow. */
  readonly room: number;
}

export interface AssignmentPlan extends Plan {
  readonly judged: JudgedSet;
}

/**
 * The plan of a bundle that only says who holds which role, on a set that was judged: what else the set says was judged
 * with it, and no fault can come of who holds a role but in the bundle itself. Tests are all run. Costs time in
 * proportion to the bundle and the tests.
 *
 * @param request  without anything that goes
 * @param judged  its base
 * @returns null where there is more to it, or anything is wrong with it: the whole set says what
 */
export function planAssignments(
  { base, source, files, now }: Pick<PlanRequest, 'base' | 'source' | 'files' | 'now'>,
  judged: JudgedSet,
): AssignmentPlan | null {
  const [file, ...more] = files;
  const read = file === undefined || more.length > 0 ? null : soundRoleSet(file);
  const [after] = read === null ? [] : storable([read.located], source).documents;
  if (after === undefined) return null;
  const was = base.find((document) => keyText(document) === keyText(after));
  if (was === undefined || was.source !== source) return null;
  // A quota counts what the whole set holds.
  if (base.some(({ kind }) => kind === 'Quota')) return null;
  const differences = documentChanges([was], [after]);
  const put = differences.length === 0 ? [] : [after];
  const room = judged.room - (Buffer.byteLength(after.text) - Buffer.byteLength(was.text));
  const tested = testedAfter(judged.tested, differences, setAfter(base, put, []));
  if (room < 0 || tested === null) return null;
  const results = tested === undefined ? [] : runTests(tested, (asked) => decide(tested.snapshot, asked), now, tested);
  if (results.some(({ passed }) => !passed)) return null;
  const before = soundRoleSet({ file: keyText(was), text: was.text });
  if (before === null) return null;
  const changes = spokenChanges(differences, {
    before: new Map([[keyText(was), before.document]]),
    after: new Map([[keyText(after), after.document]]),
  });
  return {
    valid: true,
    faults: [],
    warnings: [],
    tests: { passed: results.length, failed: [] },
    changes,
    summary: changeSummary(changes),
    foreign: [],
    missed: [],
    exceeded: [],
    guardrails: () => [],
    held: [{ kind: after.kind, name: after.name }],
    touched: put.length === 0 ? [] : [before.document, after.document],
    put,
    remove: [],
    world: tested?.world ?? null,
    judged: { room, tested },
  };
}

/** Null where it is no step of assignments; undefined where there are no tests, and no world is needed. */
function testedAfter(
  before: TestedWorld | undefined,
  differences: Parameters<typeof assignmentStep>[0],
  after: Parameters<typeof assignmentStep>[1],
): TestedWorld | null | undefined {
  const assignmentsAt = (domain: string) => before?.world.domains.get(domain)?.directory.assignments;
  const changes = assignmentStep(differences, after, (domain, one) => assignmentsAt(domain)?.get(one) ?? []);
  if (changes === null) return null;
  if (before === undefined) return undefined;
  if (changes.some(({ domain }) => !before.world.domains.has(domain))) return null;
  return {
    ...before,
    world: worldWithAssignments(before.world, changes),
    snapshot: snapshotWithAssignments(before.snapshot, changes),
  };
}
