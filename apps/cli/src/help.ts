import { type Command, Help, type Option } from 'commander';

/** Flags of every verb that asks a server: they stand behind what is its own. */
export const WAY_GROUP = 'To reach the server:';

/** The verbs, in the order in which somebody new needs them. */
const VERBS: readonly (readonly [heading: string, names: readonly string[]])[] = [
  [
    'Policies in a folder:',
    [
      'init',
      'validate',
      'fmt',
      'test',
      'explain',
      'who-can',
      'decide',
      'import',
      'export',
      'schema',
      'verify',
      'bench',
    ],
  ],
  ['Servers:', ['serve', 'status', 'migrate', 'epoch', 'doctor', 'nats-callout']],
  ['What a server decides by:', ['plan', 'apply', 'sync', 'diff', 'log', 'restore', 'proposals']],
  ['What holds in a domain:', ['suspend', 'resume', 'quota', 'four-eyes']],
  ['What was decided and done:', ['decisions', 'audit']],
  ['Keys and tokens:', ['keys', 'operators']],
];

const COMMANDERS = new Help();

/** What `--help` says otherwise than commander would. */
export const HELP = {
  optionDescription(option: Option): string {
    // Of a flag that is off unless it is said, that says nothing.
    if (option.defaultValue === false) return option.description;
    const text = COMMANDERS.optionDescription(option);
    return option.mandatory ? `${text} (required)` : text;
  },
  groupItems<Item extends Command | Option>(
    all: Item[],
    visible: Item[],
    groupOf: (item: Item) => string,
  ): Map<string, Item[]> {
    const groups = COMMANDERS.groupItems(all, visible, groupOf);
    const way = groups.get(WAY_GROUP);
    if (way !== undefined) {
      groups.delete(WAY_GROUP);
      groups.set(WAY_GROUP, way);
    }
    return groups;
  },
};

/** @param program  with all of its verbs */
export function inOrder(program: Command): Command {
  const places = new Map(VERBS.flatMap(([heading, names]) => names.map((name) => [name, heading] as const)));
  const order = [...places.keys()];
  for (const verb of program.commands) verb.helpGroup(places.get(verb.name()) ?? 'Others:');
  // Commander lists verbs in the order in which they are declared, and has no other way to say one.
  (program.commands as Command[]).sort((left, right) => order.indexOf(left.name()) - order.indexOf(right.name()));
  return program;
}
