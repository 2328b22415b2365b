import { compile, decide, specify, type AccessRequest, type Outcome, type World } from '#engine';

export const ENGINES = ['fast', 'specification', 'casbin'] as const;
export type EngineName = (typeof ENGINES)[number];

export type Answerer = (request: AccessRequest) => Outcome | Promise<Outcome>;

export async function answererOf(engine: EngineName, world: World): Promise<Answerer> {
  switch (engine) {
    case 'fast': {
      const snapshot = compile(world);
      return (request) => decide(snapshot, request);
    }
    case 'specification':
      return (request) => specify(world, request);
    case 'casbin': {
      const { loadReference } = await import('#reference');
      const reference = await loadReference(world);
      return (request) => reference.decide(request);
    }
  }
}
