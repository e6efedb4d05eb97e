#!/bin/bash
# install.sh - what the real-Gluster lab needs, on Debian 12. Safe to run again: it does only what is missing.
#
#   1. the Debian packages that are missing (their services are kept from starting);
#   2. an rsync that works for geo-replication, into $DRKIT_LAB_CACHE/rsync;
#   3. the changelog connect shim, compiled to $DRKIT_LAB_CACHE/changelog-connect-shim.so.
#
# DRKIT_LAB_CACHE: default ${XDG_CACHE_HOME:-$HOME/.cache}/drkit-lab
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${DRKIT_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/drkit-lab}
PACKAGES=(glusterfs-server glusterfs-client rsync openssh-server openssh-client iproute2 fuse3 attr xfsprogs
          util-linux procps psmisc qemu-utils qemu-system-common)

die() { echo "install.sh: $*" >&2; exit 1; }
say() { echo "install.sh: $*"; }

[ "$(id -u)" = 0 ] || die "must run as root (packages, namespaces and mounts need it)"
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null \
  || die "only Debian and its relatives are supported: no apt-get here; install by hand: ${PACKAGES[*]}"
mkdir -p "$CACHE" || die "cannot create the cache directory $CACHE (set DRKIT_LAB_CACHE)"

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
policy_ours=0
finish() {
  # Give the machine back the policy it had before.
  if [ "$policy_ours" = 1 ]; then
    rm -f "$policy"
    if [ -e "$work/policy-rc.d" ]; then mv "$work/policy-rc.d" "$policy"; fi
  fi
  rm -rf "$work"
}
trap finish EXIT

# A package's postinst asks policy-rc.d whether it may start its service; 101 means no. Without this
# the machine would end up with a glusterd and an sshd of its own, outside the lab.
deny_services() {
  [ "$policy_ours" = 0 ] || return 0
  if [ -e "$policy" ]; then
    local rc=0
    "$policy" glusterd start >/dev/null 2>&1 || rc=$?
    if [ "$rc" = 101 ]; then return 0; fi
    mv "$policy" "$work/policy-rc.d"
  fi
  policy_ours=1
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
}

updated=0
update() {
  [ "$updated" = 0 ] || return 0
  say "apt-get update"
  apt-get update -q >"$work/apt.log" 2>&1 || { tail -n 15 "$work/apt.log" >&2; die "apt-get update failed (above)"; }
  updated=1
}
add_packages() {
  update
  deny_services
  say "installing: $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >"$work/apt.log" 2>&1 \
    || { tail -n 25 "$work/apt.log" >&2; die "apt-get install $* failed (above)"; }
}

# 1. packages
missing=()
for p in "${PACKAGES[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
  if [ "$state" != installed ]; then missing+=("$p"); fi
done
[ ${#missing[@]} = 0 ] || add_packages "${missing[@]}"
for tool in glusterd gluster sshd mkfs.xfs qemu-img qemu-storage-daemon getfattr ip unshare nsenter setpriv rsync; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || die "$tool is still missing after the install"
done

# 2. rsync. Debian's security update (3.5.0) skips every file when its destination is a lazily unmounted
# directory, exits 0, and so geo-replication completes checkpoints without any data (see README.md).
# The 3.2.7 of the same release, from the main archive, copies it.
rsync_version() { local v; v=$("$1" --version 2>&1) || true; awk '{print $3; exit}' <<<"$v"; }
rsync_ok() { [ -x "$1" ] && [ "$(rsync_version "$1")" = 3.2.7 ]; }
if ! rsync_ok "$CACHE/rsync"; then
  if rsync_ok /usr/bin/rsync; then
    cp /usr/bin/rsync "$CACHE/rsync"
  else
    update
    version=$(apt-cache madison rsync | awk -F'|' '{gsub(/ /, "", $2)} $2 ~ /^3\.2\.7-/ {print $2; exit}')
    [ -n "$version" ] || die "no rsync 3.2.7 in the archives of this machine: add Debian 12 main to the apt sources," \
      "or put a working rsync at $CACHE/rsync"
    say "fetching rsync $version"
    # _apt must be able to write here when apt drops its privileges
    mkdir "$work/rsync" && chmod 777 "$work/rsync" && chmod 755 "$work"
    (cd "$work/rsync" && apt-get download -q "rsync=$version") >"$work/apt.log" 2>&1 \
      || { tail -n 15 "$work/apt.log" >&2; die "apt-get download rsync=$version failed (above)"; }
    dpkg -x "$work"/rsync/rsync_*.deb "$work/rsync/x" || die "cannot unpack rsync $version"
    install -m 755 "$work/rsync/x/usr/bin/rsync" "$CACHE/rsync.new"
    mv "$CACHE/rsync.new" "$CACHE/rsync"
  fi
  rsync_ok "$CACHE/rsync" || die "$CACHE/rsync does not run here: $("$CACHE/rsync" --version 2>&1 || true)"
fi

# 3. the shim
shim=$CACHE/changelog-connect-shim.so
if [ ! -s "$shim" ] || [ "$HERE/changelog-connect-shim.c" -nt "$shim" ]; then
  compile() { "$1" -shared -fPIC -O2 -Wall -Werror -o "$shim.new" "$HERE/changelog-connect-shim.c" -ldl; }
  if ! { command -v gcc >/dev/null && compile gcc 2>/dev/null; }; then
    add_packages gcc libc6-dev
    compile gcc || die "cannot compile changelog-connect-shim.c"
  fi
  mv "$shim.new" "$shim"
fi

say "ready: glusterfs $(dpkg-query -W -f '${Version}' glusterfs-server)," \
    "rsync $(rsync_version "$CACHE/rsync") (this machine's own: $(rsync_version rsync)), cache $CACHE"
