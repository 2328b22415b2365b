import { compile, decide, specify, type AccessRequest, type Outcome, type World } from '#engine';

/** Answers requests about one world. */
export type Answerer = (request: AccessRequest) => Outcome | Promise<Outcome>;

/** One of the statements of what a decision means. */
export interface Voice {
  readonly name: 'specification' | 'fast' | 'casbin';
  prepare(world: World): Answerer | Promise<Answerer>;
}

export const SPECIFICATION: Voice = {
  name: 'specification',
  prepare: (world) => (request) => specify(world, request),
};

export const FAST: Voice = {
  name: 'fast',
  prepare(world) {
    const snapshot = compile(world);
    return (request) => decide(snapshot, request);
  },
};

export const CASBIN: Voice = {
  name: 'casbin',
  async prepare(world) {
    const { loadReference } = await import('#reference');
    const reference = await loadReference(world);
    return (request) => reference.decide(request);
  },
};

export const VOICES: readonly Voice[] = [SPECIFICATION, FAST, CASBIN];
