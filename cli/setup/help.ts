export const help = `npm run setup -- [options]

The first set-up: asks for cloud, region, project, sign-in and instances, proves them with one sign-in and
one list call, writes the parameters, and ends with a dry run. What an option answers is not asked. With
all of them and --yes it asks nothing, also without a terminal.

  --cloud huawei|huawei-eu|otc   Huawei Cloud, Huawei Cloud EU or Open Telekom Cloud
  --region eu-de                 region of the DDM instances
  --project <project id>         project in that region (console: My Credentials)
  --auth token|aksk              token: rotate-token signs in with a password; aksk: an access key signs
  --domain-name <account>        with token: the account
  --user-name <IAM user>         with token: the user in it
  --instances all|<id>,<id>      instances to keep in step
  --stage prod                   stage that will be deployed (default prod)
  --prefix /ddm-sync/prod        path of the parameters (default /ddm-sync/<stage>)
  --yes                          write, and replace what is there, without asking
  --embedded                     try it: against a cloud embedded on this machine, without any account
  --help

Secrets are no options: DDM_SYNC_PASSWORD, or DDM_SYNC_ACCESS_KEY_ID and DDM_SYNC_SECRET_ACCESS_KEY, from the
environment, or else hidden prompts.

AWS: credentials and region as for the aws command (AWS_PROFILE, or AWS_REGION, AWS_ACCESS_KEY_ID, ...).
PARAMETER_KMS_ARN encrypts with a key of your own. DDM_ENDPOINT and IAM_ENDPOINT are taken on loopback.
docs/setup.md lists the rights that it needs. Exit code: 0 set up, 1 failed, 2 wrong options, 130 interrupted.
`;
