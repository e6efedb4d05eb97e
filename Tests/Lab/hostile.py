"""The hostile lab: what goes wrong on real systems, done to real Gluster while runs are under way. Each time: sealed, with
checksums taken from outside; or failed with a true alert. All snapshots are merged either way, and the next run seals."""
import re
import time

import image_checks as checks
import troubles
from lab_site import HERE, LabSite, say
from troubles import Later, ballast, georep

CHANGELOGS = "changelogs (that saw the snapshots )?to roll over"
IN_TRANSFER = r"waiting: (subvolume \d+: )?the checkpoint is not complete"
REPLICATED = "checkpoint complete on every subvolume"
PROVING = "both sides' digests of"


class Hostile:
    """A site with its guests, whose first point is sealed. They write less than in the two kind cycles: several labs share a
    machine."""

    def __init__(self, name, network, **knobs):
        self.site, self.later, self.bases = LabSite(name, network, rate=40, **knobs), Later(), []

    def __enter__(self):
        try:
            self.site.up()
            # Slow enough for a transfer to be under way for some time: each of three rsyncs gets its third.
            self.site.write_config(bandwidth="24MiB/s")
            self.site.start_bed()
            self.bases = checks.bases_of(self.site)
            say("  a first point")
            self.seals()
        except BaseException:
            self.site.down()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.tell()
        self.site.down()

    def tell(self):
        """What a failure leaves to look at, before the lab is gone: each image's shards as the bricks have them."""
        program = (HERE / "shards_of_brick.sh").read_text()
        for node, brick in (("a1", "data"), ("b1", "data-dr")):
            found = self.site.on(node, "bash", "-c", program, "shards_of_brick", f"/mnt/bricks/{brick}", check=False)
            say(f"    {node}: {found.stdout}{found.stderr}")
        say(f"    the bed: {self.site.read_report().get('machines')}")

    def run(self, when=None):
        """One run with what befalls it. Returns (exit code, lines, the bases' checksums while they stood still)."""
        frozen = {}
        plan = dict(when or {})
        also = plan.pop(REPLICATED, None)

        def look():
            frozen.update(checks.checksums(self.site, self.site.primary, self.bases))
            if also:
                also()

        plan[REPLICATED] = look
        code, lines = self.site.sync(plan, may_miss=[REPLICATED])
        self.later.settle()
        return code, lines, frozen

    def seals(self, when=None, severity="warning"):
        """The run seals, and what it sealed is what stood still. (A warning, for what the bed has that can't be snapshotted.)"""
        began = time.monotonic()
        code, lines, frozen = self.run(when)
        assert code == 0, f"sync exited {code}: {checks.newest_event(self.site)['description']}"
        self.is_sealed(frozen)
        event = checks.newest_event(self.site)
        assert event["severity"] == severity and "sealed" in event["description"], event
        say(f"    sealed in {time.monotonic() - began:.0f} s")
        return lines

    def is_sealed(self, frozen):
        checks.check_equal(self.bases, frozen, checks.checksums(self.site, self.site.secondary, self.bases))
        checks.check_layout(self.site, self.bases)
        checks.check_merged(self.site)

    def fails(self, *words, when=None):
        """The run fails, says why in an alert, and leaves no snapshot. Returns the lines."""
        code, lines, _ = self.run(when)
        assert code == 1, f"sync exited {code}, it was to fail"
        checks.check_merged(self.site)
        event = checks.newest_event(self.site)
        assert event["severity"] == "alert" and "FAILED" in event["description"], event
        missing = [word for word in words if word not in event["description"]]
        assert not missing, f"the alert does not say {missing}: {event['description']}"
        say(f"    failed cleanly: {event['description']}")
        return lines


def killed_and_cut_in_mid_transfer():
    """The worker killed, then the link cut for 30 s, in mid-transfer."""
    with Hostile("lab-transfer", "10.87.50") as lab:
        site = lab.site
        say("  the worker is killed")
        ballast(site)
        lab.seals({IN_TRANSFER: lambda: troubles.kill(site, "a1", troubles.WORKER)})

        say("  the link is cut for 30 s")
        ballast(site)
        lab.seals({IN_TRANSFER: lambda: lab.later.after(30, troubles.link_down(site, "b1"))})


def somebody_and_daemons_away():
    """The session started by somebody; glusterd of the primary, then the secondary's brick away in mid-transfer."""
    with Hostile("lab-daemons", "10.87.58") as lab:
        site = lab.site
        say("  somebody started the session")
        georep(site, "start")
        troubles.until(lambda: "Active" in georep(site, "status").stdout, 60, "a worker to be Active")
        lines = lab.seals()
        assert any("running" in line for line in lines), "a session found running is not mentioned"

        say("  glusterd of the primary is killed; 40 s later it is back")
        ballast(site)
        lines = lab.seals({IN_TRANSFER: lambda: lab.later.after(40, troubles.glusterd_down(site, "a1"))})
        assert any("could not be read" in line for line in lines), "nobody noticed"

        say("  the secondary's brick is killed; 30 s later it is back")
        ballast(site)
        lab.seals({IN_TRANSFER: lambda: lab.later.after(30, troubles.brick_down(site, "b1", "/mnt/bricks/data-dr"))})


