import type { HttpReply } from '#http';
import type { Published } from './dto/revision.dto.js';

/** 201 for a new revision, 200 where nothing new was stored. */
export function answered<View extends Published>(reply: HttpReply, published: View): View {
  reply.status(published.unchanged === true || published.repeated === true ? 200 : 201);
  return published;
}
