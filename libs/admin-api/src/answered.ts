import type { HttpReply } from '#http';

interface Answered {
  readonly unchanged?: true | undefined;
  readonly repeated?: true | undefined;
}

/** 201 for a new revision or proposal, 200 where nothing new was stored. */
export function answered<View extends Answered>(reply: HttpReply, view: View): View {
  reply.status(view.unchanged === true || view.repeated === true ? 200 : 201);
  return view;
}