def the_long_cut():
    """The link is cut for 150 s in mid-transfer: the status never says Faulty."""
    with Hostile("lab-cut", "10.87.51") as lab:
        ballast(lab.site)
        lab.seals({IN_TRANSFER: lambda: lab.later.after(150, troubles.link_down(lab.site, "b1"))})


def overlays_there(lab):
    """Volumes at the secondary beside the bases."""
    domain = checks.domain_of(lab.site)
    found = 0
    for _, _, disk, base in lab.bases:
        names = lab.site.secondary("ls", f"{{}}/{domain}/images/{disk}").stdout.split()
        found += len([name for name in names if "." not in name and name != base])
    return found


def stopped_is_no_proof_of_silence():
    """A monitor killed in mid-transfer, whose worker lives on under Stopped: nothing at the secondary is touched."""
    with Hostile("lab-silence", "10.87.52") as lab:
        site = lab.site
        ballast(site)
        lines = lab.fails("silent", when={IN_TRANSFER: lambda: troubles.kill(site, "a1", troubles.MONITOR)})
        assert any("started again" in line for line in lines), "the run waited under Stopped"
        assert "Stopped" in georep(site, "status").stdout
        assert not any(PROVING in line for line in lines)
        assert overlays_there(lab) == len(lab.bases), "something at the secondary was touched under a living worker"
        troubles.kill(site, "a1", troubles.WORKER)
        lab.seals()


def a_secondary_that_stays_read_only():
    """Somebody's hook keeps the secondary read-only."""
    with Hostile("lab-readonly", "10.87.53") as lab:
        away = troubles.stays_read_only(lab.site)
        lab.fails("ead-only")
        away()
        lab.seals()


def trouble_at_the_seal():
    """The secondary's brick, then its glusterd, are away for 40 s as the seal begins."""
    with Hostile("lab-seal", "10.87.54") as lab:
        site = lab.site
        say("  the brick")
        lab.seals({REPLICATED: lambda: lab.later.after(40, troubles.brick_down(site, "b1", "/mnt/bricks/data-dr"))})
        say("  glusterd")
        lab.seals({REPLICATED: lambda: lab.later.after(40, troubles.glusterd_down(site, "b1"))})


# Where a run is killed, in the order of a run; the resumption is killed at the next.
PLACES = [
    ("as it asks for snapshots", r"^\S+ +quiesce +waiting"),
    ("before the session is started", CHANGELOGS),
    ("in the transfer", IN_TRANSFER),
    ("as the content is proved", PROVING),
    ("in the live merges", r"^\S+ +merge +waiting"),
]


def killed_in_each_phase():
    """SIGKILL in each phase, and in each resumption at the next: adopt finishes it, and a fresh run seals."""
    with Hostile("lab-killed", "10.87.55") as lab:
        for place, text in PLACES:
            killed(lab, place, text)
        say("  and left alone: the run is finished, and another one made")
        code, lines = once_free(lab)
        assert code == 0, f"exit {code}: {checks.newest_event(lab.site)['description']}"
        assert any("resuming run" in line for line in lines) and any("beginning run" in line for line in lines), lines
        checks.check_layout(lab.site, lab.bases)
        checks.check_merged(lab.site)
        say("  and the run after it")
        lab.seals()
        checks.check_stamps(lab.site, lab.bases, lab.site.read_report())


def killed_and_begun_anew():
    """SIGKILL in each phase of a run of its own; each is finished by the next, which seals."""
    with Hostile("lab-each", "10.87.56") as lab:
        for place, text in PLACES:
            killed(lab, place, text)
            code, lines = once_free(lab)
            assert code == 0 and any("resuming run" in line for line in lines), f"exit {code}"
            checks.check_layout(lab.site, lab.bases)
            checks.check_merged(lab.site)
            lab.seals()


def killed(lab, place, text):
    """A run that gets SIGKILL at a line that matches."""
    ballast(lab.site, 16)
    say(f"  killed {place}")
    code, lines = once_free(lab, kill_at=text)
    assert code != 0 and re.search(text, lines[-1]), f"exit {code}: it was not killed there: {lines[-1:]}"


def once_free(lab, kill_at=None):
    """A run as soon as the lease of the one that was killed has run out (75 until then)."""
    for _ in range(40):
        code, lines = lab.site.sync(kill_at=kill_at)
        if code != 75:
            return code, lines
        time.sleep(3)
    raise AssertionError("the lease of a killed run never runs out")


