const MAXIMUM_SUBJECT_BYTES = 1024;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/;

/** @returns why a text can be nobody's name; undefined when it can */
export function subjectFault(text: string): string | undefined {
  if (text === '') return 'its subject is empty';
  if (Buffer.byteLength(text) > MAXIMUM_SUBJECT_BYTES)
    return `its subject is longer than ${MAXIMUM_SUBJECT_BYTES} bytes`;
  if (CONTROL_CHARACTER.test(text) || LONE_SURROGATE.test(text))
    return 'its subject holds control characters or half characters';
  return undefined;
}

/** The same for a subject in a header, whose bytes beyond ASCII programs read in different ways. */
export function headerSubjectFault(text: string): string | undefined {
  const fault = subjectFault(text);
  if (fault !== undefined) return fault;
  return PRINTABLE_ASCII.test(text)
    ? undefined
    : 'its subject holds characters beyond ASCII, which a header cannot carry';
}
