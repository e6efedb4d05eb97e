"""Idle cycles, drkit's and the stock schedule_georep.py's in turn, on one lab: seconds from checkpoint to stop.

    DRCTL=.../drctl Tests/Lab/bench.py [CYCLES]      (5 by default; about 2 minutes each)
"""
import json
import re
import statistics
import subprocess
import sys
import time

from image_checks import start_idle_bed
from lab_site import HERE, LabSite, say


def seconds(text):
    """`22.1 s` or `1m05s`."""
    minutes = re.fullmatch(r"(\d+)m(\d+)s", text)
    return int(minutes[1]) * 60 + int(minutes[2]) if minutes else float(text.removesuffix(" s"))


def drkit_cycle(site):
    began = time.monotonic()
    code, lines = site.sync()
    assert code == 0, lines
    whole = time.monotonic() - began
    note = next(line for line in lines if "checkpoint complete on every subvolume" in line)
    return seconds(re.search(r"checkpoint to stop ([^;]+)", note)[1].strip()), whole


def stock_cycle(site):
    done = subprocess.run([HERE / "stock-cycle.sh"], env=site.env, capture_output=True, text=True, timeout=600)
    say("    stock: " + done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    return float(re.search(r"checkpoint_to_stopped=([\d.]+)", done.stdout)[1])


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    site = LabSite("lab-bench", "10.87.40")
    site.up()
    try:
        site.write_config()
        start_idle_bed(site)
        drkit_cycle(site)   # the first sync, which carries the domain over, is not counted
        ours, wholes, stock = [], [], []
        for _ in range(cycles):
            length, whole = drkit_cycle(site)
            ours.append(length)
            wholes.append(whole)
            stock.append(stock_cycle(site))
        say(json.dumps({"drkit": ours, "drkit whole cycle": [round(w, 1) for w in wholes], "stock": stock}))
        mine, theirs = statistics.median(ours), statistics.median(stock)
        say(f"checkpoint to stop, median of {cycles} idle cycles: drkit {mine:.1f} s, stock {theirs:.1f} s, "
            f"ratio {mine / theirs:.2f}; drkit's whole cycle {statistics.median(wholes):.1f} s")
    finally:
        site.down()


if __name__ == "__main__":
    main()
