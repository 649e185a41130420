import { answer, answerErrors } from '../lib/http/response.ts';
import { lambda } from '../lib/lambda.ts';
import { readSmnEvent, receiveNotification } from '../lib/smn/receive.ts';

/** `POST /notifications/smn`: takes Huawei's notifications; their signature is the authorisation. */
export const handler = lambda(
  async (app, event, { deadline, runId }) => {
    const receipt = await receiveNotification(app, readSmnEvent(event), { runId, deadline });
    return answer(200, runId, { runId, ...receipt });
  },
  // SMN waits for 5 s, a cold start included.
  { needs: ['changeQueue'], limitMs: 2_500, middlewares: [answerErrors('smn')] },
);
