import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DecisionSink, FileSink, HttpSink, OtlpSink, readRecord } from '#decision-log';
import { decisionSinkContract, SECRET } from '../contract/decision-sink.contract.js';
import { lineOf, recorded } from './lines.js';

const folder = mkdtempSync(join(tmpdir(), 'dharma-sinks-'));
const servers: Server[] = [];
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
});

let files = 0;
const newFile = () => join(folder, `${(files += 1)}.jsonl`);
const records = (text: string) => text.trimEnd().split('\n').map(readRecord);

describe('a file', () => {
  decisionSinkContract(async () => {
    const file = newFile();
    return {
      sink: new FileSink(file),
      arrived: async () => records(readFileSync(file, 'utf8')),
      breakIt: async () => rmSync(folder, { recursive: true, force: true }),
    };
  });
});

it('a file is UTF-8, whatever the lines of a batch are written in', async () => {
  const written = mkdtempSync(join(tmpdir(), 'dharma-sinks-'));
  const file = join(written, 'now.jsonl');
  const sink = new FileSink(file);
  const lines = ['"plain"', '"süß"', '"plain again"', '"\u{1F512} é"', '""'];
  await sink.write(lines);
  await sink.close();
  expect(readFileSync(file, 'utf8')).toBe(`${lines.join('\n')}\n`);
  rmSync(written, { recursive: true, force: true });
});

describe('a file that is rotated', () => {
  it('is followed by a new one, and nothing is lost between', async () => {
    const rotating = mkdtempSync(join(tmpdir(), 'dharma-sinks-'));
    const file = join(rotating, 'now.jsonl');
    const sink = new FileSink(file);
    const [before, after] = [recorded(), recorded()];
    await sink.write([lineOf(before)]);
    renameSync(file, `${file}.1`);
    await sink.write([lineOf(after)]);
    await sink.close();
    expect(records(readFileSync(`${file}.1`, 'utf8'))).toEqual([before]);
    expect(records(readFileSync(file, 'utf8'))).toEqual([after]);
    rmSync(rotating, { recursive: true, force: true });
  });
});

/** Answers what it is told to, and keeps what it was sent. */
interface Collector {
  readonly url: string;
  readonly asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  status: number;
  redirectTo: string | undefined;
}

async function collector(): Promise<Collector> {
  const kept: Collector = { url: '', asked: [], status: 200, redirectTo: undefined };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      kept.asked.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const headers = kept.redirectTo === undefined ? {} : { location: kept.redirectTo };
      response.writeHead(kept.status, { ...headers, connection: 'close' }).end(SECRET);
    });
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(kept, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${SECRET}` });
}

const readToken = async () => SECRET;
const KINDS: readonly (readonly [string, (url: string) => DecisionSink, (body: string) => unknown[]])[] = [
  ['JSON lines by HTTP', (url) => new HttpSink({ url, readToken }), records],
  ['OpenTelemetry logs', (url) => new OtlpSink({ url, readToken }, '1.2.3'), otlpRecords],
];

function otlpRecords(body: string): unknown[] {
  const [resource] = JSON.parse(body).resourceLogs;
  return resource.scopeLogs[0].logRecords.map(({ body: { stringValue } }: { body: { stringValue: string } }) =>
    readRecord(stringValue),
  );
}

describe.each(KINDS)('%s', (_, sinkTo, read) => {
  decisionSinkContract(async () => {
    const far = await collector();
    return {
      sink: sinkTo(far.url),
      arrived: async () => far.asked.flatMap(({ body }) => read(body)),
      breakIt: async () => void (far.status = 500),
    };
  });

  it('proves itself by the token, and sends it nowhere else', async () => {
    const [far, elsewhere] = [await collector(), await collector()];
    await sinkTo(far.url).write([lineOf(recorded())]);
    expect(far.asked[0]!.headers.authorization).toBe(`Bearer ${SECRET}`);
    Object.assign(far, { status: 307, redirectTo: elsewhere.url });
    await expect(sinkTo(far.url).write([lineOf(recorded())])).rejects.toMatchObject({ name: 'SinkFault' });
    expect(elsewhere.asked).toEqual([]);
  });

  it.each`
    because                    | status | passing
    ${'it is overrun'}         | ${429} | ${true}
    ${'it is in trouble'}      | ${503} | ${true}
    ${'it will not take this'} | ${400} | ${false}
    ${'it does not know us'}   | ${401} | ${false}
    ${'there is nothing'}      | ${404} | ${false}
  `('says whether another try may help: $because', async ({ status, passing }) => {
    const far = await collector();
    far.status = status;
    const fault = await sinkTo(far.url)
      .write([lineOf(recorded())])
      .catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ message: `the collector answers ${status}`, passing });
  });

  it('says that nobody is there', async () => {
    const fault = await sinkTo(`http://127.0.0.1:1/${SECRET}`)
      .write([lineOf(recorded())])
      .catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({
      passing: true,
      message: expect.stringMatching(/^the collector cannot be reached: /),
    });
    expect(String(fault)).not.toContain(SECRET);
  });

  it('says that the token is not there, and does not show where it should be', async () => {
    const missing = async () => readFileSync(join(folder, SECRET), 'utf8');
    const sink = new HttpSink({ url: 'http://127.0.0.1:1/', readToken: missing });
    const fault = await sink.write([lineOf(recorded())]).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ message: 'the token file cannot be read: ENOENT', passing: true });
  });
});

describe('an OpenTelemetry log record', () => {
  it('has as attributes what one searches by, and the trace of the request', async () => {
    const far = await collector();
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await new OtlpSink({ url: far.url, readToken: undefined }, '1.2.3').write([
      lineOf(
        recorded({ id: 'd-9', time: '2026-11-26T10:00:00.123Z', trace, principals: ['user:ann'], rules: ['a/b'] }),
      ),
    ]);
    expect(far.asked[0]!.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(far.asked[0]!.headers.authorization).toBeUndefined();
    const [{ resource, scopeLogs }] = JSON.parse(far.asked[0]!.body).resourceLogs;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'dharma' } });
    const [record] = scopeLogs[0].logRecords;
    expect(record).toMatchObject({
      timeUnixNano: '1795687200123000000',
      severityNumber: 9,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      flags: 1,
    });
    expect(record.attributes).toEqual(
      expect.arrayContaining([
        { key: 'dharma.decision.id', value: { stringValue: 'd-9' } },
        { key: 'dharma.decision', value: { stringValue: 'deny' } },
        { key: 'dharma.reason', value: { stringValue: 'NO_ALLOW_RULE' } },
        { key: 'dharma.principals', value: { arrayValue: { values: [{ stringValue: 'user:ann' }] } } },
        { key: 'dharma.revision', value: { intValue: '7' } },
      ]),
    );
  });
});
