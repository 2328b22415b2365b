/** The program of a policy thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from '../threads/calls.js';
import { giveWay } from '../threads/give-way.js';
import { type PolicyThreadData, PolicyWork } from './policy-work.js';

giveWay();
answerCalls(parentPort!, new PolicyWork(workerData as PolicyThreadData).handlers);
