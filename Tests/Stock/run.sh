#!/usr/bin/env bash
# Runs the stock schedule_georep.py of Debian's gluster packages, unmodified, against a simulated cluster in virtual time.
#   DRCTL  the binary under test (default: .build/debug/drctl)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
drctl=${DRCTL:-$here/../../.build/debug/drctl}
script=$(dpkg -L glusterfs-server glusterfs-common | grep '/schedule_georep\.py$') \
  || { echo "stock: no package ships schedule_georep.py: run Tests/Lab/install.sh" >&2; exit 1; }
exec /usr/bin/python3 "$here/outsider.py" "$drctl" "$script"
