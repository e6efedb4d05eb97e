"""What befalls a lab's site: each a function that does it, or that returns how it is undone. Only processes of the lab's own
nodes are ended, by pid."""
import os
import pathlib
import subprocess
import threading
import time
import uuid

from lab_site import HERE, say

WORKER = r"gsyncd.py worker "
MONITOR = r"gsyncd.py --path=.* --monitor "


def pids(site, node, pattern):
    """Of the node's processes whose command line matches; the node's pid namespace holds the lab's alone."""
    found = site.on(node, "pgrep", "-f", "--", pattern, check=False).stdout.split()
    return [pid for pid in found if pid]


def kill(site, node, pattern):
    victims = pids(site, node, pattern)
    assert victims, f"{node}: no process matches {pattern!r}"
    site.on(node, "kill", "-KILL", *victims, check=False)
    say(f"    * {node}: killed {pattern.strip()} ({len(victims)})")
    return victims


def gone(site, node, pattern, within=30):
    until(lambda: not pids(site, node, pattern), within, f"{pattern!r} of {node} to end")


def until(condition, within, what):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {within} s"
        time.sleep(0.5)


class Later:
    """Things to be undone after a while, each on a thread of its own; `settle` waits for all, and tells what went wrong."""

    def __init__(self):
        self.threads, self.failures = [], []

    def after(self, seconds, undo):
        def run():
            time.sleep(seconds)
            try:
                undo()
            except Exception as error:
                self.failures.append(error)
        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def settle(self):
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
        self.threads = []


# --- gluster's own processes -------------------------------------------------------------------------------------------
def georep(site, *words, node="a1", **options):
    return site.on(node, "gluster", "--mode=script", "volume", "geo-replication", "data", "b1::data-dr", *words, **options)


def brick_down(site, node, brick):
    """Returns how it comes back."""
    kill(site, node, rf"glusterfsd .*--brick-name {brick} ")
    volume = "data-dr" if node.startswith("b") else "data"

    def back():
        # Another of the cluster's transactions may be under way, drkit's questions are such.
        until(lambda: site.on(node, "gluster", "--mode=script", "volume", "start", volume, "force", check=False).returncode == 0,
              60, f"the brick {brick} of {node} to be started")
        say(f"    * {node}: the brick {brick} is started again")
    return back


def glusterd_down(site, node):
    kill(site, node, r"/usr/sbin/glusterd -p ")

    def back():
        # As node-init.sh starts it, without the connect shim: the bricks, which it is for, live on.
        site.on(node, "env", "TMPDIR=/run/tmp", "/usr/sbin/glusterd", "-p", "/run/glusterd.pid")
        say(f"    * {node}: glusterd is started again")
    return back


# --- the line, and what runs over it -----------------------------------------------------------------------------------
def link_down(site, node):
    """The node's cable is pulled at the switch: no packet, no reset, no error."""
    switch = (site.lab / "switch.pid").read_text().split()[0]

    def link(state):
        subprocess.run(["nsenter", "-t", switch, "-n", "ip", "link", "set", f"v{node}", state], check=True)
        say(f"    * {node}: link {state}")
    link("down")
    return lambda: link("up")


def rsync_copies_nothing(site, node="b1"):
    """Uncovers the machine's own rsync below the one that works (3.5.0 of Debian: exit 0, no bytes; as receiver)."""
    site.on(node, "umount", "/usr/bin/rsync")
    say(f"    * {node}: rsync is now one that copies nothing")

    def back():
        site.on(node, "mount", "--bind", site.lab / "rsync", "/usr/bin/rsync")
    return back


# --- the secondary's content -------------------------------------------------------------------------------------------
def stays_read_only(site):
    """Somebody's hook at the secondary puts the flag on again whenever it is put off."""
    hook = site.lab / "b1/glusterd/hooks/1/set/post/S99read-only.sh"
    hook.write_text("""#!/bin/bash
case "$*" in
  *features.read-only=off*) for _ in $(seq 50); do
    gluster --mode=script volume set data-dr features.read-only on && break; sleep 0.1; done;;
esac > /dev/null 2>&1 < /dev/null &
""")
    hook.chmod(0o755)
    return hook.unlink


BRICK = "/mnt/bricks/data-dr"


def gfid(site, path):
    """Of a file on the secondary's brick, with its dashes."""
    raw = site.on("b1", "getfattr", "-e", "hex", "--absolute-names", "-n", "trusted.gfid", path).stdout
    return str(uuid.UUID(raw.split("0x")[1].strip()))


def shards(site, domain, disk, base):
    """The paths of a volume's shards on the secondary's only brick that hold something, the highest last. Shard 0 is the image's
    own file; a live merge leaves empty ones where nothing was ever written."""
    first = f"{BRICK}/.shard/{gfid(site, f'{BRICK}/{domain}/images/{disk}/{base}')}"
    names = site.on("b1", "sh", "-c", f"find {first}.* -size +0").stdout.split()
    return sorted(names, key=lambda name: int(name.rsplit(".", 1)[1]))


def lose_shard(site, path):
    """The file and its second name below .glusterfs, as a repair of the brick's file system would lose it."""
    second = gfid(site, path)
    site.on("b1", "rm", path, f"{BRICK}/.glusterfs/{second[:2]}/{second[2:4]}/{second}")
    say(f"    * b1: {os.path.basename(path)} is lost")


def truncate_shard(site, path, size=1 << 20):
    site.on("b1", "truncate", "-s", size, path)
    say(f"    * b1: {os.path.basename(path)} is cut to {size} bytes")


def ballast(site, megabytes=48):
    """Something to carry, beside the domain: so that a transfer lasts."""
    # Once, not on the mount of the guests: a file there is created by dd and written through.
    site.on("a1", "dd", "if=/dev/urandom", f"of=/mnt/p/ballast-{time.monotonic_ns()}", "bs=1M", f"count={megabytes}",
            "conv=fsync")
