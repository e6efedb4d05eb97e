#!/bin/bash
# stock-cycle.sh [TIMEOUT-MINUTES] - one idle cycle with the schedule_georep.py that Debian's gluster packages ship,
# on a lab whose session exists (lab-up.sh). Prints its messages, and the seconds from checkpoint to stop.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -d "$LAB" ] || die "no lab in $LAB"
script=$(dpkg -L glusterfs-server glusterfs-common | grep '/schedule_georep\.py$') || die "no package ships schedule_georep.py"
out=$LAB/stock-cycle.out
# Every message is stamped when it arrives. "Stopped" comes right before the checkpoint command, so it is time 0;
# the end comes after the stop command.
TMO=$((60 * ${1:-5} + 200)) a /usr/bin/python3 "$script" --no-color --timeout "${1:-5}" "$PVOL" b1 "$SVOL" 2>&1 \
  | while IFS= read -r line; do printf '%s %s\n' "$(now)" "$line"; done > "$out"
rc=${PIPESTATUS[0]}
end=$(now)
begin=$(awk '/Stopped Geo-replication/ { print $1; exit }' "$out")
awk -v t0="${begin:-0}" '{ t = $1; $1 = ""; printf "[%6.1fs]%s\n", t - t0, $0 }' "$out"
[ -n "$begin" ] || die "it did not get to the checkpoint (exit $rc)"
echo "stock cycle: exit=$rc checkpoint_to_stopped=$(elapsed "$begin" "$end")"
exit "$rc"
