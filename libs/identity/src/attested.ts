import { type Cidr, cidrContains, parseAddress, parseCidr } from '#cel';
import type { Evidence } from '#engine';
import { principalTypeOf } from '#policy';
import { hash } from 'node:crypto';
import { addressText } from './address-text.js';
import { BoundedCache } from './bounded-cache.js';
import { certificateFromPem, certificateFromPrincipal, type ReportedCertificate } from './certificate.js';
import { attributeValues } from './distinguished-name.js';
import type { Dropped, Judged, NamedSubject, Presented } from './evidence.js';
import { parseForwardedClientCert } from './forwarded-client-cert.js';
import { accepted, asFalse, bareItem, dropped } from './judged.js';
import { byHeader, isOfKind, type MechanismOf, reportHeaderOf } from './mechanisms.js';
import type { MechanismSettings } from './settings.js';
import { spiffeTrustDomain } from './spiffe-id.js';
import { headerSubjectFault, subjectFault } from './subject.js';

/** Reading a certificate costs as much as fifty decisions; a gateway passes the same few on all day. */
const REMEMBERED_CERTIFICATES = 2_000;
const NOT_BELIEVED = 'this enforcement point may not assert it';
/** What a mechanism's name looks like; another text is not repeated in a log. */
const MECHANISM_NAME = /^[a-z0-9-]{1,63}$/;

type CertificateMechanism = MechanismOf<'spiffe'> | MechanismOf<'mtls'>;
type ReportMechanism = CertificateMechanism | MechanismOf<'asserted'>;

interface Network {
  readonly mechanism: MechanismOf<'network'>;
  readonly cidrs: readonly Cidr[];
}

/** What one enforcement point is believed about, sorted by where it is found. */
export interface Entitlement {
  readonly believed: ReadonlySet<string>;
  readonly networks: readonly Network[];
  readonly certificates: readonly CertificateMechanism[];
  readonly named: readonly MechanismOf<'asserted'>[];
}

type Subjects = { readonly subjects: readonly string[] } | { readonly because: string };

/** Evidence that stands or falls with the enforcement point that passes it on. */
export class AttestedEvidence {
  readonly #byName: ReadonlyMap<string, MechanismSettings>;
  readonly #networks: readonly Network[];
  readonly #certificates: readonly CertificateMechanism[];
  readonly #named: readonly MechanismOf<'asserted'>[];
  /** Mechanisms by the header they are reported in. */
  readonly #reports: ReadonlyMap<string, readonly ReportMechanism[]>;
  readonly #readCertificates = new BoundedCache<ReportedCertificate | 'unreadable'>(REMEMBERED_CERTIFICATES);

