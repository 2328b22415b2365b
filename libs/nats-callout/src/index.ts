/** Lets NATS clients in, with the permissions that Dharma decides on. */

export { NatsCallout, type CalloutSettings } from './nats-callout.js';
export { quickSigner } from './quick-signer.js';
export { MOST_SUBJECTS, parseWantedSubjects, type SubjectFault, type WantedSubject } from './wanted-subjects.js';
