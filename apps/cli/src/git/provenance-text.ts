/** Where a commit was read, beside its id and author, which a revision has members for. */
export interface CommitPlace {
  readonly repository: string;
  readonly ref: string;
  /** Empty for the whole repository. */
  readonly path: string;
}

/** Of a revision's `because`. */
const MAXIMUM = 4_096;

/**
 * Why a revision was published, in the words of its commit: the message, and below it where the commit was read, each on
 * a line of its own as git's own trailers are.
 */
export function provenanceText(message: string, { repository, ref, path }: CommitPlace): string {
  const trailers = [`Repository: ${repository}`, `Ref: ${ref}`, ...(path === '' ? [] : [`Path: ${path}`])].join('\n');
  const words = message.trim() === '' ? 'a commit without a message' : message.trim();
  const room = MAXIMUM - trailers.length - 2;
  // Not through the middle of a character of two halves.
  const fitting = words.length <= room ? words : `${words.slice(0, room - 2).replace(/[\ud800-\udbff]$/, '')} …`;
  return `${fitting}\n\n${trailers}`;
}
