# lib.sh - sourced by the lab's scripts and by tests that drive a lab from bash.
HERE=${HERE:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
LAB=${LAB:-${TMPDIR:-/tmp}/drkit-lab-run}
PVOL=${PVOL:-data}
SVOL=${SVOL:-data-dr}
export LAB PVOL SVOL

die() { echo "${0##*/}: $*" >&2; exit 1; }
now() { date +%s.%N; }
elapsed() { awk -v a="$1" -v b="${2:-$(now)}" 'BEGIN { printf "%.1f", b - a }'; }   # elapsed FROM [TO]

# Processes are remembered as "pid starttime", so that a recycled pid is never taken for ours.
start_time() {   # start_time PID: empty when there is no such process
  local line
  { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 0
  line=${line##*) }
  # shellcheck disable=SC2086
  set -- $line
  [ "$1" = Z ] || echo "${20}"
}
remember() { echo "$1 $(start_time "$1")" > "$2"; }   # remember PID FILE
remembered() {   # remembered FILE: its pid, if that very process still lives
  local pid started
  [ -s "$1" ] && read -r pid started < "$1" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

# eventually SECONDS COMMAND...: waits until COMMAND succeeds
eventually() {
  local end=$(( $(date +%s%3N) + $1 * 1000 )); shift
  until "$@"; do
    [ "$(date +%s%3N)" -lt "$end" ] || return 1
    sleep 0.1
  done
}

on() { "$HERE/on" "$@"; }
a() { timeout "${TMO:-130}" "$HERE/on" a1 "$@" </dev/null; }
b() { timeout "${TMO:-130}" "$HERE/on" b1 "$@" </dev/null; }
georep() { a gluster --mode=script volume geo-replication "$PVOL" "b1::$SVOL" "$@"; }

# One line per worker: node brick status crawl entry data meta failures last_synced
#                      checkpoint_completed checkpoint_time checkpoint_completion_time
georep_status() {
  georep status detail --xml 2>/dev/null | /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
try:
    root = tree.fromstring(sys.stdin.read())
except tree.ParseError:
    sys.exit("ERROR not-xml")
if root.findtext("opRet") != "0":
    sys.exit("ERROR " + (root.findtext("opErrstr") or "-"))
fields = """primary_node primary_brick status crawl_status entry data meta failures last_synced
            checkpoint_completed checkpoint_time checkpoint_completion_time""".split()
for pair in sorted(root.iter("pair"), key=lambda p: (p.findtext("primary_node"), p.findtext("primary_brick"))):
    print(*[(pair.findtext(f) or "-").replace(" ", "_") for f in fields])' 2>&1
}
# Every Active worker says that the checkpoint is complete (and there is one).
checkpoint_complete() {
  georep_status | awk '$3 == "Active" { n++; if ($10 != "Yes") bad = 1 }
                       $3 !~ /^(Active|Passive)$/ { bad = 1 } END { exit !(n > 0 && !bad) }'
}
# FUSE mounts in both sites: /mnt/p in a1 and /mnt/s in b1 (the latter goes stale: see README.md)
mount_both() {
  a sh -c "mkdir -p /mnt/p; mountpoint -q /mnt/p || mount -t glusterfs localhost:/$PVOL /mnt/p"
  b sh -c "mkdir -p /mnt/s; mountpoint -q /mnt/s || mount -t glusterfs localhost:/$SVOL /mnt/s"
}
