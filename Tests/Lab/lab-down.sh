#!/bin/bash
# lab-down.sh - ends the lab in $LAB and removes its directory. It kills only what lab-up.sh started: pid 1 of
# each node (the kernel then ends everything inside, and its mounts and links), and the switch.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if [ ! -e "$LAB" ]; then echo "lab-down.sh: no lab in $LAB"; exit 0; fi
[ -f "$LAB/lab" ] || die "$LAB is not a lab's directory; nothing done"
LAB=$(cd "$LAB" && pwd)

files=()
for f in "$LAB"/[ab][0-9]*/pid "$LAB"/[ab][0-9]*/unshare.pid "$LAB/switch.pid"; do
  [ -f "$f" ] || continue
  files+=("$f")
  if pid=$(remembered "$f"); then kill -KILL "$pid" 2>/dev/null; fi
done
none_left() { local f; for f in "${files[@]}"; do if remembered "$f" >/dev/null; then return 1; fi; done; }
loops() { losetup -l -n -O NAME,BACK-FILE | awk -v lab="$LAB/" 'index($2, lab) == 1'; }
no_loops() { [ -z "$(loops)" ]; }
eventually 30 none_left || die "a process of the lab does not end; see $LAB/*/pid"
eventually 20 no_loops || { loops >&2; die "loop devices of the lab are left (above)"; }
if grep -q " $LAB/" /proc/self/mounts; then die "mounts below $LAB are left"; fi
rm -rf "$LAB"
echo "lab down"