  /** @param mechanisms  sorted by name */
  constructor(mechanisms: readonly MechanismSettings[]) {
    this.#byName = new Map(mechanisms.map((mechanism) => [mechanism.declaration.name, mechanism]));
    this.#networks = mechanisms.filter(isOfKind('network')).map((mechanism) => ({
      mechanism,
      cidrs: mechanism.declaration.network.cidrs.flatMap((text) => parseCidr(text) ?? []),
    }));
    this.#certificates = mechanisms.filter(isCertificateMechanism);
    this.#named = mechanisms.filter(isOfKind('asserted'));
    this.#reports = byHeader(mechanisms.filter(isReportMechanism), reportHeaderOf);
  }

  entitlement(believed: ReadonlySet<string>): Entitlement {
    return {
      believed,
      networks: this.#networks.filter(({ mechanism }) => believed.has(mechanism.declaration.name)),
      certificates: this.#certificates.filter(({ declaration }) => believed.has(declaration.name)),
      named: this.#named.filter(({ declaration }) => believed.has(declaration.name)),
    };
  }

  /** @param now  milliseconds since the epoch */
  judge(presented: Presented, entitlement: Entitlement, now: number): readonly Judged[] {
    const { asserted, subject, clientAddress, certificate, reported } = presented;
    const parts = asserted.map((item) => this.#asserted(item, entitlement, now));
    if (subject !== undefined) parts.push(namedSubject(subject, entitlement));
    if (clientAddress !== undefined) parts.push(...this.#address(clientAddress, entitlement));
    if (certificate !== undefined && (certificate.pem !== '' || certificate.principal !== ''))
      parts.push(this.#certificate(certificate, entitlement));
    for (const [header, mechanisms] of this.#reports) {
      if (Object.hasOwn(reported, header)) parts.push(...reportedIn(reported[header]!, mechanisms, entitlement));
    }
    return parts;
  }

  #asserted(item: Evidence, { believed, networks }: Entitlement, now: number): Judged {
    const mechanism = this.#byName.get(item.mechanism);
    if (mechanism === undefined) {
      const name = MECHANISM_NAME.test(item.mechanism) ? item.mechanism : null;
      return unverified(item, name, 'there is no such mechanism');
    }
    const { name, role, kind } = mechanism.declaration;
    if (role !== item.role) return unverified(item, name, `its role is \`${role}\``);
    if (!believed.has(name)) return unverified(item, name, NOT_BELIEVED);
    // A SPIFFE ID has stricter rules of its own, and may be longer.
    const fault = kind === 'spiffe' ? undefined : subjectFault(item.subject);
    if (fault !== undefined) return unverified(item, name, fault);
    let { subject } = item;
    if (kind === 'network') {
      const address = parseAddress(subject);
      if (address === undefined) return unverified(item, name, 'its subject is no address');
      const network = networks.find((candidate) => candidate.mechanism === mechanism)!;
      if (!network.cidrs.some((cidr) => cidrContains(cidr, address)))
        return unverified(item, name, 'its subject lies outside the networks of the mechanism');
      subject = addressText(address);
    } else if (kind === 'spiffe') {
      const found = subjectsOf(mechanism as MechanismOf<'spiffe'>, { uris: [subject], dnsNames: [] });
      if ('because' in found) return unverified(item, name, found.because);
    }
    const verified = { ...item, subject, verified: true };
    if (item.expiresAt === undefined || now < item.expiresAt) return accepted([verified]);
    // The engine leaves it out too; what is said here is for the log and for what the client may be told.
    const expired = { ...dropped(name, 'it has expired'), evidence: [verified] };
    return role === 'access' ? asFalse(expired) : expired;
  }

  #address(text: string, { networks }: Entitlement): readonly Judged[] {
    const address = parseAddress(text);
    if (address === undefined) return [dropped(null, 'the reported client address is no address')];
    const holding = networks.filter(({ cidrs }) => cidrs.some((cidr) => cidrContains(cidr, address)));
    return holding.map(({ mechanism }) => accepted([bareItem(mechanism, addressText(address))]));
  }

  #certificate({ principal, pem }: NonNullable<Presented['certificate']>, entitlement: Entitlement): Judged {
    const certificate = pem === '' ? certificateFromPrincipal(principal) : this.#read(pem);
    if (certificate === undefined) return dropped(null, 'the reported client certificate cannot be read');
    return this.#withSubjects(certificate, entitlement);
  }

  #read(pem: string): ReportedCertificate | undefined {
    const key = hash('sha256', pem, 'base64url');
    let read = this.#readCertificates.get(key);
    if (read === undefined) {
      read = certificateFromPem(pem) ?? 'unreadable';
      this.#readCertificates.set(key, read);
    }
    return read === 'unreadable' ? undefined : read;
  }

  #withSubjects(certificate: ReportedCertificate, { certificates, believed }: Entitlement): Judged {
    const evidence: Evidence[] = [];
    const lost: Dropped[] = [];
    for (const mechanism of certificates) {
      const found = subjectsOf(mechanism, certificate);
      if ('because' in found) lost.push({ mechanism: mechanism.declaration.name, because: found.because });
      else evidence.push(...found.subjects.map((subject) => bareItem(mechanism, subject)));
    }
    if (evidence.length > 0) return accepted(evidence);
    for (const mechanism of this.#certificates) {
      if (mechanism.declaration.kind !== 'spiffe' || believed.has(mechanism.declaration.name)) continue;
      if ('subjects' in subjectsOf(mechanism, certificate))
        lost.push({ mechanism: mechanism.declaration.name, because: NOT_BELIEVED });
    }
    if (lost.length > 0) return accepted([], lost);
    return dropped(null, 'no mechanism that this enforcement point may assert takes the reported client certificate');
  }
}

/**
 * A subject without a mechanism is that of the one mechanism that can be meant; where two can, it is nobody's. Whoever it
 * is about, it is not about nobody: a rule that forbids somebody would not find them there.
 */
