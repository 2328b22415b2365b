import { MAXIMUM_FAULTS } from './limits.js';
import { createLocator, type Place, type ReadDocument } from './read.js';
import { type Fault, inOrder, type OffsetFault, type Position, positionIn } from './source.js';
import type { Part, Path } from './yaml.js';

interface PlacedFault {
  readonly place: Place;
  readonly code: string;
  readonly message: string;
  /** A second place the message names, as `file:line:column` at its end. */
  readonly also?: Place;
}

export function placeIn(source: ReadDocument, path: Path, part: Part = 'value'): Place {
  return { source, path, part };
}

/** Faults gathered while a bundle is judged. Positions are looked up at the end, document by document. */
export class Report {
  private readonly direct: Fault[] = [];
  private readonly placed: PlacedFault[] = [];
  private beyond = 0;

  /** @param elsewhere  gathers names that a part of a set leaves to documents elsewhere; absent: each is a fault */
  constructor(
    private readonly severity: Fault['severity'],
    private readonly elsewhere?: Set<string>,
  ) {}

  get count(): number {
    return this.direct.length + this.placed.length + this.beyond;
  }

  add(place: Place, code: string, message: string, also?: Place): void {
    if (this.isFull()) return;
    this.placed.push({ place, code, message, ...(also && { also }) });
  }

  /** A name that nothing here declares, as `noun name` and as a fault. */
  addUndeclared(name: string, ...fault: Parameters<Report['add']>): void {
    if (this.elsewhere === undefined) this.add(...fault);
    else this.elsewhere.add(name);
  }

  addRead(source: ReadDocument): void {
    for (const fault of source.faults) {
      if (!this.isFull()) this.addAt(positionIn(source.chunk, 'at' in fault ? fault.at : fault.offset), fault);
    }
  }

  addAt(position: Position, fault: Pick<OffsetFault, 'code' | 'message'>): void {
    this.direct.push({ ...position, severity: this.severity, code: fault.code, message: oneLine(fault.message) });
  }

  private isFull(): boolean {
    if (this.direct.length + this.placed.length < MAXIMUM_FAULTS) return false;
    this.beyond += 1;
    return true;
  }

  /** All faults with their positions, in order. */
  faults(): readonly Fault[] {
    const positions = positionsOf(
      this.placed.flatMap(({ place, also }) => (also === undefined ? [place] : [place, also])),
    );
    const faults: Fault[] = [...this.direct];
    for (const { place, code, message, also } of this.placed) {
      const second = also && positions.get(also)!;
      const tail = second ? ` ${second.file}:${second.line}:${second.column}` : '';
      faults.push({ ...positions.get(place)!, severity: this.severity, code, message: oneLine(message) + tail });
    }
    const sorted = inOrder(faults);
    const last = sorted.at(-1);
    if (this.beyond === 0 || last === undefined) return sorted;
    const message = `${this.beyond} more faults are not shown`;
    return [...sorted, { ...last, severity: this.severity, code: 'more-faults', message }];
  }
}

/** Characters of one message. */
const MAXIMUM_MESSAGE = 600;

/** A message as one line, however long or strange the words it quotes. */
function oneLine(message: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const flat = message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  return flat.length > MAXIMUM_MESSAGE ? `${flat.slice(0, MAXIMUM_MESSAGE)}…` : flat;
}

/** One reading of each document, however its places are scattered. */
function positionsOf(places: readonly Place[]): ReadonlyMap<Place, Position> {
  const bySource = new Map<string, Map<number, Place[]>>();
  for (const place of places) {
    const { file, linesBefore } = place.source.chunk;
    const chunks = bySource.get(file) ?? new Map<number, Place[]>();
    bySource.set(file, chunks);
    const list = chunks.get(linesBefore) ?? [];
    chunks.set(linesBefore, list);
    list.push(place);
  }
  const locate = createLocator();
  const positions = new Map<Place, Position>();
  for (const chunks of bySource.values()) {
    for (const list of chunks.values()) for (const place of list) positions.set(place, locate(place));
  }
  return positions;
}
