#!/bin/bash
# cycle.sh WAIT [RUNS] - times idle cycles on a lab whose session is stopped (lab-up.sh, UP_TO=session):
#   checkpoint now; 2 s later write the nonce file; WAIT seconds; start; look each 0.5 s until Yes; stop.
# One line per run; the total runs from before the checkpoint command to after the stop. Exit 1 if one stalled.
# WAIT counts from the nonce. LIMIT=60: seconds after start when a run is given up as stalled.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
wait_seconds=${1:?usage: cycle.sh WAIT [RUNS]} runs=${2:-1} limit=${LIMIT:-60}
[ -d "$LAB" ] || die "no lab in $LAB"
a sh -c "mkdir -p /mnt/p; mountpoint -q /mnt/p || mount -t glusterfs localhost:/$PVOL /mnt/p; mkdir -p /mnt/p/.drkit" \
  || die "cannot mount $PVOL"
georep stop force >/dev/null 2>&1
all=0
for run in $(seq "$runs"); do
  t0=$(now)
  georep config checkpoint now >/dev/null || die "cannot set the checkpoint"
  t1=$(now); sleep 2
  a sh -c 'date +%N > /mnt/p/.drkit/nonce'
  sleep "$wait_seconds"
  t2=$(now)
  georep start >/dev/null || die "cannot start"
  started=$(elapsed "$t2") active='' yes=stalled looks=0
  while awk -v e="$(elapsed "$t2")" -v l="$limit" 'BEGIN { exit !(e < l) }'; do
    line=$(georep_status); looks=$((looks + 1))
    if [ -z "$active" ] && [[ $line == *" Active "* ]]; then active=$(elapsed "$t2"); fi
    if awk '$10 != "Yes" { exit 1 }' <<<"$line"; then yes=$(elapsed "$t2"); crawl=$(awk '{print $4}' <<<"$line"); break; fi
    sleep 0.5
  done
  [ "$yes" != stalled ] || { all=1; crawl="last:$line"; }
  t3=$(now)
  georep stop >/dev/null || die "cannot stop"
  echo "wait=$wait_seconds run=$run checkpoint_command=$(elapsed "$t0" "$t1") start_command=$started" \
       "start_to_active=$active start_to_yes=$yes stop_command=$(elapsed "$t3") looks=$looks" \
       "checkpoint_to_stopped=$(elapsed "$t0") crawl=$crawl"
done
exit "$all"
