import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { answer, answerErrors } from '../lib/http/response.ts';
import { lambda } from '../lib/lambda.ts';
import { receiveNotification } from '../lib/smn/receive.ts';
import { readSmnEvent } from '../lib/smn/request.ts';

const maxRunMs = 2_500; // SMN waits for 5 s, a cold start included
const reserveMs = 500;

/** `POST /notifications/smn`: takes Huawei's notifications; their signature is the authorisation. */
export const handler = lambda(
  async (app, event, context): Promise<APIGatewayProxyStructuredResultV2> => {
    const runId = context.awsRequestId;
    const remainingMs = Math.min(context.getRemainingTimeInMillis() - reserveMs, maxRunMs);
    const deadlineAt = app.clock.monotonic() + remainingMs;
    const receipt = await receiveNotification(app, readSmnEvent(event), { runId, deadlineAt });
    return answer(200, runId, { runId, ...receipt });
  },
  [answerErrors],
);
