"""Judges the images of a recovery point from outside drkit: checksums, stamps, qemu-img, vdsm's files."""
import json

from lab_site import HERE, say


def bases_of(site):
    """The volumes that a run would freeze now: [(machine, alias, disk, base)]."""
    plan = site.drctl_json("sync", "vms", "--dry-run")["plan"]
    return [(m["name"], d["alias"], d["disk"], d["base"]) for m in plan["machines"] for d in m["disks"]]


def domain_of(site):
    return next(d["id"] for d in site.rest("storagedomains")["storage_domain"] if d["name"] == "vms")


IDLE_BED = """\
domains:
  - {{ name: vms, id: {domain}, address: a1, path: /data }}
disks: []
machines: []
"""


def start_idle_bed(site):
    """The lab's own bed lays the domain out on the volume; the idle one then serves that domain without machines."""
    site.start_bed()
    domain = domain_of(site)
    site.stop_bed()
    bed = site.lab / "idle-bed.yaml"
    bed.write_text(IDLE_BED.format(domain=domain))
    site.start_bed("--bed", str(bed))


def checksums(site, look, bases):
    domain = domain_of(site)
    paths = [f"{{}}/{domain}/images/{disk}/{base}" for _, _, disk, base in bases]
    lines = look("sha256sum", *paths).stdout.splitlines()
    return {base: line.split()[0] for (_, _, _, base), line in zip(bases, lines)}


def check_equal(bases, frozen, arrived):
    assert len(frozen) == len(bases) >= 5, f"{len(frozen)} checksums for {len(bases)} images"
    for machine, alias, _, base in bases:
        say(f"    {machine}/{alias}  frozen base {frozen[base][:16]}…  at the secondary {arrived[base][:16]}…")
        assert frozen[base] == arrived[base], f"{machine}/{alias}: the secondary's image is not the frozen base"


def check_layout(site, bases):
    """No overlay, .meta or .lease of a run left: each proved image is one volume, LEAF, clean."""
    domain = domain_of(site)
    for machine, alias, disk, base in bases:
        directory = f"{{}}/{domain}/images/{disk}"
        names = sorted(site.secondary("ls", directory).stdout.split())
        assert names == sorted([base, f"{base}.meta", f"{base}.lease"]), f"{machine}/{alias}: {names}"
        meta = site.secondary("cat", f"{directory}/{base}.meta").stdout
        assert "VOLTYPE=LEAF" in meta, f"{machine}/{alias}: {meta}"
        info = json.loads(site.secondary("qemu-img", "info", "--output=json", f"{directory}/{base}").stdout)
        if info["format"] == "qcow2":
            check = site.secondary("qemu-img", "check", "-f", "qcow2", f"{directory}/{base}")
            assert "No errors were found" in check.stdout, check.stdout
    say(f"    {len(bases)} images: one volume each, LEAF, qemu-img check clean, nothing of ours left")


def check_stamps(site, bases, report):
    """Each image is exactly the state after some write; the disks of one machine stand at one instant."""
    domain = domain_of(site)
    disks = {d["id"]: (m["name"], d) for m in report["machines"] for d in m.get("disks", [])}
    instants = {}
    for machine, alias, disk, base in bases:
        entry = disks[disk][1]
        done, verdict = stamps_of(site, domain, disk, base, entry)
        say(f"    {machine}/{alias}  stamps up to sequence {verdict['S']}, {verdict['blocks']} blocks, "
            f"{verdict['bad']} bad, {verdict['wrong']} wrong")
        if done.returncode:
            # Seen once: a whole shard read as zeros. What another mount shows tells the image from the look; it fails either way.
            say(f"    through another mount: {stamps_of(site, domain, disk, base, entry)[1]}")
        assert done.returncode == 0 and verdict["S"] > 0, f"{machine}/{alias}: {verdict}"
        instants.setdefault(machine, []).append((verdict["S"], entry["disks"]))
    for machine, found in instants.items():
        low, high = min(s for s, _ in found), max(s for s, _ in found)
        assert high - low <= found[0][1], f"{machine}: its disks stand at sequences {low} and {high}: no one instant"


def stamps_of(site, domain, disk, base, entry):
    """What stamps.py says of the secondary's image, through a fresh mount: its process, and its JSON."""
    raw = f"/mnt/stamps-{disk}.raw"
    site.secondary("qemu-img", "convert", "-f", entry["format"], "-O", "raw", f"{{}}/{domain}/images/{disk}/{base}", raw)
    done = site.on("b1", "/usr/bin/python3", HERE / "stamps.py", "check", "--disk", entry["index"],
                   "--disks", entry["disks"], "--blocks", entry["blocks"], raw, check=False)
    site.on("b1", "rm", "-f", raw)
    return done, json.loads(done.stdout)


def check_merged(site):
    machines = site.rest("vms")["vm"]
    for machine in machines:
        for snapshot in site.rest(f"vms/{machine['id']}/snapshots").get("snapshot", []):
            assert not snapshot.get("description", "").startswith("drkit"), f"{machine['name']}: {snapshot}"
    say(f"    {len(machines)} machines: every snapshot merged")


def newest_event(site):
    events = [e for e in site.rest("events").get("event", []) if e.get("origin") == "drkit"]
    assert events, "no event of drkit's in the engine's log"
    return max(events, key=lambda e: int(e.get("index", e["id"])))