def lost_shards_are_found_and_healed():
    """rsync copies nothing; then a shard is removed at the secondary and one cut short: found, remembered, repaired."""
    with Hostile("lab-shards", "10.87.57") as lab:
        site, domain = lab.site, checks.domain_of(lab.site)

        say("  an rsync that copies nothing is there")
        back = troubles.rsync_copies_nothing(site)
        lab.fails("preflight (rsync)")
        back()

        say("  and comes with an upgrade in mid-run")
        backs = []
        lab.fails("prove that the data arrived", "rsync",
                  when={CHANGELOGS: lambda: backs.append(troubles.rsync_copies_nothing(site))})
        backs[0]()

        raw = [b for b in lab.bases if b[1] in ("web_Disk1", "mail_Disk2")]
        (_, _, *lost), (_, _, *cut) = sorted(raw, key=lambda b: b[1], reverse=True)
        say("  when all has arrived a shard is removed at the secondary, another cut short")

        def damage():
            troubles.lose_shard(site, troubles.shards(site, domain, *lost)[-1])
            troubles.truncate_shard(site, troubles.shards(site, domain, *cut)[-1])

        lab.fails("prove the content", "DIVERGED", "drctl repair vms@dr", when={REPLICATED: damage})
        mark = site.drctl_json("status")[0]
        say(f"    status: {mark.get('divergence', mark)}")

        say("  a run that proves its images does not end that; a repair does")
        repaired(lab)
        say("  and the run after it is a plain one")
        lab.seals()


def repaired(lab):
    began = time.monotonic()
    done = lab.site.on("a1", lab.site.drctl, "repair", "vms@dr", "--yes", "--config", lab.site.config, check=False,
                       timeout=1200)
    for line in done.stdout.splitlines():
        say("    " + line)
    assert done.returncode == 0, f"repair exited {done.returncode}: {done.stderr}"
    code, answer = lab.site.secondary_alone("assess", "--verify")
    domain = answer[0]["assessment"]["domains"][0]
    images = {image["disk"]: image for image in domain["images"]}
    assert code == 0 and {images[disk]["verdict"] for _, _, disk, _ in lab.bases} == {"whole"}, domain
    checks.check_layout(lab.site, lab.bases)
    checks.check_merged(lab.site)
    event = checks.newest_event(lab.site)
    assert "REPAIRED" in event["description"], event
    say(f"    repaired in {time.monotonic() - began:.0f} s: {event['description']}")


def replica_three(name, network, meta):
    """Guests write on; the Active worker's brick is killed in mid-transfer, then glusterd of the node that drkit asks."""
    with Hostile(name, network, A_NODES="3", REPLICA="3", META=meta, hosts=["a2", "a1"]) as lab:
        site = lab.site
        say("  the brick of the Active worker is killed; 30 s later it is back")
        ballast(site)

        def active_brick():
            node = active_node(site)
            lab.later.after(30, troubles.brick_down(site, node, "/mnt/bricks/data"))

        lab.seals({IN_TRANSFER: active_brick})
        say("  the Active worker's node loses its worker")
        ballast(site)
        lab.seals({IN_TRANSFER: lambda: troubles.kill(site, active_node(site), troubles.WORKER)})
        say("  glusterd of a2, which is asked first, is away")
        back = troubles.glusterd_down(site, "a2")
        try:
            lines = lab.seals()
        finally:
            back()
        assert any("a2" in line for line in lines), "nobody says that the first host did not answer"
        report = site.stop_bed()
        errors = {m["name"]: m["io_errors"] for m in report["machines"] if "writes" in m}
        assert not any(errors.values()), f"guests saw errors: {errors}"


def active_node(site):
    for line in georep(site, "status").stdout.splitlines():
        words = line.split()
        if "Active" in words:
            return words[0]
    raise AssertionError("no worker is Active: " + georep(site, "status").stdout)


def replica_three_with_the_meta_volume():
    """Replica 3 with the meta volume: its lock decides who is Active."""
    replica_three("lab-meta", "10.87.60", "1")


def replica_three_without_the_meta_volume():
    """Replica 3 without the meta volume: the node order decides who is Active."""
    replica_three("lab-replica", "10.87.61", "0")


def two_bricks():
    """Two subvolumes on each side: the worker of one is killed in mid-transfer."""
    with Hostile("lab-bricks", "10.87.62", BRICKS="2", B_BRICKS="2") as lab:
        ballast(lab.site)
        lab.seals({IN_TRANSFER: lambda: troubles.kill(lab.site, "a1", troubles.WORKER + r".*/mnt/bricks/data-1")})


CORE = [killed_in_each_phase, lost_shards_are_found_and_healed, stopped_is_no_proof_of_silence,
        killed_and_cut_in_mid_transfer]
REST = [somebody_and_daemons_away, a_secondary_that_stays_read_only, replica_three_with_the_meta_volume,
        replica_three_without_the_meta_volume, killed_and_begun_anew, the_long_cut, trouble_at_the_seal, two_bricks]
