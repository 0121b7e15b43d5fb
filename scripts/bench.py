#!/usr/bin/env python3
"""Benchmarks of these sources beside kept ones, in turns in one run.

    python3 scripts/bench.py keep              builds the benchmarks and keeps them: the baseline
    python3 scripts/bench.py run [ROW ...]     builds them, runs both sides in turns, and prints the ratios of their times

A ROW is a part of a row's name, such as `frame_to_steering/ncp` or `lstm`; without any, all rows run but the whole trainings,
which take minutes a round and have to be named (`training_with_its_rendering`). Programs are kept, not
times: both sides run now, on this machine, so only the change is between them. Of each round the least time counts. A row is
called slower where it was in every round, and by 2 % or more in the median round: of equal programs one row in 64 is slower in
all of six rounds. Exit code 1 if a row got slower. Without a baseline it prints the times alone. The benchmarks of `torch` and
`window` have no rows of this kind and are not among them.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

KEPT = pathlib.Path("target/kept-benches")
BENCHES = ["policy", "recording", "closed_loop", "simulator"]
LEAST_CHANGE = 1.02
LONG = "training_with_its_rendering"
SECONDS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
# `│  ├─ ncp-paper    791 µs   │ ...`: the depth by its indent, a name, the least time where there is one.
LINE = re.compile(r"^(?P<indent>(?:[│ ]  )*)[├╰]─ (?P<name>.*?) +(?:(?P<time>[\d.]+) (?P<unit>ns|µs|ms|s|m) +)?│")


def built():
    """The executables of the benchmarks, by name, after building them."""
    command = ["cargo", "bench", "--no-run", "--message-format=json-render-diagnostics"]
    command += [word for bench in BENCHES for word in ("--bench", bench)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    return {
        message["target"]["name"]: pathlib.Path(message["executable"])
        for message in messages
        if message.get("reason") == "compiler-artifact" and message["target"]["kind"] == ["bench"]
    }


def rows(text):
    """Least seconds of every row of divan's output."""
    path, found = [], {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            path[len(match["indent"]) // 3 :] = [match["name"]]
            if match["time"]:
                found["/".join(path)] = float(match["time"]) * SECONDS[match["unit"]]
    return found


def run(programs, wanted):
    """Least seconds of each wanted row, each program once."""
    environment = {**os.environ, "RAYON_NUM_THREADS": os.environ.get("RAYON_NUM_THREADS", "1")}
    times = {}
    for name, program in programs.items():
        # divan writes a path as `policy::frame_to_steering::ncp`.
        filters = [re.escape(part).replace("/", "::") for part in wanted] or ["--skip", LONG]
        command = [program.resolve(), "--bench", "--color", "never", *filters]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
        times |= {f"{name}/{row}": secs for row, secs in rows(output).items()}
    return times


def text(secs):
    unit = next(unit for unit in ("m", "s", "ms", "µs", "ns") if secs >= SECONDS[unit] or unit == "ns")
    return f"{secs / SECONDS[unit]:.4g} {unit}"


def compare(now, kept, wanted, rounds):
    """Prints the ratios; gives the rows that got slower."""
    sides = {"kept": [], "now": []}
    for number in range(rounds):
        for side, programs in (("kept", kept), ("now", now)):
            print(f"round {number + 1} of {rounds}: {side}", file=sys.stderr)
            sides[side].append(run(programs, wanted))
    names = [row for row in sides["now"][0] if row in sides["kept"][0]]
    print(f"{'row':<56} {'kept':>10} {'now':>10}  now / kept, of each round")
    slower = []
    for row in names:
        ratios = [after[row] / before[row] for before, after in zip(sides["kept"], sides["now"])]
        middle = statistics.median(ratios)
        word = ""
        if min(ratios) > 1 and middle >= LEAST_CHANGE:
            word = "slower"
            slower.append(row)
        elif max(ratios) < 1 and middle <= 1 / LEAST_CHANGE:
            word = "faster"
        least = [min(times[row] for times in sides[side]) for side in ("kept", "now")]
        print(f"{row:<56} {text(least[0]):>10} {text(least[1]):>10}  {middle:.3f} [{min(ratios):.3f}, {max(ratios):.3f}] {word}")
    for side, other in (("now", "kept"), ("kept", "now")):
        for row in sorted(set(sides[side][0]) - set(sides[other][0])):
            print(f"{row:<56} only {side}: {text(min(times[row] for times in sides[side]))}")
    chance = len(names) / 2**rounds
    print(f"{len(names)} rows, {len(slower)} slower; chance alone makes {chance:.1f} of them slower in all rounds, most by less than 2 %")
    return slower


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["keep", "run"])
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_intermixed_args()
    programs = built()
    if options.what == "keep":
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True)
        for name, program in programs.items():
            shutil.copy2(program, KEPT / name)
        print(f"{', '.join(programs)}: kept in {KEPT}")
        return 0
    kept = {name: KEPT / name for name in programs if (KEPT / name).exists()}
    if kept:
        return 1 if compare(programs, kept, options.rows, options.rounds) else 0
    print(f"nothing is kept: `{sys.argv[0]} keep` makes the baseline; the times of these sources alone:")
    for row, secs in run(programs, options.rows).items():
        print(f"{row:<56} {text(secs):>10}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
