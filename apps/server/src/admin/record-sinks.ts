import { readFile } from 'node:fs/promises';
import {
  type DecisionSink,
  type DecisionStore,
  type DroppedRecords,
  type SinkAway,
  FileSink,
  HttpSink,
  type HttpSinkParts,
  OtlpSink,
  SinkQueue,
} from '#decision-log';
import { type LazyStores, MemoryDecisionStore } from '#store';
import type { DecisionSinkName } from '../config.js';
import { planned } from '../threads/planned.js';
import type { DecisionLogSettings } from './admin-settings.js';

/** What a server without a database keeps. */
const MOST_IN_MEMORY = 10_000;
/** What is handed over has been gathered already. */
const GATHER_MILLISECONDS = 10;

export interface RecordSinksParts {
  readonly settings: DecisionLogSettings;
  /** Null: there is no database. */
  readonly stores: LazyStores | null;
  readonly version: string;
  readonly clock: () => number;
  readonly random: () => number;
  readonly onDropped: (dropped: DroppedRecords) => void;
  readonly onAway: (away: SinkAway) => void;
}

/** The sinks that are set, each behind a queue of its own: a slow one holds up none of the others. */
export class RecordSinks {
  /** Where records can be looked for; undefined: nowhere. */
  readonly store: DecisionStore | undefined;
  readonly #queues: readonly SinkQueue[];

  constructor({ settings, stores, version, clock, random, onDropped, onAway }: RecordSinksParts) {
    const { sinks, file, url, otlpUrl, tokenFile, days } = settings;
    const collector = (address: string): HttpSinkParts => ({
      url: address,
      readToken: tokenFile === undefined ? undefined : async () => (await readFile(tokenFile, 'utf8')).trim(),
    });
    if (sinks.has('store')) {
      this.store = stores === null ? new MemoryDecisionStore(MOST_IN_MEMORY) : stores.decisions(days, clock);
    }
    const opened: readonly (readonly [DecisionSinkName, DecisionSink | undefined])[] = [
      ['store', this.store],
      ['file', sinks.has('file') ? new FileSink(file) : undefined],
      ['http', sinks.has('http') && url !== undefined ? new HttpSink(collector(url)) : undefined],
      ['otlp', sinks.has('otlp') && otlpUrl !== undefined ? new OtlpSink(collector(otlpUrl), version) : undefined],
    ];
    this.#queues = opened.flatMap(([name, sink]) =>
      sink === undefined
        ? []
        : new SinkQueue({
            name,
            sink,
            onDropped,
            onAway,
            timer: { after: planned },
            random,
            gatherMilliseconds: GATHER_MILLISECONDS,
          }),
    );
  }

  /** Never waits. */
  add(lines: readonly string[]): void {
    for (const queue of this.#queues) for (const line of lines) queue.add(line);
  }

  async close(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }
}
