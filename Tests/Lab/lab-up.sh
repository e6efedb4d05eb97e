#!/bin/bash
# lab-up.sh - two Gluster sites on this machine, with a geo-replication session between them.
#
# A node is a set of namespaces (net, mount, pid, uts) with its own glusterd, sshd, /var/lib/glusterd, logs,
# /run, /root, /etc/hosts, and an XFS in a file for its bricks (/mnt/bricks). The nodes hang on a bridge in one
# more net namespace, so the machine's own network is not touched. Nodes: a1.. (primary), b1.. (secondary).
#
#   LAB        the lab's directory (default ${TMPDIR:-/tmp}/drkit-lab-run). Two labs need two directories.
#   A_NODES=1 B_NODES=1    nodes per site
#   REPLICA=0  0: distribute; 2 or 3: one replica set over that many primary nodes
#   BRICKS=1   bricks per primary node (distribute only); B_BRICKS=1 the same at the secondary
#   SHARD=4MB  features.shard-block-size of both volumes
#   IMG_SIZE=20G   size of a node's brick file system (sparse)
#   META=0     1: gluster_shared_storage at the primary and use-meta-volume (with REPLICA and its nodes)
#   SHIM=1     0: without the connect shim: live crawls stall at about half of all starts, as in the wild
#   RSYNC=works    candidate: this machine's own rsync (3.5.0 of Debian completes checkpoints without data)
#   NETP=10.88.0   first three bytes of the nodes' addresses
#   TZ_A, TZ_B time zone of the sites' glusterd
#   UP_TO=session  nodes | volumes | session (created, stopped) | started (Active)
#   PVOL=data SVOL=data-dr
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
A_NODES=${A_NODES:-1} B_NODES=${B_NODES:-1} REPLICA=${REPLICA:-0} BRICKS=${BRICKS:-1} B_BRICKS=${B_BRICKS:-1}
SHARD=${SHARD:-4MB} IMG_SIZE=${IMG_SIZE:-20G} META=${META:-0} SHIM=${SHIM:-1} RSYNC=${RSYNC:-works}
NETP=${NETP:-10.88.0} UP_TO=${UP_TO:-session} TZ_A=${TZ_A:-} TZ_B=${TZ_B:-}
CACHE=${DRKIT_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/drkit-lab}

[ "$(id -u)" = 0 ] || die "must run as root"
command -v glusterd >/dev/null && [ -x "$CACHE/rsync" ] && [ -s "$CACHE/changelog-connect-shim.so" ] \
  || die "something is missing here: run install.sh first"
