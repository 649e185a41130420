// A variable of serverless.yml would be text; CloudFormation wants a number. It takes 1, 3, 5, 7, 14, 30, 60,
// 90, 120, 150, 180, 365 and more (docs/deployment.md).
module.exports = { days: Number(process.env.LOG_RETENTION_DAYS || 90) };
