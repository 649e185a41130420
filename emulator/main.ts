// The embedded cloud as a process of its own: prints its endpoints as one JSON line, ends with its stdin.
import { type CloudOptions, startCloud } from './cloud.ts';

const options: CloudOptions = JSON.parse(process.argv[2] ?? '{"instances":100}');
const { ddm, iam, parameterPrefix, projectId, queueUrl, sqs, ssm } = await startCloud(options);
const endpoints = { ddm: ddm.endpoint, iam: iam.endpoint, ssm: ssm.endpoint, sqs: sqs.endpoint };
process.stdout.write(`${JSON.stringify({ ...endpoints, projectId, parameterPrefix, queueUrl })}\n`);
process.stdin.resume().on('end', () => process.exit());
