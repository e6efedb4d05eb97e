#!/bin/bash
# node-init.sh - pid 1 of a node. lab-up.sh starts it in fresh net, mount, pid and uts namespaces with
# NODE, DIR (the node's own directory), LAB, and optionally RSYNC, PRELOAD, NODE_TZ.
set -u
fail() { echo "node $NODE: $*"; exit 1; }

hostname "$NODE"
# What belongs to one machine becomes this node's own. Nothing here outlives the mount namespace.
for pair in root:/root glusterd:/var/lib/glusterd log:/var/log/glusterfs misc:/var/lib/misc run:/run; do
  mount --bind "$DIR/${pair%%:*}" "${pair#*:}" || fail "cannot bind ${pair#*:}"
done
mount --bind "$LAB/hosts" /etc/hosts || fail "cannot bind /etc/hosts"
# the shared-storage hook edits fstab
[ ! -e /etc/fstab ] || mount --bind "$DIR/fstab" /etc/fstab || fail "cannot bind /etc/fstab"
[ -z "${RSYNC:-}" ] || mount --bind "$RSYNC" /usr/bin/rsync || fail "cannot bind $RSYNC"
mount -t sysfs sysfs /sys 2>/dev/null   # of this net namespace; not essential
# /mnt is the node's own, with its bricks below: no directory of the machine is a mount point of two labs
mount -t tmpfs -o mode=755 drkit-lab /mnt || fail "cannot mount tmpfs on /mnt"
mkdir /mnt/bricks
mount -o loop "$DIR/brick.img" /mnt/bricks || fail "cannot mount the brick file system"
: > "$DIR/mounted"

for _ in $(seq 400); do [ -e "$DIR/linked" ] && break; sleep 0.05; done
[ -e "$DIR/linked" ] || fail "no network link from lab-up.sh"
/usr/sbin/sshd -f "$DIR/sshd_config" -E "$DIR/log/sshd.log" || fail "sshd does not start"
# gsyncd's temporary directories go where the node's other runtime files are (short: ssh sockets live there)
glusterd=(env TMPDIR=/run/tmp)
[ -z "${NODE_TZ:-}" ] || glusterd+=(TZ="$NODE_TZ")
[ -z "${PRELOAD:-}" ] || glusterd+=(LD_PRELOAD="$PRELOAD")   # the bricks inherit it
"${glusterd[@]}" /usr/sbin/glusterd -p /run/glusterd.pid || fail "glusterd does not start"
for _ in $(seq 300); do gluster --timeout=5 pool list >/dev/null 2>&1 && break; sleep 0.1; done
: > "$DIR/ready"
trap 'exit 0' TERM
while :; do sleep 3600 & wait $!; done   # bash, as pid 1, reaps the orphans
