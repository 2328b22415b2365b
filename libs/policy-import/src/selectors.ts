import { entriesOf, listOf, type Loose, member, textOf } from './foreign-text.js';

/** Labels that a thing has at least; what else it has is not known. */
export type Labels = ReadonlyMap<string, string>;

/** Whether a selector takes in everything that has these labels, or cannot take in any, or nobody knows. */
export type Certainty = 'yes' | 'no' | 'unknown';

export function labelsOf(value: Loose): Labels {
  // What is written without quotes may have become a number.
  return new Map(entriesOf(value).map(([name, text]) => [name, String(text)]));
}

/** @param isWhole  whether these are all the labels there are */
export function selects(selector: Loose, labels: Labels, isWhole: boolean): Certainty {
  const answers = [
    ...entriesOf(member(selector, 'matchLabels')).map(([key, value]) => compared(labels, isWhole, key, [value], false)),
    ...listOf(member(selector, 'matchExpressions')).map((expression) => expressed(expression, labels, isWhole)),
  ];
  return every(answers);
}

export function every(answers: readonly Certainty[]): Certainty {
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

export function some(answers: readonly Certainty[]): Certainty {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

function expressed(expression: Loose, labels: Labels, isWhole: boolean): Certainty {
  const key = textOf(member(expression, 'key'));
  const values = listOf(member(expression, 'values'));
  if (key === undefined) return 'unknown';
  switch (member(expression, 'operator')) {
    case 'In':
      return compared(labels, isWhole, key, values, false);
    case 'NotIn':
      return compared(labels, isWhole, key, values, true);
    case 'Exists':
      return labels.has(key) ? 'yes' : isWhole ? 'no' : 'unknown';
    case 'DoesNotExist':
      return labels.has(key) ? 'no' : isWhole ? 'yes' : 'unknown';
    default:
      return 'unknown';
  }
}

function compared(labels: Labels, isWhole: boolean, key: string, values: readonly Loose[], isNot: boolean): Certainty {
  const label = labels.get(key);
  if (label === undefined) return isWhole ? (isNot ? 'yes' : 'no') : 'unknown';
  return values.map(String).includes(label) !== isNot ? 'yes' : 'no';
}
