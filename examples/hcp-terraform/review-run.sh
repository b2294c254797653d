#!/usr/bin/env bash
# Reviews the plan of a run in HCP Terraform or Terraform Enterprise, a speculative one for instance:
#
#     TFE_TOKEN=... review-run.sh RUN_ID [OPTIONS OF cloudstack-pins review]
#
# Exit status as of `cloudstack-pins review`: 0 acceptable, 1 error, 4 refused. The token needs to read the workspace's
# runs (a user's or team's token with admin access to the workspace may read the plan's JSON). TFE_ADDRESS is the host,
# default app.terraform.io.
set -euo pipefail

run="${1:?name a run, as in run-CZcmD7eagjhyX0vN}"
shift
host="${TFE_ADDRESS:-app.terraform.io}"
folder="$(mktemp -d)"
plan="$folder/$run.json"
trap 'rm -rf "$folder"' EXIT

# The answer is a redirect to another host, to which curl does not send the token. 204: the plan is not ready yet.
status=204
for _ in $(seq 60); do
  status="$(curl -sS -L -o "$plan" -w '%{http_code}' -H @- "${TFE_SCHEME:-https}://$host/api/v2/runs/$run/plan/json-output" <<< "Authorization: Bearer ${TFE_TOKEN:?set TFE_TOKEN}")"
  if [ "$status" != 204 ]; then break; fi
  sleep "${TFE_PAUSE:-10}"
done
if [ "$status" != 200 ]; then
  echo "review-run.sh: $host answers $status for the plan of $run; check the run, and what TFE_TOKEN may read" >&2
  exit 1
fi

cloudstack-pins review "$plan" "$@"
