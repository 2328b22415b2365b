import { describeSettings, readConfig, unknownVariables } from './config.js';

const folder = { policies: 'policies' };

function messageOf(environment: { [name: string]: string }, flags: { [name: string]: string } = folder): string {
  try {
    readConfig(environment, flags);
  } catch (fault) {
    expect(fault).toMatchObject({ code: 'setting-invalid' });
    return (fault as Error).message;
  }
  return '';
}

describe('the configuration', () => {
  it('has a default for everything but the folder', () => {
    expect(readConfig({}, folder)).toEqual({
      policies: 'policies',
      grpcAddress: { kind: 'tcp', host: '127.0.0.1', port: 9191 },
      httpAddress: { kind: 'tcp', host: '127.0.0.1', port: 8181 },
      adminAddress: { kind: 'tcp', host: '127.0.0.1', port: 8282 },
      allowPlaintext: false,
      challenge: 'Bearer',
      maxTtlSeconds: 30,
      policyPollMilliseconds: 500,
      drainMilliseconds: 0,
      logLevel: 'info',
    });
  });

  it('takes a flag before its variable', () => {
    const { maxTtlSeconds } = readConfig({ DHARMA_MAX_TTL_SECONDS: '1' }, { ...folder, 'max-ttl-seconds': '2' });
    expect(maxTtlSeconds).toBe(2);
  });

  it.each`
    because                             | variable                    | text
    ${'a name is no address'}           | ${'DHARMA_HTTP_ADDRESS'}    | ${'example.com:80'}
    ${'a port is needed'}               | ${'DHARMA_HTTP_ADDRESS'}    | ${'127.0.0.1'}
    ${'ports end at 65535'}             | ${'DHARMA_GRPC_ADDRESS'}    | ${'127.0.0.1:70000'}
    ${'IPv6 stands in brackets'}        | ${'DHARMA_ADMIN_ADDRESS'}   | ${'::1:8282'}
    ${'a socket path is absolute'}      | ${'DHARMA_GRPC_ADDRESS'}    | ${'unix:dharma.sock'}
    ${'Linux cuts longer socket paths'} | ${'DHARMA_GRPC_ADDRESS'}    | ${`unix:/${'x'.repeat(107)}`}
    ${'yes is not true'}                | ${'DHARMA_ALLOW_PLAINTEXT'} | ${'yes'}
    ${'no name is special'}             | ${'DHARMA_ALLOW_PLAINTEXT'} | ${'constructor'}
    ${'a number has no unit'}           | ${'DHARMA_MAX_TTL_SECONDS'} | ${'30s'}
    ${'a day is the most'}              | ${'DHARMA_MAX_TTL_SECONDS'} | ${'86401'}
    ${'a line break splits a header'}   | ${'DHARMA_CHALLENGE'}       | ${'Bearer\r\nx: y'}
    ${'levels are named'}               | ${'DHARMA_LOG_LEVEL'}       | ${'loud'}
    ${'empty is no value'}              | ${'DHARMA_READY_FILE'}      | ${''}
  `('refuses $variable=$text and says what is allowed: $because', ({ variable, text }) => {
    const allowed = describeSettings().find((setting) => setting.variable === variable)?.allowed;
    expect(messageOf({ [variable]: text })).toBe(`\`${variable}\`: \`${text}\` is not ${allowed}`);
  });

  it('names all wrong settings at once', () => {
    const message = messageOf({ DHARMA_LOG_LEVEL: 'loud', DHARMA_HTTP_ADDRESS: '80' }, { ...folder, colour: 'red' });
    expect(message.split('\n').map((line) => line.split('`')[1])).toEqual([
      '--colour',
      'DHARMA_HTTP_ADDRESS',
      'DHARMA_LOG_LEVEL',
    ]);
  });

  it('needs a folder', () => {
    expect(messageOf({}, {})).toContain('DHARMA_POLICIES');
  });

  it.each(['DHARMA_GRPC_ADDRESS', 'DHARMA_HTTP_ADDRESS', 'DHARMA_ADMIN_ADDRESS'])(
    'does not listen beyond this machine by %s unless told to',
    (variable) => {
      expect(messageOf({ [variable]: '0.0.0.0:1' })).toContain(variable);
      expect(messageOf({ [variable]: '[::]:1' })).toContain(variable);
      expect(messageOf({ [variable]: '0.0.0.0:1', DHARMA_ALLOW_PLAINTEXT: 'true' })).toBe('');
      expect(messageOf({ [variable]: '[::1]:1' })).toBe('');
      expect(messageOf({ [variable]: 'unix:/run/dharma.sock' })).toBe('');
    },
  );

  it('names variables that look like settings and are none', () => {
    const environment = {
      DHARMA_HTTP_ADRESS: 'misspelt',
      DHARMA_MODE: 'of another version',
      DHARMA_LOG_LEVEL: 'info',
      DHARMA_PORT: 'tcp://10.0.0.1:8181, set by Kubernetes',
      DHARMA_SERVICE_HOST: '10.0.0.1, set by Kubernetes',
      PATH: '/bin',
    };
    expect(unknownVariables(environment)).toEqual(['DHARMA_HTTP_ADRESS', 'DHARMA_MODE']);
  });

  it('describes every setting for the help text', () => {
    for (const { flag, variable, sentence, allowed } of describeSettings()) {
      expect(variable).toBe(`DHARMA_${flag.toUpperCase().replaceAll('-', '_')}`);
      expect(sentence).toMatch(/^[a-z].*[^.]$/);
      expect(allowed).not.toBe('');
    }
  });
});
