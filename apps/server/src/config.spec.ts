import { describeSettings, readConfig, tlsFiles, unknownVariables } from './config.js';

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
  it('has a default for everything that must be known', () => {
    expect(readConfig({}, {})).toEqual({
      migrate: 'auto',
      dataDir: '.dharma',
      grpcAddress: { kind: 'tcp', host: '127.0.0.1', port: 9191 },
      httpAddress: { kind: 'tcp', host: '127.0.0.1', port: 8181 },
      adminAddress: { kind: 'tcp', host: '127.0.0.1', port: 8282 },
      operatorGroupsClaim: 'groups',
      adminRate: 100,
      adminRateBurst: 500,
      adminRateWrongTokens: 60,
      adminBundleBytes: 67_108_864,
      adminTestCases: 50_000,
      allowPlaintext: false,
      mode: 'enforce',
      challenge: 'Bearer',
      maxTtlSeconds: 30,
      minRevisionWaitMilliseconds: 1000,
      policyPollMilliseconds: 500,
      storePollMilliseconds: 5000,
      notify: true,
      checkMilliseconds: 300,
      checkRequests: 20_000,
      evidenceWaitMilliseconds: 100,
      drainMilliseconds: 0,
      logLevel: 'info',
      logAllowShare: 0,
      decisionLog: new Set(['store']),
      decisionLogFile: '-',
      decisionLogPerSecond: 200,
      decisionLogDays: 14,
    });
  });

  it('takes where records go, what is in them, and how many allows there are, by domain', () => {
    const config = readConfig(
      {
        DHARMA_DECISION_LOG: 'store, otlp',
        DHARMA_DECISION_LOG_OTLP_URL: 'http://[::1]:4318/v1/logs',
        DHARMA_DECISION_LOG_ALLOWS: 'acme=0.01, acme.payments=1',
        DHARMA_DECISION_LOG_SHOW: 'request.headers.user-agent,context.*',
        DHARMA_DECISION_LOG_MASK: 'request.params.token',
      },
      folder,
    );
    expect([...config.decisionLog]).toEqual(['store', 'otlp']);
    expect([...config.decisionLogAllows!]).toEqual([
      ['acme', 0.01],
      ['acme.payments', 1],
    ]);
    expect(config.decisionLogShow).toEqual(['request.headers.user-agent', 'context.*']);
    expect(config.decisionLogMask).toEqual(['request.params.token']);
    expect(readConfig({ DHARMA_DECISION_LOG: 'off' }, folder).decisionLog.size).toBe(0);
  });

  it.each(['http', 'otlp'])('needs the address of the collector that %s names', (sink) => {
    expect(messageOf({ DHARMA_DECISION_LOG: sink })).toMatch(/^`DHARMA_DECISION_LOG_(?:OTLP_)?URL` is missing/);
  });

  it.each`
    name                              | value                       | sink
    ${'DHARMA_DECISION_LOG_URL'}      | ${'https://a.example/in'}   | ${'http'}
    ${'DHARMA_DECISION_LOG_OTLP_URL'} | ${'https://a.example/logs'} | ${'otlp'}
    ${'DHARMA_DECISION_LOG_FILE'}     | ${'decisions.jsonl'}        | ${'file'}
  `('takes no place for records that never get there: $name without $sink', ({ name, value, sink }) => {
    expect(messageOf({ [name]: value })).toBe(
      `\`${name}\` is set, and \`DHARMA_DECISION_LOG\` does not name \`${sink}\`: nothing would get there`,
    );
    // To be without for a while takes one word.
    expect(readConfig({ [name]: value, DHARMA_DECISION_LOG: 'off' }, folder).decisionLog.size).toBe(0);
  });

  it('takes hosts of issuers in any case, with and without a port', () => {
    const { issuerHosts } = readConfig({ DHARMA_ISSUER_HOSTS: 'Login.corp, 127.0.0.1:8080,[::1]:8080' }, folder);
    expect([...issuerHosts!]).toEqual(['login.corp', '127.0.0.1:8080', '[::1]:8080']);
  });

  it('takes a flag before its variable', () => {
    const { maxTtlSeconds } = readConfig({ DHARMA_MAX_TTL_SECONDS: '1' }, { ...folder, 'max-ttl-seconds': '2' });
    expect(maxTtlSeconds).toBe(2);
  });

  it.each`
    because                               | variable                               | text
    ${'a name is no address'}             | ${'DHARMA_HTTP_ADDRESS'}               | ${'example.com:80'}
    ${'a port is needed'}                 | ${'DHARMA_HTTP_ADDRESS'}               | ${'127.0.0.1'}
    ${'ports end at 65535'}               | ${'DHARMA_GRPC_ADDRESS'}               | ${'127.0.0.1:70000'}
    ${'IPv6 stands in brackets'}          | ${'DHARMA_ADMIN_ADDRESS'}              | ${'::1:8282'}
    ${'a socket path is absolute'}        | ${'DHARMA_GRPC_ADDRESS'}               | ${'unix:dharma.sock'}
    ${'Linux cuts longer socket paths'}   | ${'DHARMA_GRPC_ADDRESS'}               | ${`unix:/${'x'.repeat(107)}`}
    ${'a port alone is no address'}       | ${'DHARMA_PROBE_ADDRESS'}              | ${'8383'}
    ${'yes is not true'}                  | ${'DHARMA_ALLOW_PLAINTEXT'}            | ${'yes'}
    ${'no name is special'}               | ${'DHARMA_ALLOW_PLAINTEXT'}            | ${'constructor'}
    ${'a sink is one of ours'}            | ${'DHARMA_DECISION_LOG'}               | ${'store,syslog'}
    ${'none is not one of several'}       | ${'DHARMA_DECISION_LOG'}               | ${'store,off'}
    ${'records travel by TLS'}            | ${'DHARMA_DECISION_LOG_URL'}           | ${'http://collector.example/'}
    ${'a like name is another machine'}   | ${'DHARMA_DECISION_LOG_OTLP_URL'}      | ${'http://127.0.0.1.example/'}
    ${'a password would be in the flags'} | ${'DHARMA_DECISION_LOG_URL'}           | ${'https://a:b@collector.example/'}
    ${'a share is no percentage'}         | ${'DHARMA_DECISION_LOG_ALLOWS'}        | ${'acme=50'}
    ${'a domain has a name'}              | ${'DHARMA_DECISION_LOG_ALLOWS'}        | ${'acme.=1'}
    ${'a domain has one share'}           | ${'DHARMA_DECISION_LOG_ALLOWS'}        | ${'acme=0.1,acme=1'}
    ${'a share is of a domain'}           | ${'DHARMA_DECISION_LOG_ALLOWS'}        | ${'0.5'}
    ${'all headers are named by a star'}  | ${'DHARMA_DECISION_LOG_SHOW'}          | ${'request.headers'}
    ${'what is no member is not shown'}   | ${'DHARMA_DECISION_LOG_SHOW'}          | ${'request.body.x'}
    ${'parameters are shown anyway'}      | ${'DHARMA_DECISION_LOG_SHOW'}          | ${'request.params.id'}
    ${'a member has a name'}              | ${'DHARMA_DECISION_LOG_MASK'}          | ${'attributes..x'}
    ${'none a second would be none'}      | ${'DHARMA_DECISION_LOG_PER_SECOND'}    | ${'0'}
    ${'today is kept'}                    | ${'DHARMA_DECISION_LOG_DAYS'}          | ${'0'}
    ${'0 is not false'}                   | ${'DHARMA_NOTIFY'}                     | ${'0'}
    ${'modes are named'}                  | ${'DHARMA_MODE'}                       | ${'report'}
    ${'what the start does is named'}     | ${'DHARMA_MIGRATE'}                    | ${'true'}
    ${'a host is no address'}             | ${'DHARMA_ISSUER_HOSTS'}               | ${'http://127.0.0.1'}
    ${'a host is no pattern'}             | ${'DHARMA_ISSUER_HOSTS'}               | ${'*.acme.example'}
    ${'no host is listed'}                | ${'DHARMA_ISSUER_HOSTS'}               | ${'a.example,'}
    ${'gateways do not wait that long'}   | ${'DHARMA_EVIDENCE_WAIT_MILLISECONDS'} | ${'5001'}
    ${'a group has no space'}             | ${'DHARMA_SOCKET_GROUP'}               | ${'www data'}
    ${'a number has no unit'}             | ${'DHARMA_MAX_TTL_SECONDS'}            | ${'30s'}
    ${'a day is the most'}                | ${'DHARMA_MAX_TTL_SECONDS'}            | ${'86401'}
    ${'five seconds old is the most'}     | ${'DHARMA_STORE_POLL_MILLISECONDS'}    | ${'5001'}
    ${'nothing unchecked goes in force'}  | ${'DHARMA_CHECK_MILLISECONDS'}         | ${'0'}
    ${'nothing goes unchecked'}           | ${'DHARMA_CHECK_REQUESTS'}             | ${'0'}
    ${'a share is no percentage'}         | ${'DHARMA_LOG_ALLOW_SHARE'}            | ${'50%'}
    ${'a share is at most all'}           | ${'DHARMA_LOG_ALLOW_SHARE'}            | ${'1.5'}
    ${'a share is no power'}              | ${'DHARMA_LOG_ALLOW_SHARE'}            | ${'1e-3'}
    ${'AuthZEN is spoken over TLS'}       | ${'DHARMA_PUBLIC_URL'}                 | ${'http://pdp.example'}
    ${'two ways to write one address'}    | ${'DHARMA_PUBLIC_URL'}                 | ${'https://pdp.example/'}
    ${'a host has one way to be written'} | ${'DHARMA_PUBLIC_URL'}                 | ${'https://PDP.example'}
    ${'a query belongs to a request'}     | ${'DHARMA_PUBLIC_URL'}                 | ${'https://pdp.example?a=1'}
    ${'ports end at 65535 there too'}     | ${'DHARMA_PUBLIC_URL'}                 | ${'https://pdp.example:70000'}
    ${'a line break splits a header'}     | ${'DHARMA_CHALLENGE'}                  | ${'Bearer\r\nx: y'}
    ${'levels are named'}                 | ${'DHARMA_LOG_LEVEL'}                  | ${'loud'}
    ${'empty is no value'}                | ${'DHARMA_READY_FILE'}                 | ${''}
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

  it('shows no password, neither of a wrong address nor of one that is not needed', () => {
    const wrong = messageOf({ DHARMA_DATABASE_URL: 'mysql://dharma:Sesame@db/dharma' }, {});
    const needless = messageOf({ DHARMA_DATABASE_URL: 'postgresql://dharma:Sesame@db/dharma' });
    expect(wrong).toMatch(/^`DHARMA_DATABASE_URL`: .* is not `postgresql:/);
    expect(needless).toBe(
      '`DHARMA_POLICIES` and `DHARMA_DATABASE_URL` exclude each other: decide by a folder or by a database',
    );
    expect(wrong + needless).not.toContain('Sesame');
  });

  it.each`
    because                                    | flags                                 | named
    ${'a certificate needs its key'}           | ${{ 'http-tls-cert': 'a.pem' }}       | ${'DHARMA_HTTP_TLS_KEY'}
    ${'a key needs its certificate'}           | ${{ 'grpc-tls-key': 'a.pem' }}        | ${'DHARMA_GRPC_TLS_CERT'}
    ${'only TLS asks for client certificates'} | ${{ 'admin-tls-client-ca': 'a.pem' }} | ${'DHARMA_ADMIN_TLS_CLIENT_CA'}
  `('refuses half of TLS: $because', ({ flags, named }) => {
    expect(messageOf({}, flags).split('`')[1]).toBe(named);
  });

  it('signs no metadata that nobody is told', () => {
    expect(messageOf({ DHARMA_METADATA_KEY: 'key.pem' })).toContain('`DHARMA_METADATA_KEY` needs `DHARMA_PUBLIC_URL`');
    expect(messageOf({ DHARMA_METADATA_KEY: 'key.pem', DHARMA_PUBLIC_URL: 'https://pdp.example' })).toBe('');
  });

  it('says how a listener speaks TLS', () => {
    const flags = { 'http-tls-cert': 'cert.pem', 'http-tls-key': 'key.pem', 'http-tls-client-ca': 'ca.pem' };
    const config = readConfig({}, flags);
    expect(tlsFiles(config, 'http')).toEqual({
      listener: 'http',
      cert: 'cert.pem',
      key: 'key.pem',
      clientCa: 'ca.pem',
    });
    expect(tlsFiles(config, 'grpc')).toBeUndefined();
  });

  it.each(['DHARMA_GRPC', 'DHARMA_HTTP', 'DHARMA_ADMIN'])(
    'does not listen beyond this machine by %s without TLS unless told to',
    (listener) => {
      const variable = `${listener}_ADDRESS`;
      const tls = { [`${listener}_TLS_CERT`]: 'cert.pem', [`${listener}_TLS_KEY`]: 'key.pem' };
      expect(messageOf({ [variable]: '0.0.0.0:1' })).toContain(variable);
      expect(messageOf({ [variable]: '[::]:1' })).toContain(variable);
      expect(messageOf({ [variable]: '0.0.0.0:1', DHARMA_ALLOW_PLAINTEXT: 'true' })).toBe('');
      expect(messageOf({ [variable]: '0.0.0.0:1', ...tls })).toBe('');
      expect(messageOf({ [variable]: '[::1]:1' })).toBe('');
      expect(messageOf({ [variable]: 'unix:/run/dharma.sock' })).toBe('');
    },
  );

  it('lets probes in from other machines: they are told no decisions', () => {
    expect(messageOf({ DHARMA_PROBE_ADDRESS: '0.0.0.0:1' })).toBe('');
  });

  it('names variables that look like settings and are none', () => {
    const environment = {
      DHARMA_HTTP_ADRESS: 'misspelt',
      DHARMA_COLOUR: 'of another version',
      DHARMA_TOKEN: 'read by other verbs',
      DHARMA_LOG_LEVEL: 'info',
      DHARMA_PORT: 'tcp://10.0.0.1:8181, set by Kubernetes',
      DHARMA_SERVICE_HOST: '10.0.0.1, set by Kubernetes',
      PATH: '/bin',
    };
    expect(unknownVariables(environment)).toEqual(['DHARMA_HTTP_ADRESS', 'DHARMA_COLOUR']);
  });

  it.each`
    because                                           | environment                                                                                    | message
    ${'any token of the issuer would count'}          | ${{ DHARMA_OPERATOR_ISSUER: 'https://login.example' }}                                         | ${'`DHARMA_OPERATOR_AUDIENCE` is missing'}
    ${'nobody says whose audience it is'}             | ${{ DHARMA_OPERATOR_AUDIENCE: 'dharma' }}                                                      | ${'`DHARMA_OPERATOR_ISSUER` is missing'}
    ${'a password in an address is shown everywhere'} | ${{ DHARMA_OPERATOR_ISSUER: 'https://a:b@login.example', DHARMA_OPERATOR_AUDIENCE: 'dharma' }} | ${'is not `https://…`, as `iss` says it'}
    ${'keys are not to be had in other ways'}         | ${{ DHARMA_OPERATOR_ISSUER: 'file:///etc/keys', DHARMA_OPERATOR_AUDIENCE: 'dharma' }}          | ${'is not `https://…`, as `iss` says it'}
    ${'an audience that is empty is in no token'}     | ${{ DHARMA_OPERATOR_ISSUER: 'https://login.example', DHARMA_OPERATOR_AUDIENCE: '' }}           | ${'`DHARMA_OPERATOR_AUDIENCE`: `` is not 1 to 500'}
  `('takes an identity provider with both of its parts: $because', ({ environment, message }) => {
    expect(messageOf(environment)).toContain(message);
  });

  it('describes every setting for the help text', () => {
    for (const { flag, variable, sentence, allowed } of describeSettings()) {
      expect(variable).toBe(`DHARMA_${flag.toUpperCase().replaceAll('-', '_')}`);
      expect(sentence).toMatch(/^[a-z].*[^.]$/);
      expect(allowed).not.toBe('');
    }
  });
});