function namedSubject({ type, id, attributes, groups = [] }: NamedSubject, { named }: Entitlement): Judged {
  const meant = named.filter(({ declaration }) => principalTypeOf(declaration) === type);
  if (meant.length !== 1) {
    const count = meant.length === 0 ? 'no mechanism' : 'more than one mechanism';
    return nobody(null, `${count} that this enforcement point may assert has principals of the type of its subject`);
  }
  const mechanism = meant[0]!;
  const fault = subjectFault(id);
  if (fault !== undefined) return nobody(mechanism.declaration.name, fault);
  return accepted([{ ...bareItem(mechanism, id), attributes, groups }]);
}

function nobody(mechanism: string | null, because: string): Judged {
  return { ...dropped(mechanism, because), subjectFault: because };
}

/** What the mechanisms of one header make of its value. Those that are not believed do not read it at all. */
function reportedIn(
  value: string,
  mechanisms: readonly ReportMechanism[],
  { believed }: Entitlement,
): readonly Judged[] {
  return mechanisms.map((mechanism) => {
    const { name, kind } = mechanism.declaration;
    if (!believed.has(name)) return dropped(name, NOT_BELIEVED);
    const found = kind === 'asserted' ? subjectIn(value) : certifiedBy(mechanism as CertificateMechanism, value);
    if ('because' in found) return dropped(name, found.because);
    return accepted(found.subjects.map((subject) => bareItem(mechanism, subject)));
  });
}

function subjectIn(value: string): Subjects {
  const fault = headerSubjectFault(value);
  return fault === undefined ? { subjects: [value] } : { because: fault };
}

function certifiedBy(mechanism: CertificateMechanism, value: string): Subjects {
  const forwarded = parseForwardedClientCert(value);
  if (forwarded.kind === 'certificate') return subjectsOf(mechanism, forwarded.certificate);
  return { because: `its header does not count: ${forwarded.because}` };
}

function unverified(item: Evidence, mechanism: string | null, because: string): Judged {
  return { ...dropped(mechanism, because), evidence: [item.verified ? { ...item, verified: false } : item] };
}

function subjectsOf({ declaration }: CertificateMechanism, certificate: ReportedCertificate): Subjects {
  if (declaration.kind === 'spiffe') return spiffeSubject(declaration.spiffe.trustDomain, certificate);
  const { match } = declaration.mtls;
  switch (match) {
    case 'dns':
      return certificate.dnsNames.length > 0 ? { subjects: certificate.dnsNames } : notReported('DNS name');
    case 'subject':
      if (certificate.subject === undefined) return notReported('subject');
      return withoutFault(certificate.subject);
    case 'organizationalUnit':
      return unitsIn(certificate.subject);
    case 'fingerprint':
      return certificate.fingerprint === undefined
        ? notReported('fingerprint')
        : { subjects: [certificate.fingerprint] };
    default:
      return match satisfies never;
  }
}

function spiffeSubject(trustDomain: string, { uris }: ReportedCertificate): Subjects {
  if (uris.length === 0) return notReported('URI name');
  if (uris.length > 1) return { because: 'a certificate with several URI names is no SPIFFE identity' };
  const found = spiffeTrustDomain(uris[0]!);
  if (found === undefined) return { because: 'the URI name is no SPIFFE ID of a workload' };
  if (found !== trustDomain) return { because: 'the SPIFFE ID is of another trust domain' };
  return { subjects: uris };
}

function unitsIn(subject: string | undefined): Subjects {
  const units = subject === undefined ? [] : attributeValues(subject, 'OU');
  if (units === undefined) return { because: 'the subject of the certificate cannot be read in one way' };
  const subjects = units.filter((unit) => subjectFault(unit) === undefined);
  return subjects.length > 0 ? { subjects } : notReported('organizational unit');
}

function withoutFault(subject: string): Subjects {
  const fault = subjectFault(subject);
  return fault === undefined ? { subjects: [subject] } : { because: fault };
}

function notReported(what: string): Subjects {
  return { because: `no ${what} of the certificate was reported` };
}

function isCertificateMechanism(mechanism: MechanismSettings): mechanism is CertificateMechanism {
  return mechanism.declaration.kind === 'spiffe' || mechanism.declaration.kind === 'mtls';
}

function isReportMechanism(mechanism: MechanismSettings): mechanism is ReportMechanism {
  return isCertificateMechanism(mechanism) || mechanism.declaration.kind === 'asserted';
}
