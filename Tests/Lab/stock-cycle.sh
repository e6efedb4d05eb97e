#!/bin/bash
# stock-cycle.sh [TIMEOUT-MINUTES] - one idle cycle with the schedule_georep.py that glusterfs-server ships, on a
# lab whose session exists (lab-up.sh). Prints its messages, and the seconds from checkpoint to stop.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -d "$LAB" ] || die "no lab in $LAB"
script=$(dpkg -L glusterfs-server | grep '/schedule_georep\.py$') || die "glusterfs-server ships no schedule_georep.py"
out=$LAB/stock-cycle.out
# Every message is stamped when it arrives: "Set Checkpoint" comes after that command, the end after the stop.
TMO=900 a /usr/bin/python3 "$script" --no-color --timeout "${1:-5}" "$PVOL" b1 "$SVOL" 2>&1 \
  | while IFS= read -r line; do printf '%s %s\n' "$(now)" "$line"; done > "$out"
rc=${PIPESTATUS[0]}
end=$(now)
set_at=$(awk '/Set Checkpoint/ { print $1; exit }' "$out")
awk -v t0="${set_at:-0}" '{ t = $1; $1 = ""; printf "[%6.1fs]%s\n", t - t0, $0 }' "$out"
[ -n "$set_at" ] || die "it set no checkpoint (exit $rc)"
echo "stock cycle: exit=$rc checkpoint_to_stopped=$(elapsed "$set_at" "$end")"
exit "$rc"