case $UP_TO in nodes|volumes|session|started) ;; *) die "UP_TO=$UP_TO: want nodes, volumes, session or started";; esac
case $RSYNC in works|candidate) ;; *) die "RSYNC=$RSYNC: want works or candidate";; esac
[ "$REPLICA" = 0 ] || [ "$A_NODES" -ge "$REPLICA" ] || die "REPLICA=$REPLICA needs A_NODES >= $REPLICA"
[ "$META" = 0 ] || [ "$REPLICA" -ge 2 ] || die "META=1 needs REPLICA=2 or 3"
mkdir -p "$(dirname "$LAB")"
LAB=$(cd "$(dirname "$LAB")" && pwd)/$(basename "$LAB")
home=$(getent passwd 0 | cut -d: -f6)   # root's own, which a node has for itself
[ -n "$home" ] || die "the password database names no home of root"
case $LAB/ in /mnt/*|/run/*|"$home"/*|/var/lib/misc/*) die "LAB=$LAB: a node hides that directory; choose another";; esac
mkdir "$LAB" 2>/dev/null || die "$LAB exists: a lab is up there (lab-down.sh), or it is not a lab's directory"
echo "drkit lab" > "$LAB/lab"
export LAB

t0=$(now)
say() { printf '[%5.1fs] %s\n' "$(elapsed "$t0")" "$*"; }
up=0
trap 'if [ "$up" = 0 ]; then echo "lab-up.sh: failed; lab-down.sh removes the rest, logs are in $LAB" >&2; fi' EXIT

site_a=(); for i in $(seq "$A_NODES"); do site_a+=("a$i"); done
site_b=(); for i in $(seq "$B_NODES"); do site_b+=("b$i"); done
nodes=("${site_a[@]}" "${site_b[@]}")
address() { case $1 in a*) echo "$NETP.$((10 + ${1#a}))";; b*) echo "$NETP.$((50 + ${1#b}))";; esac; }

# copies, because the nodes cannot see all of this machine's directories
cp "$CACHE/rsync" "$CACHE/changelog-connect-shim.so" "$LAB/"
ssh-keygen -q -t ed25519 -N '' -C drkit-lab -f "$LAB/id"
ssh-keygen -q -t ed25519 -N '' -C drkit-lab-host -f "$LAB/hostkey"
{ echo "127.0.0.1 localhost"; for n in "${nodes[@]}"; do echo "$(address "$n") $n"; done; } > "$LAB/hosts"

# --- the switch: a bridge in its own net namespace
host_net=$(readlink /proc/self/ns/net)
setsid unshare -n -- sleep infinity </dev/null >/dev/null 2>&1 &
switch=$!
own_net() { [ "$(readlink "/proc/$switch/ns/net")" != "$host_net" ]; }
eventually 5 own_net || die "no switch namespace"
remember "$switch" "$LAB/switch.pid"
nsenter -t "$switch" -n sh -c 'ip link set lo up && ip link add br0 type bridge && ip link set br0 up'

# --- nodes
start_node() {
  local n=$1 d=$LAB/$1 zone=$TZ_A ip
  ip=$(address "$n")
  case $n in b*) zone=$TZ_B;; esac
  mkdir -p "$d"/{glusterd,log/geo-replication,log/geo-replication-secondaries,misc,root/.ssh} \
           "$d"/run/{sshd,gluster,lock,tmp}
  cp -a /var/lib/glusterd/hooks /var/lib/glusterd/groups "$d/glusterd/"
  cp "$LAB/id" "$d/root/.ssh/id_ed25519"
  cp "$LAB/id.pub" "$d/root/.ssh/authorized_keys"
  printf '%s\n' 'Host *' 'StrictHostKeyChecking no' 'UserKnownHostsFile /dev/null' 'LogLevel ERROR' \
    > "$d/root/.ssh/config"
  chmod 700 "$d/root" "$d/root/.ssh"; chmod 600 "$d/root/.ssh/"*
  : > "$d/fstab"
  printf '%s\n' "ListenAddress $ip" "HostKey $LAB/hostkey" 'PidFile /run/sshd.pid' 'PermitRootLogin yes' \
    'PasswordAuthentication no' 'UsePAM no' 'AuthorizedKeysFile .ssh/authorized_keys' 'StrictModes no' \
    'MaxStartups 100' 'MaxSessions 100' 'UseDNS no' 'Subsystem sftp internal-sftp' 'SetEnv TMPDIR=/run/tmp' \
    > "$d/sshd_config"
  truncate -s "$IMG_SIZE" "$d/brick.img"
  mkfs.xfs -q -i size=512 "$d/brick.img"
  local preload='' rsync=''
  [ "$SHIM" = 0 ] || preload=$LAB/changelog-connect-shim.so
  [ "$RSYNC" = candidate ] || rsync=$LAB/rsync
  NODE=$n DIR=$d PRELOAD=$preload RSYNC=$rsync NODE_TZ=$zone \
    setsid unshare -n -m -p -u -f --kill-child --mount-proc --propagation private \
    -- bash "$HERE/node-init.sh" >"$d/init.log" 2>&1 </dev/null &
  local outer=$! pid
  remember "$outer" "$d/unshare.pid"
  eventually 10 test -e "$d/mounted" || { cat "$d/init.log" >&2; die "node $n does not come up"; }
  pid=$(pgrep -P "$outer")
  remember "$pid" "$d/pid"
  ip link add "v$n" netns "$switch" type veth peer name eth0 netns "$pid"
  nsenter -t "$switch" -n sh -c "ip link set v$n master br0 && ip link set v$n up"
  nsenter -t "$pid" -n sh -c "ip link set lo up && ip addr add $ip/24 dev eth0 && ip link set eth0 up"
  : > "$d/linked"
}
for n in "${nodes[@]}"; do start_node "$n"; done
for n in "${nodes[@]}"; do
  eventually 40 test -e "$LAB/$n/ready" || { cat "$LAB/$n/init.log" >&2; die "node $n: no glusterd"; }
done
say "nodes up: ${nodes[*]}"
if [ "$UP_TO" = nodes ]; then up=1; exit 0; fi

# --- sites
gl() { local n=$1; shift; on "$n" gluster --mode=script "$@" </dev/null; }
connected() { [ "$(gl "$1" pool list | grep -c Connected)" = "$2" ]; }
join() {   # join FIRST OTHERS...
  local first=$1 n; shift
  for n in "$@"; do gl "$first" peer probe "$n" >/dev/null; done
  eventually 30 connected "$first" $(($# + 1)) || die "the peers of $first do not connect"
}
make_volume() {   # make_volume NODE VOLUME BRICK-ARGUMENTS...
  local n=$1 v=$2; shift 2
  gl "$n" volume create "$v" "$@" force >/dev/null
  # sharding, and what of oVirt's "virt" group matters to sharded images. More event threads than locks can be interrupted at
  # once: with the usual two a FUSE client was seen to hang for good (README.md i)
  gl "$n" volume set "$v" features.shard on features.shard-block-size "$SHARD" performance.quick-read off \
    performance.read-ahead off performance.io-cache off performance.stat-prefetch off \
    network.remote-dio disable performance.strict-o-direct on client.event-threads 8 >/dev/null
  gl "$n" volume start "$v" >/dev/null
}
site() {   # site VOLUME REPLICA BRICKS NODES...
  local v=$1 replica=$2 count=$3 bricks=() n i; shift 3
  join "$@"
  if [ "$replica" -gt 0 ]; then
    bricks=(replica "$replica")
    for n in "${@:1:replica}"; do bricks+=("$n:/mnt/bricks/$v"); done
  elif [ "$count" = 1 ]; then
    for n in "$@"; do bricks+=("$n:/mnt/bricks/$v"); done
  else
    for n in "$@"; do for i in $(seq "$count"); do bricks+=("$n:/mnt/bricks/$v-$i"); done; done
  fi
  make_volume "$1" "$v" "${bricks[@]}"
}
site "$PVOL" "$REPLICA" "$BRICKS" "${site_a[@]}" &
primary=$!
site "$SVOL" 0 "$B_BRICKS" "${site_b[@]}" &
wait $! || die "the secondary site failed (above)"
wait "$primary" || die "the primary site failed (above)"
say "volumes started: $PVOL, $SVOL (shards of $SHARD)"
if [ "$UP_TO" = volumes ]; then up=1; exit 0; fi

# --- session
gl a1 system:: execute gsec_create >/dev/null
gl a1 volume geo-replication "$PVOL" "b1::$SVOL" create push-pem
# A hook of glusterd goes on after the command: it puts the keys there, then makes the secondary read-only.
keys_there() { grep -q gsyncd "$LAB/b1/root/.ssh/authorized_keys"; }
read_only() { gl b1 volume get "$SVOL" features.read-only | grep -qE '^features.read-only +on'; }
eventually 60 keys_there || die "the session's keys do not reach b1"
eventually 30 read_only || die "$SVOL does not become read-only after push-pem"
if [ "$META" = 1 ]; then
  gl a1 volume set all cluster.enable-shared-storage enable >/dev/null
  shared() { on a1 mountpoint -q /run/gluster/shared_storage; }
  eventually 60 shared || die "no shared storage on a1"
  gl a1 volume geo-replication "$PVOL" "b1::$SVOL" config use-meta-volume true >/dev/null
fi
say "session created: $PVOL -> b1::$SVOL"
if [ "$UP_TO" = session ]; then up=1; exit 0; fi

gl a1 volume geo-replication "$PVOL" "b1::$SVOL" start
active() { georep_status | awk '$3 == "Active"' | grep -q .; }
eventually 60 active || die "the session does not become Active"
say "geo-replication Active"
up=1
