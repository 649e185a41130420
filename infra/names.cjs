// How the resources of this service are named, and where their runbook is.

const service = '${self:service}-${sls:stage}';
const runbook = readRunbookUrl(process.env.RUNBOOK_URL);

/** The alias that every event source invokes; it moves from one published version to the next. */
const aliasName = 'live';

/** The functions that answer requests over HTTP. */
const answering = ['http', 'smn'];

/** The queues that a function works on, by what alarms call them. */
const queues = { sync: 'SyncQueue', changes: 'ChangeQueue', follow: 'FollowQueue' };

/** The queues that keep what failed for good. */
const deadLetterQueues = {
  sync: 'SyncDeadLetterQueue',
  changes: 'ChangeDeadLetterQueue',
  follow: 'FollowDeadLetterQueue',
  scheduled: 'ScheduledDeadLetterQueue',
  changed: 'ChangedDeadLetterQueue',
};

/** The address of the runbook's page, to which its sections are added. @returns '' if it is not set */
function readRunbookUrl(text = '') {
  if (text === '') return '';
  const url = URL.parse(text);
  const isPage = url !== null && /^https?:$/.test(url.protocol);
  if (isPage && url.username === '' && url.hash === '') return text;
  throw new Error(
    'RUNBOOK_URL is no address of a page: set it to where your team reads docs/runbook.md, such as https://git.example/ddm-sync/docs/runbook.md, without user name and #',
  );
}

function capital(name) {
  return name[0].toUpperCase() + name.slice(1);
}

/** rotate-token: RotateToken. */
function pascal(name) {
  return name.split('-').map(capital).join('');
}

/** The keys below `functions` in serverless.yml. */
async function functionKeys(resolveVariable) {
  return Object.keys(await resolveVariable('self:functions'));
}

/** The name that the framework gives a function. */
function functionName(key) {
  return `${service}-${key}`;
}

/** The framework's name of a function in the template, without the kind of resource behind it. */
function functionId(key) {
  return capital(key).replaceAll('-', 'Dash');
}

function functionArn(key) {
  return { 'Fn::GetAtt': [`${functionId(key)}LambdaFunction`, 'Arn'] };
}

function aliasArn(key) {
  return { 'Fn::Join': [':', [functionArn(key), aliasName]] };
}

async function logGroups(resolveVariable) {
  const keys = await functionKeys(resolveVariable);
  return keys.map((key) => `/aws/lambda/${functionName(key)}`);
}

module.exports = {
  aliasArn,
  aliasName,
  answering,
  capital,
  deadLetterQueues,
  functionArn,
  functionId,
  functionKeys,
  functionName,
  logGroups,
  pascal,
  queues,
  runbook,
  service,
};
