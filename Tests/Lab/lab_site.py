"""A lab, the test bed in lab mode inside its node a1, and drctl beside it: what the lab tests drive."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PORT = 18443
PASSWORD = "lab-password"


def say(text):
    print(text, flush=True)


def inner(process):
    """The command itself: `nsenter -p` forks it, so `on` is only its parent."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1, f"`on` has children {children}"
    return int(children[0])


class LabSite:
    def __init__(self, name, network, hosts=None, rate=200, **knobs):
        """`hosts`: the primary's nodes as drkit is to ask them, by ssh; without, it asks a1, where it runs. `rate`: writes a
        second of each guest."""
        self.lab = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"drkit-{name}"
        self.env = dict(os.environ, LAB=str(self.lab), NETP=network, **knobs)
        self.config = self.lab / "config/drkit.yaml"   # the lab's directory is visible in every node
        self.bed, self.rate = None, rate
        self.access = f"access: ssh, hosts: [{', '.join(hosts)}]" if hosts else "access: local, host: a1"

    # --- the lab ---------------------------------------------------------------------------------------------------
    def up(self):
        subprocess.run([HERE / "lab-down.sh"], env=self.env, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([HERE / "lab-up.sh"], env=self.env, check=True)
        # Below /root of the machine nothing is visible in a node: the binary goes into the lab's own directory.
        self.drctl = self.lab / "drctl"
        shutil.copy(os.environ["DRCTL"], self.drctl)
        self.agent = self.lab / "drkit-agent"
        shutil.copy(pathlib.Path(os.environ["DRCTL"]).with_name("drkit-agent"), self.agent)
        self.on("a1", "mkdir", "-p", "/mnt/p", "/mnt/other")
        self.on("a1", "mount", "-t", "glusterfs", "localhost:/data", "/mnt/p")

    def down(self):
        subprocess.run([HERE / "lab-down.sh"], env=self.env, check=False)

    def on(self, node, *command, check=True, timeout=300):
        done = subprocess.run([HERE / "on", node, *map(str, command)], env=self.env, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"{node}: {' '.join(map(str, command))}: {done.stderr.strip()} {done.stdout.strip()}")
        return done

    # --- the bed ---------------------------------------------------------------------------------------------------
    def start_bed(self, *instead_of_lab_mode):
        """In lab mode: real images on the volume, and writers; otherwise as told."""
        self.report = self.lab / "bed-report.json"
        mode = instead_of_lab_mode or (
            "--lab-mount", "/mnt/p", "--lab-volume", "a1:/data", "--lab-other", "/mnt/other",
            "--lab-run", str(self.lab / "bed"), "--lab-report", str(self.report), "--lab-rate", str(self.rate))
        out = open(self.lab / "bed.log", "w")
        self.bed = subprocess.Popen(
            [HERE / "on", "a1", self.drctl, "testbed", "engine", "--listen", f"127.0.0.1:{PORT}",
             "--password-file", str(self.lab / "bed-password"), *mode],
            env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        for _ in range(3000):
            if "listening on" in (self.lab / "bed.log").read_text():
                return
            if self.bed.poll() is not None:
                break
            time.sleep(0.1)
        log = self.lab / "a1/log/mnt-p.log"
        mount = log.read_text(errors="replace").splitlines() if log.exists() else []
        complaints = [line for line in mount if "] E [" in line or "] W [" in line][-20:]
        raise RuntimeError("\n".join(["the test bed did not start: " + (self.lab / "bed.log").read_text(),
                                      "the mount's last complaints:", *complaints]))

    def stop_bed(self):
        """SIGTERM to the bed itself (not to the wrapper, whose death would kill it): it then writes its report."""
        os.kill(inner(self.bed), signal.SIGTERM)
        self.bed.wait(60)
        return json.loads(self.report.read_text())

    def read_report(self):
        return json.loads(self.report.read_text())

    def write_config(self, policy="", bandwidth=None):
        limit = f", bandwidth: {bandwidth}" if bandwidth else ""
        for path, text, mode in (
            (self.lab / "bed-password", PASSWORD + "\n", 0o600),
            (self.lab / "config/password", PASSWORD + "\n", 0o600),
            (self.config, f"""\
state: state.sqlite
engine:
  url: http://127.0.0.1:{PORT}/ovirt-engine/api
  user: admin@internal
  password: {{ file: password }}
domains:
  - name: vms
    primary: {{ volume: data, {self.access} }}
    destinations:
      - {{ name: dr, host: b1, volume: data-dr, access: ssh, agent: {self.agent}{limit} }}
{policy}""", 0o644),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)

    # --- drctl -----------------------------------------------------------------------------------------------------
    def drctl_json(self, *words):
        done = self.on("a1", self.drctl, *words, "--config", self.config, "--json", check=False)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise RuntimeError(f"drctl {' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}")

    def secondary_alone(self, verb, *words):
        """`drctl secondary` on a node of the secondary, without configuration. Returns (exit code, its JSON)."""
        done = self.on("b1", self.drctl, "secondary", verb, "--host", "b1", "--volume", "data-dr", "--json", *words,
                       check=False)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            raise RuntimeError(f"secondary {verb}: exit {done.returncode}: {done.stdout}{done.stderr}")

    def sync(self, when=None, may_miss=(), kill_at=None):
        """One run, its progress printed. `when` maps a pattern to a function that is called, with the run held still by
        SIGSTOP, as soon as a line that matches appears; a run that seals must have shown each, unless it `may_miss` it. At a
        line that matches `kill_at` the run gets SIGKILL. Returns (exit code, lines)."""
        pending = dict(when or {})
        process = subprocess.Popen(
            [HERE / "on", "a1", self.drctl, "sync", "vms", "--config", self.config],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            say("    " + lines[-1])
            if kill_at and re.search(kill_at, line):
                os.kill(inner(process), signal.SIGKILL)
                process.communicate(timeout=60)
                break
            for text in [t for t in pending if re.search(t, line)]:
                run = inner(process)
                os.kill(run, signal.SIGSTOP)
                try:
                    pending.pop(text)()
                finally:
                    os.kill(run, signal.SIGCONT)
                    # nsenter stops itself with its child, and does not wake with it.
                    process.send_signal(signal.SIGCONT)
        code = process.wait(60)
        missed = [text for text in pending if text not in may_miss]
        if missed and code == 0:
            raise AssertionError(f"the run never said {missed}")
        return code, lines

    # --- fresh looks -----------------------------------------------------------------------------------------------
    def fresh(self, node, server, volume, *command, **options):
        """Runs a command with {} replaced by a mount that is made for it alone."""
        point = f"/mnt/look-{time.monotonic_ns()}"
        self.on(node, "mkdir", "-p", point)
        self.on(node, "mount", "-t", "glusterfs", f"{server}:/{volume}", point)
        try:
            return self.on(node, *[str(word).replace("{}", point) for word in command], **options)
        finally:
            self.on(node, "umount", "-l", point)

    def primary(self, *command, **options):
        return self.fresh("a1", "a1", "data", *command, **options)

    def secondary(self, *command, **options):
        return self.fresh("b1", "b1", "data-dr", *command, **options)

    def rest(self, path):
        program = f"""
import json, urllib.parse, urllib.request
base = "http://127.0.0.1:{PORT}/ovirt-engine"
form = urllib.parse.urlencode(dict(grant_type="password", scope="ovirt-app-api", username="admin@internal",
                                   password=open({str(self.lab / "config/password")!r}).read().strip())).encode()
token = json.load(urllib.request.urlopen(urllib.request.Request(base + "/sso/oauth/token", form,
                  {{"Accept": "application/json"}})))["access_token"]
print(urllib.request.urlopen(urllib.request.Request(base + "/api/" + {path!r}, headers={{
      "Authorization": "Bearer " + token, "Accept": "application/json", "Version": "4"}})).read().decode())
"""
        return json.loads(self.on("a1", "/usr/bin/python3", "-c", program).stdout)


def fail_loudly(test):
    """Runs a test function; prints the failure with its place. Returns whether it passed."""
    began = time.monotonic()
    say(f"--- {test.__doc__.strip()}")
    try:
        test()
    except Exception as error:  # the runner's job is to report whatever it was
        import traceback
        traceback.print_exc(file=sys.stdout)
        say(f"FAILED after {time.monotonic() - began:.0f} s: {test.__name__}: {error}")
        return False
    say(f"passed in {time.monotonic() - began:.0f} s: {test.__name__}")
    return True
