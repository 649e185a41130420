// Whom the alarms tell: an SNS topic that is there, or one that the stack makes for e-mail addresses.

const { service } = require('./names.cjs');

const { env } = process;

/** The addresses of ALARM_EMAIL. Each gets a mail from AWS, and no alarm before the link in it was opened. */
function readAddresses(text = '') {
  if (text === '') return [];
  if (env.ALARM_TOPIC_ARN) {
    throw new Error(
      'ALARM_EMAIL and ALARM_TOPIC_ARN are both set: subscribe the addresses to that topic, and leave ALARM_EMAIL out',
    );
  }
  const addresses = text.split(',').map((address) => address.trim());
  const wrong = addresses.find((address) => !/^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(address));
  if (wrong === undefined) return addresses;
  throw new Error(`ALARM_EMAIL has "${wrong}": set it to e-mail addresses, separated by commas`);
}

const addresses = readAddresses(env.ALARM_EMAIL);
const pages = addresses.length > 0 ? { Ref: 'AlarmTopic' } : env.ALARM_TOPIC_ARN;

const topic = {
  Type: 'AWS::SNS::Topic',
  Properties: {
    TopicName: `${service}-alarms`,
    DisplayName: service,
    Subscription: addresses.map((Endpoint) => ({ Protocol: 'email', Endpoint })),
  },
};

module.exports = async () => ({
  Resources: addresses.length > 0 ? { AlarmTopic: topic } : {},
});
/** For alarms that page; undefined: nobody. */
module.exports.pages = pages;
/** For alarms that can wait. */
module.exports.tickets = env.TICKET_TOPIC_ARN || pages;
