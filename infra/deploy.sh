#!/usr/bin/env bash
# Builds and deploys a stage, then replaces its token, so that it works at once. Takes serverless' options.
set -euo pipefail
cd "$(dirname "$0")/.."

npm run build
npx serverless deploy "$@"
if [ "${AUTH_MODE:-token}" = token ] && [ "${TOKEN_ROTATION:-on}" = on ]; then
  npx serverless invoke --function rotate-token --qualifier live "$@"
fi
