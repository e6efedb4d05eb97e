#!/bin/bash
# run.sh - the lab tests: drkit on real Gluster, with real qcow2 and raw images and writers that never stop.
# DRCTL names the drctl binary. Brings its own labs up and down.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${DRCTL:?set DRCTL to the drctl binary (swift build -c release --product drctl)}"
bash "$here/install.sh"
exec /usr/bin/python3 "$here/lab_test.py" "$@"
