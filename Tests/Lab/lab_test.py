"""The lab tests. Exit 0 when every one passed; the last line is `N passed, N failed, in N s`."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import hostile
import image_checks as checks
from lab_site import HERE, LabSite, fail_loudly, inner, say

REPLICATED = "checkpoint complete on every subvolume"


def two_cycles_and_a_planted_fault():
    """Two cycles with writers running, judged from outside; then one flipped byte at the secondary."""
    site = LabSite("lab-cycles", "10.87.10")
    try:
        site.up()
        site.write_config()
        site.start_bed()
        findings = site.drctl_json("preflight", "vms")
        assert all(f["grade"] == "ok" for f in findings), findings
        verify = [f["text"] for f in findings if f["check"] == "verify"]
        assert verify == ["every byte, here through the mount, there by an agent"], findings
        bases = checks.bases_of(site)
        assert len(bases) >= 5 and len({m for m, *_ in bases}) >= 3, bases
        for cycle in (1, 2):
            say(f"  cycle {cycle}")
            good_cycle(site, bases)
        all_is_whole(site, bases)
        repaired_in_mid_run(site, bases)
        all_is_whole(site, bases)
        flipped_byte(site, bases)
        assert site.secondary_alone("assess")[0] == 1, "a run that failed its proof is not noticed at the secondary"
        report = site.stop_bed()
        checks_of_the_writers(report)
    finally:
        site.down()


def explain(site, code):
    """What the engine and the bed have to say of a run that failed."""
    time.sleep(3)   # the bed's report is written every other second
    events = [e["description"] for e in site.rest("events").get("event", [])][:8]
    failed = [o for o in site.read_report().get("operations", []) if "failure" in o]
    return f"sync exited {code}; the engine's events: {events}; failed operations: {failed}"


def good_cycle(site, bases):
    frozen = {}

    def look_at_the_frozen_bases():
        frozen.update(checks.checksums(site, site.primary, bases))

    began = time.monotonic()
    code, _ = site.sync({REPLICATED: look_at_the_frozen_bases})
    assert code == 0, explain(site, code)
    say(f"    whole cycle {time.monotonic() - began:.0f} s")
    checks.check_equal(bases, frozen, checks.checksums(site, site.secondary, bases))
    checks.check_layout(site, bases)
    checks.check_stamps(site, bases, site.read_report())
    checks.check_merged(site)
    event = checks.newest_event(site)
    # What the bed has on purpose is said aloud, and nothing else.
    assert event["severity"] == "warning" and "NOT" not in event["description"], event
    lowered = event["description"].split("LOWERED: ")[1].split("; not in the point")[0]
    assert lowered.count("a shareable disk") == 2 and lowered.count("on another storage domain") == 1, event
    point = site.drctl_json("status")[0]["point"]
    assert {image["volume"] for image in point["images"]} == {base for *_, base in bases}, point
    assert all(image["proof"]["level"] == "full" and image["proof"]["blocks"] > 0 for image in point["images"]), point
    say(f"    event: {event['description']}")


def verdicts(domain, bases):
    """Of the images that drkit proves."""
    images = {image["disk"]: image for image in domain["images"]}
    return [images[disk]["verdict"] for _, _, disk, _ in bases]


def all_is_whole(site, bases):
    """From the secondary alone, without and with its digests."""
    for words in ((), ("--verify",)):
        code, answer = site.secondary_alone("assess", *words)
        domain = answer[0]["assessment"]["domains"][0]
        assert code == 0 and set(verdicts(domain, bases)) == {"whole"}, domain
    assert all(image["isVerified"] for image in domain["images"] if image["verdict"] == "whole"), domain
    say(f"    the secondary alone says: {len(bases)} images whole, verified")


def repaired_in_mid_run(site, bases):
    say("  as if the primary were lost when all had arrived: assessed and repaired from the secondary alone")

    def primary_lost():
        code, answer = site.secondary_alone("assess")
        domain = answer[0]["assessment"]["domains"][0]
        assert code == 1 and set(verdicts(domain, bases)) == {"half-synced"}, domain
        overlays = [o for image in domain["images"] for o in image["overlays"] if o.get("maker") == "drkit"]
        assert len(overlays) == len(bases), domain
        code, answer = site.secondary_alone("repair", "--primary-is-gone", "--yes")
        assert code == 0 and len(answer[0]["outcome"]["repaired"]) == len(bases), answer
        assert len(answer[0]["acts"]) == 2 * len(bases), answer
        flag = site.on("b1", "gluster", "volume", "get", "data-dr", "features.read-only").stdout
        assert flag.split()[-1].startswith(("on", "enable")), flag
        code, answer = site.secondary_alone("assess")
        domain = answer[0]["assessment"]["domains"][0]
        assert code == 1 and set(verdicts(domain, bases)) == {"half-synced"}, "repair does not mend content"
        assert not any(image["plan"]["acts"] or image["overlays"] for image in domain["images"]), domain
        say(f"    {len(bases)} overlays removed, {len(bases)} bases are leaves again")

    # The run then finds done what it would have done.
    code, _ = site.sync({REPLICATED: primary_lost})
    assert code == 0, explain(site, code)
    checks.check_layout(site, bases)


def flipped_byte(site, bases):
    say("  a byte of one image is flipped at the secondary between arrival and proof")
    machine, alias, disk, base = bases[0]
    brick = f"/mnt/bricks/data-dr/{checks.domain_of(site)}/images/{disk}/{base}"
    program = ("import sys; f = open(sys.argv[1], 'r+b'); f.seek(100); b = f.read(1)[0]; f.seek(100); "
               "f.write(bytes([b ^ 1]))")
    code, lines = site.sync({REPLICATED: lambda: site.on("b1", "/usr/bin/python3", "-c", program, brick)})
    assert code == 1, f"sync exited {code}: a flipped byte was not noticed"
    assert any(line.split()[1:2] == ["seal"] and "prove the content" in line for line in lines), lines
    assert any("shards compared differ (4194304 bytes each, from 0): 0" in line for line in lines), lines
    checks.check_merged(site)
    event = checks.newest_event(site)
    assert event["severity"] == "alert" and "prove the content" in event["description"], event
    assert site.drctl_json("status")[0]["isPointInDoubt"], "the overwritten point is still called good"
    say(f"    event: {event['description']}")


def checks_of_the_writers(report):
    running = [m for m in report["machines"] if "writes" in m]
    assert len(running) >= 3, report
    for machine in running:
        say(f"    {machine['name']}: {machine['writes']} writes, longest pause {machine['longest_pause_ms']:.0f} ms, "
            f"p99 {machine['latency_ms']['p99']:.1f} ms")
        assert machine["io_errors"] == 0 and "failure" not in machine, machine
        assert machine["longest_pause_ms"] < 15_000, f"{machine['name']} stood still"


NEXT_ROLLOVER = """
import os, time
names = [n for _, _, names in os.walk("/mnt/bricks/data/.glusterfs/changelogs") for n in names]
newest = max(int(n.split(".")[1]) for n in names if n.startswith("CHANGELOG."))
time.sleep((newest - time.time()) % 15 + 0.3)
"""


def a_natural_stall_is_healed():
    """Without the shim about every second live crawl stalls: a run that depends on it heals it with a new worker."""
    site = LabSite("lab-stall", "10.87.20", SHIM="0")
    try:
        site.up()
        # Nothing but the nonces to carry, written just after a rollover, and the session started at once: the history crawl
        # is over before their changelog closes, and they are left to the live crawl.
        site.write_config("policy: { start-lead: 20s }\n")
        checks.start_idle_bed(site)

        def until_just_after_a_rollover():
            time.sleep(17)
            site.on("a1", "/usr/bin/python3", "-c", NEXT_ROLLOVER)

        for attempt in range(1, 11):
            code, lines = site.sync({"the changelogs that saw the snapshots": until_just_after_a_rollover})
            assert code == 0, explain(site, code)
            if any("is stalled: a new worker" in line for line in lines):
                say(f"    the stall came in run {attempt} and was healed")
                return
        raise AssertionError("10 runs, and no live crawl stalled: is the shim off?")
    finally:
        site.down()


CONTRACT = ("bench", "contract", "vms", "--may-change-the-site")


def the_ports_keep_their_contracts():
    """Everything that drkit relies on, tried with the real adapters on real Gluster, row by row as in the simulator."""
    site = LabSite("lab-contract", "10.87.30", BRICKS="2")
    try:
        site.up()
        site.write_config()
        site.start_bed()
        promised = contract_rows(site.on("a1", site.drctl, "bench", "contract", "--simulated", "--json", check=False))
        assert len(promised) >= 70 and all(row["verdict"] == "kept" for row in promised), promised
        before = glusterfs_of(site)
        killed_views_leave_nothing(site, before)
        done = site.on("a1", site.drctl, *CONTRACT, "--config", site.config, "--json", check=False, timeout=1800)
        rows = contract_rows(done)
        for row in rows:
            say(f"    {row['verdict']:8}{row['contract']}: {row['seen']}")
        assert [row["contract"] for row in rows] == [row["contract"] for row in promised], "not the simulator's rows"
        broken = [row for row in rows if row["verdict"] != "kept"]
        assert not broken, broken
        # What no port can tell: the event is there to be read, one time, and nothing is left behind.
        events = [e for e in site.rest("events")["event"] if e.get("origin") == "drkit"]
        assert [e["description"].startswith("drkit contract ") for e in events] == [True] * 3, events
        assert len({e["custom_id"] for e in events}) == 3, "of three suites, each of which posts its own twice"
        checks.check_merged(site)
        as_before(site, before)
        say(f"    {len(rows)} contracts are kept, as many as in the simulator")
    finally:
        site.down()


def contract_rows(done):
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"bench contract: exit {done.returncode}: {done.stdout}{done.stderr}")


def glusterfs_of(site):
    """What is mounted in a1, and how many clients of the volumes run there."""
    mounts = site.on("a1", "grep", "-c", "fuse.glusterfs", "/proc/mounts", check=False).stdout
    return int(mounts), int(site.on("a1", "pgrep", "-c", "-x", "glusterfs", check=False).stdout)


def as_before(site, before):
    for _ in range(60):
        if glusterfs_of(site) == before:
            return
        time.sleep(0.5)
    raise AssertionError(f"mounts and clients in a1: {before} before, {glusterfs_of(site)} now")


def killed_while_it_looks(site, is_time):
    """SIGKILL as soon as a look at a1, with the suite held still in the midst of its views, is the one that is wanted."""
    # Its state file stays where it dies.
    process = subprocess.Popen([HERE / "on", "a1", site.drctl, *CONTRACT, "--config", site.config],
                               env=dict(site.env, TMPDIR=str(site.lab)), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.strip() == "contract: views of the primary":
            break
    suite = inner(process)
    try:
        for _ in range(400):
            os.kill(suite, signal.SIGSTOP)
            if is_time():
                return
            os.kill(suite, signal.SIGCONT)
            # nsenter stops itself with its child, and does not wake with it.
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)
        raise AssertionError("the suite was never seen so")
    finally:
        os.kill(suite, signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        process.wait(60)


def killed_views_leave_nothing(site, before):
    """A mount that is attached for its moment stays until the next view; of views that are open nothing stays."""
    seen = []

    def attached():
        seen.append(glusterfs_of(site))
        return seen[-1][0] > before[0]

    def detached():
        if glusterfs_of(site) != (before[0], before[1] + 1):
            return False
        time.sleep(1)   # a client that was just starting would be attached by now
        seen.append(glusterfs_of(site))
        return seen[-1] == (before[0], before[1] + 1)

    killed_while_it_looks(site, attached)
    say(f"    killed while it mounted: mounts and clients {before} before, {seen[-1]} then")
    killed_while_it_looks(site, detached)
    as_before(site, before)
    say(f"    killed with a view open: {seen[-1]} then, {before} after it: what the first had left is cleared, too")


# The longest first: they run beside each other.
CORE = [two_cycles_and_a_planted_fault, *hostile.CORE, the_ports_keep_their_contracts, a_natural_stall_is_healed]
TESTS = {test.__name__: test for test in CORE + hostile.REST}


def run_one(name, log):
    """A test in a process of its own, so that several run beside each other; each of its lines says whose it is."""
    if stopping:
        return False
    process = subprocess.Popen([sys.executable, __file__, "--here", name], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    running.append(process)
    lines = []
    for line in process.stdout:
        say(f"{name[:20]:20} | {line.rstrip()}")
        if not A_WAIT.search(line):
            lines.append(line.rstrip())
    passed = process.wait() == 0
    if log:
        with log.open("a") as out:   # whole, when it is over: tests run beside each other
            out.write("\n".join([f"=== {name}", *lines, "", ""]))
    return passed


# Of drkit's progress: what it waits for and tries again, which is most of it.
A_WAIT = re.compile(r"^    \d\d:\d\d:\d\d  \w+ +(waiting: |.* \(try \d+, again in )")


running, stopping = [], []


def end(*_):
    """So that a run that is told to end takes its labs down."""
    stopping.append(True)
    for process in running:
        if process.poll() is None:
            process.terminate()
    for process in running:
        process.wait()
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="all of them; without, what CI has the time for")
    parser.add_argument("--jobs", type=int, default=1, help="labs at a time: they mostly wait")
    parser.add_argument("--log", type=pathlib.Path, help="keep what was done and how it went, without the waits")
    parser.add_argument("--here", metavar="TEST", help="run one in this very process")
    parser.add_argument("tests", nargs="*", metavar="TEST", help=f"some of: {', '.join(TESTS)}")
    args = parser.parse_args()
    unknown = [name for name in [*args.tests, *([args.here] if args.here else [])] if name not in TESTS]
    if unknown:
        parser.error(f"no such test: {', '.join(unknown)}; there are: {', '.join(TESTS)}")
    if args.here:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        sys.exit(0 if fail_loudly(TESTS[args.here]) else 1)
    signal.signal(signal.SIGTERM, end)
    chosen = args.tests or (list(TESTS) if args.full else [test.__name__ for test in CORE])
    began = time.monotonic()
    if args.log:
        args.log.write_text("")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        verdicts = dict(zip(chosen, pool.map(lambda name: run_one(name, args.log), chosen)))
    failed = [name for name, passed in verdicts.items() if not passed]
    result = [*[f"FAILED: {name}" for name in failed],
              f"{len(chosen) - len(failed)} passed, {len(failed)} failed, in {time.monotonic() - began:.0f} s"]
    for line in result:
        say(line)
    if args.log:
        with args.log.open("a") as out:
            out.write("\n".join([*result, ""]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
