#!/usr/bin/env bash
# Shows what is in a dead-letter queue of a stage, or sends it back to where it came from. docs/redrive.md
set -euo pipefail

usage() {
  echo "usage: infra/redrive.sh show|redrive|status <stage> [messages per second, 50 unless told] [sync|changes]" >&2
  exit 2
}

[ $# -ge 2 ] || usage
action=$1 stage=$2 rate=${3:-50} queue=${4:-sync}
[[ $stage =~ ^[A-Za-z0-9-]{1,32}$ && $rate =~ ^[1-9][0-9]{0,2}$ && $rate -le 500 ]] || usage
case $queue in
  sync) name="ddm-sync-$stage-sync-dead-letter" ;;
  changes) name="ddm-sync-$stage-changes-dead-letter.fifo" ;;
  *) usage ;;
esac
command -v aws >/dev/null || { echo 'The AWS CLI is needed: see docs.aws.amazon.com/cli' >&2; exit 1; }

dead=$(aws sqs get-queue-url --queue-name "$name" --query QueueUrl --output text)
arn() {
  aws sqs get-queue-attributes --queue-url "$dead" --attribute-names QueueArn --query Attributes.QueueArn --output text
}

case $action in
  show)
    aws sqs get-queue-attributes --queue-url "$dead" --attribute-names ApproximateNumberOfMessages \
      --query Attributes.ApproximateNumberOfMessages --output text | sed 's/^/messages: /'
    aws sqs receive-message --queue-url "$dead" --max-number-of-messages 10 --visibility-timeout 30 \
      --attribute-names All --query 'Messages[].[Attributes.SentTimestamp,Attributes.ApproximateReceiveCount,Body]' --output text
    echo 'Logs Insights: filter runId = "…" and instanceId = "…" | sort @timestamp desc | display @timestamp, status, errCode, advice'
    ;;
  redrive)
    aws sqs start-message-move-task --source-arn "$(arn)" --max-number-of-messages-per-second "$rate"
    ;;
  status)
    aws sqs list-message-move-tasks --source-arn "$(arn)"
    ;;
  *) usage ;;
esac
