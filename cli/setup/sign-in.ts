import { select } from '@inquirer/prompts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { createDeadline } from '../../lib/deadline.ts';
import { IamError, ReadError } from '../../lib/errors.ts';
import { createAuth } from '../../lib/huawei/auth.ts';
import { createHttpClient, type HttpClient } from '../../lib/huawei/http.ts';
import { createToken } from '../../lib/huawei/iam.ts';
import { createInstanceListing, type ListedInstance } from '../../lib/huawei/lists.ts';
import type { Secret } from '../../lib/secret.ts';
import {
  type Credentials,
  credentialsOf,
  type Draft,
  forget,
  type Place,
  placeOf,
  type Topic,
} from './answers.ts';
import { explainList, explainSignIn, type Refusal } from './explain.ts';
import { askProjectId, completeRegion, completeSignIn } from './questions.ts';
import { type Session, SetupError } from './session.ts';

const timeoutMs = 15_000;

/** Answers that the service accepted. */
export interface Proven {
  readonly place: Place;
  readonly authMode: 'token' | 'aksk';
  readonly credentials: Credentials;
  /** Absent where the user may not list: the person names the instances. */
  readonly listed: readonly ListedInstance[] | undefined;
}

/**
 * Asks and proves until the service accepts the answers. It never repeats a sign-in by itself: a person
 * corrects what was refused, or it ends.
 * @throws {SetupError}
 */
export async function signInUntilProven(session: Session, given: Draft): Promise<Proven> {
  const http = createHttpClient({ maxConnections: 1 });
  try {
    let draft = given;
    let before = given;
    for (;;) {
      draft = await completeSignIn(draft, before, session.prompts);
      if (isUndocumented(draft)) session.print(accessKeyWarning);
      const place = placeOf(draft, session.loopback);
      const credentials = credentialsOf(draft);
      session.print(`Asking ${new URL(place.ddmEndpoint).host} for the instances ...`);
      const proof = await prove({ http, clock: systemClock }, place, credentials);
      const next = await decide(session, proof);
      if (next === 'go on') {
        const listed = proof.status === 'proven' ? proof.instances : undefined;
        return { place, authMode: draft.authMode ?? 'token', credentials, listed };
      }
      before = draft;
      draft = next === 'again' ? draft : forget(draft, next);
      draft = await completePlace(session, draft, before);
    }
  } finally {
    http.close();
  }
}

function isUndocumented({ authMode, cloud }: Draft): boolean {
  return cloud === 'otc' && authMode === 'aksk';
}

const accessKeyWarning =
  'Warning: Open Telekom Cloud documents only tokens for DDM, not access keys (docs/iam.md). What follows tests the key with the list; sync one instance before you rely on it.';

/** Asks for cloud, region and project where the draft lacks them. */
export async function completePlace(
  { loopback, prompts }: Session,
  draft: Draft,
  before: Draft,
): Promise<Draft> {
  // A loopback endpoint replaces both.
  const located = loopback ? draft : await completeRegion(draft, before, prompts);
  const projectId = located.projectId ?? (await askProjectId(before, prompts));
  return { ...located, projectId };
}

/** What the service said to the answers. */
type Proof =
  | { readonly status: 'proven'; readonly instances: readonly ListedInstance[] }
  | ({ readonly status: 'refused' } & Refusal);

interface ProofDeps {
  readonly http: HttpClient;
  readonly clock: Clock;
}

/** Signs in once, never a second time, and lists the instances of the project. */
async function prove(
  { clock, http }: ProofDeps,
  place: Place,
  credentials: Credentials,
): Promise<Proof> {
  try {
    const secret = await obtainSecret({ clock, http }, place, credentials);
    const parameters = { secret: async () => secret, refreshSecret: async () => secret };
    using deadline = createDeadline({ clock, totalMs: timeoutMs, reserveMs: 0 });
    const auth = await createAuth({ clock, config: place, parameters }, deadline, 'setUp');
    const deps = { http, auth, clock, random: Math.random, config: place };
    const instances = await createInstanceListing().read(deps, deadline.signal('calls'));
    if (instances.length > 0) return { status: 'proven', instances };
    const { host } = new URL(place.ddmEndpoint);
    const message = `Project ${place.projectId} has no DDM instances at ${host}: check project and region, or create one first.`;
    return { status: 'refused', topic: 'project', message };
  } catch (error) {
    if (error instanceof IamError) {
      return { status: 'refused', ...explainSignIn(error.failure, place) };
    }
    if (!(error instanceof ReadError)) throw error;
    return { status: 'refused', ...explainList(error.failure, place, credentials) };
  }
}

async function obtainSecret(
  { clock, http }: ProofDeps,
  { iamEndpoint, projectId }: Place,
  credentials: Credentials,
): Promise<Secret> {
  return 'password' in credentials
    ? createToken(
        { http, clock, iamEndpoint, projectId },
        credentials,
        AbortSignal.timeout(timeoutMs),
      )
    : credentials;
}

type Next = 'go on' | 'again' | Topic;

async function decide(session: Session, proof: Proof): Promise<Next> {
  if (proof.status === 'proven') return 'go on';
  const { message, topic } = proof;
  const areNamed = Array.isArray(session.options.instances);
  if (topic === 'permission' && areNamed) {
    session.print(`Warning: ${message} The set-up takes the instances that --instances names.`);
    return 'go on';
  }
  if (!session.interactive) throw new SetupError(message);
  session.print(`\n${message}\n`);
  const next = await select<Next | 'stop'>(
    { message: 'What now?', choices: waysOut(session, topic) },
    session.prompts,
  );
  if (next === 'stop') throw new SetupError('Stopped. Nothing was written.');
  return next;
}

function waysOut({ loopback }: Session, topic: Refusal['topic']) {
  const ways: { readonly name: string; readonly value: Next | 'stop' }[] = [
    { value: 'sign-in', name: 'Correct the sign-in' },
    { value: 'project', name: 'Correct the project id' },
    ...(loopback ? [] : [{ value: 'region' as const, name: 'Correct cloud and region' }]),
  ];
  const likely = ways.filter(({ value }) => value === topic);
  const others = ways.filter(({ value }) => value !== topic);
  const again = { value: 'again' as const, name: 'Try again' };
  const byHand = { value: 'go on' as const, name: 'Type the instance ids' };
  return [
    ...likely,
    ...(topic === 'sign-in' ? [] : [again]), // a refused password is never sent twice
    ...(topic === 'permission' ? [byHand] : []),
    ...others,
    { value: 'stop' as const, name: 'Stop' },
  ];
}
