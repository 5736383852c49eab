#!/bin/sh
# A smoke test from cron or any CI system. Needs rbgv on the path, and a key (RBGV_API_KEY, or a
# profile); further flags are passed to rbgv. Exits 0 if the deployment may continue, and otherwise
# says who must act.
set -u

budget=${SMOKE_BUDGET:-5}
result=${SMOKE_RESULT:-smoke.json}

rbgv smoke-test --budget "$budget" --json "$@" > "$result"
code=$?

# What each code means: docs/smoke-test.md.
case $code in
  0) echo "smoke test: well" ;;
  3) echo "smoke test: our key or configuration is wrong" >&2 ;;
  4) echo "smoke test: top up, or raise the budget" >&2 ;;
  5) echo "smoke test: the service is down; try again later" >&2 ;;
  6) echo "smoke test: the job failed at the service; see $result" >&2 ;;
  7) echo "smoke test: the job did not finish in time, and keeps running" >&2 ;;
  8) echo "smoke test: the output is not what was requested; see $result" >&2 ;;
  10) echo "smoke test: slow; the deployment continues" >&2; code=0 ;;
  11) echo "smoke test: the contract changed; hold the deployment" >&2 ;;
  *) echo "smoke test: exit code $code; see $result" >&2 ;;
esac
exit "$code"
