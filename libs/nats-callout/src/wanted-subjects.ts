/** A subject that clients may be given, and what they may do there. */
export interface WantedSubject {
  readonly action: 'publish' | 'consume';
  /** Without wildcards; with `{user}` in place of a token, the name of whoever logs in stands there. */
  readonly subject: string;
}

/** What is wrong with a list of subjects, by its line. */
export interface SubjectFault {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** More would make each login dear, and each answer long. */
export const MOST_SUBJECTS = 1_000;

const ACTIONS: ReadonlyMap<string, WantedSubject['action']> = new Map([
  ['publish', 'publish'],
  ['subscribe', 'consume'],
]);
const OWN = '{user}';
/** A token that stands for nothing but itself, in NATS and in the topics of a policy. */
const TOKEN = /^[A-Za-z0-9_$%=@:/+-]+$/;

/**
 * The list of subjects that Dharma is asked about at each login: a line each, `publish SUBJECT` or `subscribe SUBJECT`;
 * empty lines and lines after `#` are for people.
 *
 * @returns all faults, or the subjects
 */
export function parseWantedSubjects(
  text: string,
): { readonly subjects: readonly WantedSubject[] } | { readonly faults: readonly SubjectFault[] } {
  const subjects: WantedSubject[] = [];
  const faults: SubjectFault[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim();
    if (words === '' || words.startsWith('#')) continue;
    const read = wantedSubject(words);
    if (typeof read === 'string') faults.push({ line: index + 1, message: read });
    else subjects.push(read);
  }
  if (subjects.length > MOST_SUBJECTS) faults.push({ line: 0, message: `more than ${MOST_SUBJECTS} subjects` });
  return faults.length > 0 ? { faults } : { subjects };
}

function wantedSubject(words: string): WantedSubject | string {
  const [verb = '', subject = '', ...more] = words.split(/\s+/);
  const action = ACTIONS.get(verb);
  if (action === undefined) return `\`${verb}\` is not one of \`publish\`, \`subscribe\``;
  if (more.length > 0 || subject === '') return `\`${verb}\` needs one subject`;
  const tokens = subject.split('.');
  if (tokens.some((token) => token === '*' || token === '>')) return `\`${subject}\` is more than one subject`;
  const wrong = tokens.find((token) => token !== OWN && !TOKEN.test(token));
  return wrong === undefined ? { action, subject } : `\`${subject}\` is no subject`;
}

/**
 * A name as one token, so that no two names can look alike: `.` is `%2E` there, and `%` is `%25`.
 *
 * @returns undefined for a name that can stand in no subject
 */
export function tokenOf(name: string): string | undefined {
  const token = name.replaceAll('%', '%25').replaceAll('.', '%2E');
  return TOKEN.test(token) ? token : undefined;
}

/**
 * The subjects that are asked about for one client.
 *
 * @param user  as {@link tokenOf} writes the name; undefined: subjects of one's own are not for them
 */
export function subjectsFor(wanted: readonly WantedSubject[], user: string | undefined): readonly WantedSubject[] {
  return wanted.flatMap(({ action, subject }) => {
    if (!subject.includes(OWN)) return [{ action, subject }];
    return user === undefined ? [] : [{ action, subject: subject.replaceAll(OWN, user) }];
  });
}
