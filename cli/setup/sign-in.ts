import { select } from '@inquirer/prompts';
import { systemClock } from '../../lib/clock.ts';
import { createHttpClient } from '../../lib/huawei/http.ts';
import type { ListedInstance } from '../../lib/huawei/instances.ts';
import {
  type Credentials,
  credentialsOf,
  type Draft,
  forget,
  type Place,
  placeOf,
  type Topic,
} from './draft.ts';
import type { Refusal } from './explain.ts';
import { type Proof, prove } from './prove.ts';
import { askProjectId, completeRegion, completeSignIn } from './questions.ts';
import type { Session } from './session.ts';
import { SetupError } from './setup-error.ts';

/** Answers that the service has taken. */
export interface Proven {
  readonly place: Place;
  readonly authMode: 'token' | 'aksk';
  readonly credentials: Credentials;
  /** Absent where they may not list: the person names the instances. */
  readonly listed: readonly ListedInstance[] | undefined;
}

/**
 * Asks and proves until the service takes the answers. It never goes round by itself: a person corrects
 * what was refused, or it ends.
 * @throws {SetupError}
 */
export async function signInUntilProven(session: Session, given: Draft): Promise<Proven> {
  const http = createHttpClient({ maxConnections: 1 });
  try {
    let draft = given;
    let before = given;
    for (;;) {
      draft = await completeSignIn(draft, before, session.prompts);
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

/** Cloud, region and project, as far as the draft lacks them. */
export async function completePlace(
  { loopback, prompts }: Session,
  draft: Draft,
  before: Draft,
): Promise<Draft> {
  // A loopback endpoint stands for both.
  const located = loopback ? draft : await completeRegion(draft, before, prompts);
  const projectId = located.projectId ?? (await askProjectId(before, prompts));
  return { ...located, projectId };
}

type Next = 'go on' | 'again' | Topic;

async function decide(session: Session, proof: Proof): Promise<Next> {
  if (proof.status === 'proven') return 'go on';
  const { message, topic } = proof;
  const areNamed = Array.isArray(session.options.instances);
  if (topic === 'permission' && areNamed) {
    session.print(`Warning: ${message} The instances are taken as --instances names them.`);
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
    ...(topic === 'sign-in' ? [] : [again]), // a refused password is not sent a second time
    ...(topic === 'permission' ? [byHand] : []),
    ...others,
    { value: 'stop' as const, name: 'Stop' },
  ];
}
