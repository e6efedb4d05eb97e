"""Runs the stock schedule_georep.py, as Debian ships it, against a simulated cluster in virtual time.

usage: outsider.py DRCTL SCRIPT

The script's file is executed as it is. What it reaches the world by is exchanged: its commands (gluster, glusterfs, touch,
umount, rmdir) go to `drctl testbed gluster`, and its clock is the simulation's. It must complete where the real one
completes on the lab (Tests/Lab/README.md g), fail where that fails, and fall for what that falls for.
"""

import io
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr

POPEN, ISMOUNT = subprocess.Popen, os.path.ismount

SITE = """\
scenario: outsider
about: A site for a script that knows only gluster's command.
duration: 2h
primary: {{ volume: {{ size: 1TiB, subvolumes: {subvolumes} }} }}
session: {{ shard-cost: 100ms{session} }}
machines: [ {{ count: 1, disk: 1GiB }} ]
sync: {{ every: 1h }}
{faults}expect:
  - laws: kept
"""


class Site:
    """A simulated primary node."""

    def __init__(self, drctl, seed, subvolumes=1, session="", faults=()):
        lines = "".join(f"  - {fault}\n" for fault in faults)
        text = SITE.format(
            subvolumes=subvolumes, session=session, faults=f"faults:\n{lines}" if lines else "")
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.file.write(text)
        self.file.flush()
        self.child = POPEN(
            [drctl, "testbed", "gluster", self.file.name, "--seed", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.mounts = set()
        self.now = 0.0
        self.ask(do="sleep", seconds=0)

    def ask(self, **request):
        self.child.stdin.write(json.dumps(request) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulated node is gone (exit {self.child.wait()})")
        answer = json.loads(line)
        self.now = answer["now"]
        return answer

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        code = self.child.wait()
        self.file.close()
        if code != 0:
            raise RuntimeError(f"drctl testbed gluster ended with {code}")

    def run(self, command):
        """Exit code, output and error of one of the script's commands."""
        program, arguments = os.path.basename(command[0]), command[1:]
        if program == "gluster":
            said = self.ask(do="gluster", arguments=arguments)
            return said["exit"], said["output"], said["error"]
        if program == "glusterfs":
            self.mounts.add(arguments[-1])
        elif program == "umount":
            self.mounts.discard(arguments[-1])
        elif program == "touch" and arguments[-1] in self.mounts:
            self.ask(do="touch")
        elif program == "rmdir":
            try:
                os.rmdir(arguments[-1])
            except OSError as error:
                return 1, "", str(error)
        else:
            raise RuntimeError(f"the script ran something unexpected: {command}")
        return 0, "", ""


def play(site, script, arguments):
    """Runs the script; returns its exit code, its messages and the seconds from its begin to its end."""

    class Child:
        def __init__(self, command, **options):
            self.returncode, self.output, self.error = site.run(list(command))

        def communicate(self):
            return self.output, self.error

    real = time.sleep, time.time, sys.argv
    time.sleep, time.time = lambda seconds: site.ask(do="sleep", seconds=seconds), lambda: site.now
    subprocess.Popen, os.path.ismount = Child, lambda path: path in site.mounts
    sys.argv = [script, "--no-color", *arguments, "data", "b1", "data-dr"]
    said, began, code = io.StringIO(), site.now, 0
    try:
        with redirect_stderr(said):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        code = error.code or 0
    finally:
        time.sleep, time.time, sys.argv = real
        subprocess.Popen, os.path.ismount = POPEN, ISMOUNT
    return code, said.getvalue(), site.now - began


class Case:
    def __init__(self, name, code, words, seconds, arrives, timeout=5, write=True, **site):
        self.name, self.code, self.words, self.seconds = name, code, words, seconds
        self.arrives, self.timeout, self.write, self.site = arrives, timeout, write, site


COMPLETE, INCOMPLETE = "Checkpoints COMPLETE", "Checkpoints NOT COMPLETE"
CASES = [
    # Measured: five runs of 75 to 88 s, two or three turns; the first look, right after the touch, says no.
    Case("an idle cycle completes", 0, [INCOMPLETE, COMPLETE], (70, 100), None, write=False),
    # Measured: 62 s where the data's changelog ended after the checkpoint, else as the idle one.
    Case("new data arrives", 0, [COMPLETE], (60, 100), "new"),
    Case("new data arrives over two subvolumes", 0, [COMPLETE], (60, 100), "new", subvolumes=2),
    # Measured: a stalled live crawl is never noticed; 23 looks, 309 s, exit 1.
    Case("a stalled live crawl times out", 1, [INCOMPLETE, "Timed out"], (300, 330), None, write=False,
         faults=["{ at: 0s, fault: live-crawl.stall, for: 90m }"]),
    # It asks whether as many checkpoints are complete as workers are Active, and 0 = 0.
    Case("workers that are not there yet are taken for complete: 0 = 0", 0, [COMPLETE], (60, 70), "",
         session=", settle: 100s..110s"),
    Case("workers without their monitor are taken for complete: 0 = 0", 0, [COMPLETE], (60, 70), "",
         session=", settle: 50s..52s", faults=["{ at: 40s, fault: monitor.killed, for: 1s }"]),
    # Measured with rsync 3.5.0: names arrive, no byte does, and the checkpoint is complete.
    Case("an rsync that copies nothing is taken for complete", 0, [COMPLETE], (60, 100), "empty",
         faults=["{ at: 0s, fault: rsync.copies-nothing, for: 90m }"]),
    # glusterd is down: gluster's words, and no cycle.
    Case("a glusterd that is down ends it at once", 255, ["Connection failed"], (0, 5), "", write=False,
         faults=["{ at: 0s, fault: port.unreachable, for: 5m, port: georep }"]),
]


def judge(case, drctl, script, seed):
    """What is wrong, as sentences."""
    site = Site(drctl, seed, **case.site)
    try:
        site.ask(do="sleep", seconds=20)
        if case.write:
            site.ask(do="write", path="file", text="new")
        code, said, seconds = play(site, script, ["--timeout", str(case.timeout)])
        there = site.ask(do="secondary", path="file").get("output")
    finally:
        site.close()
    wrong = []
    if code % 256 != case.code:
        wrong.append(f"exit {code}, expected {case.code}")
    for words in case.words:
        if words not in said:
            wrong.append(f"did not say {words!r}")
    if not case.seconds[0] <= seconds <= case.seconds[1]:
        wrong.append(f"took {seconds:.1f} s, expected {case.seconds[0]} to {case.seconds[1]}")
    wanted = {None: None, "": None, "empty": "", "new": "new"}[case.arrives]
    if case.arrives is not None and there != wanted:
        wrong.append(f"at the secondary is {there!r}, expected {wanted!r}")
    return seconds, [f"{line}" for line in wrong] + ([f"it said:\n{said}"] if wrong else [])


def main():
    drctl, script = sys.argv[1:3]
    failed = 0
    for case in CASES:
        spans = []
        for seed in range(1, 21):
            seconds, wrong = judge(case, drctl, script, seed)
            spans.append(seconds)
            if wrong:
                failed += 1
                print(f"FAILED: {case.name} (seed {seed}): " + "; ".join(wrong))
                break
        else:
            print(f"ok  {case.name}: {len(spans)} seeds, {min(spans):.0f} to {max(spans):.0f} s")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
