#!/usr/bin/env python3
"""Policies of this program beside another trainer, on the same recording: R2 over zero on the held-back fifth and on other drives.

    compare-recordings.py TRAINING_FOLDER --judge FOLDER ... [--policies ncp,cnn] [--seeds 3] [--program target/release/liquid-lane]
                          [--other "python3 pilotnet.py --threads 2"] [--out out/compare]

Each training is `liquid-lane train --policy NAME --seed N --recording TRAINING_FOLDER`, each judgement `liquid-lane replay FOLDER
--headless`. The other trainer is called with TRAINING_FOLDER, --judge, the other folders and --seed N, and prints a JSON line an
epoch: `seconds`, `held_back` and a key for each other folder, each with `r2_zero` and `corr`; its best epoch on the held-back part
counts. Means over the seeds; seconds on the clock and of processor time, for machines that do something else too.
"""
import argparse, json, os, resource, shlex, subprocess, time

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("folder")
arguments.add_argument("--judge", nargs="+", default=[])
arguments.add_argument("--policies", default="ncp,cnn")
arguments.add_argument("--seeds", type=int, default=3)
arguments.add_argument("--program", default="target/release/liquid-lane")
arguments.add_argument("--other")
arguments.add_argument("--out", default="out/compare")
arguments = arguments.parse_args()


def processor_secs():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command):
    """Its output, and the seconds on the clock and of the processor."""
    clock, processor = time.time(), processor_secs()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return done.stdout, [time.time() - clock, processor_secs() - processor]


def name_of(folder):
    return os.path.basename(os.path.normpath(folder))


def judged(weights, folder):
    report, _ = run([arguments.program, "replay", folder, "--headless", "--json", "--policies", weights])
    error = json.loads(report)["errors"][0]
    return [error["skill_over_zero"], error["correlation"]]


def ours(policy, seed):
    out = os.path.join(arguments.out, f"seed-{seed}")
    command = [arguments.program, "train", "--policy", policy, "--seed", str(seed), "--recording", arguments.folder, "--out", out]
    report, secs = run(command + ["--json"])
    held_back = json.loads(report)["card"]["scores"]["held_back"]
    weights = os.path.join(out, f"{policy}.safetensors")
    rows = [[held_back["r2_over_zero"], held_back["correlation"]]] + [judged(weights, folder) for folder in arguments.judge]
    return rows, secs


def theirs(seed):
    command = shlex.split(arguments.other) + [arguments.folder, "--judge", *arguments.judge, "--seed", str(seed)]
    output, secs = run(command)
    epochs = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    best = max(epochs, key=lambda epoch: epoch["held_back"]["r2_zero"])
    rows = [best[key] for key in ["held_back", *map(name_of, arguments.judge)]]
    return [[row["r2_zero"], row["corr"]] for row in rows], secs


trainers = [(policy, lambda seed, policy=policy: ours(policy, seed)) for policy in arguments.policies.split(",")]
if arguments.other:
    trainers.append((name_of(shlex.split(arguments.other)[-1] if arguments.other.endswith(".py") else "other"), theirs))
columns = ["held back", *map(name_of, arguments.judge)]
print("| trained by | seed | " + " | ".join(f"{column}: R2 over zero, correlation" for column in columns) + " | s on the clock | s of the processor |")
print("| --- " * (len(columns) + 4) + "|")
for name, trainer in trainers:
    outcomes = []
    for seed in range(1, arguments.seeds + 1):
        outcomes.append(trainer(seed))
        rows, secs = outcomes[-1]
        cells = [f"{r2:.3f}, {correlation:.3f}" for r2, correlation in rows]
        print(f"| {name} | {seed} | " + " | ".join(cells) + f" | {secs[0]:.0f} | {secs[1]:.0f} |", flush=True)
    count = len(outcomes)
    mean = lambda pick: sum(map(pick, outcomes)) / count
    cells = [f"**{mean(lambda o: o[0][i][0]):.3f}, {mean(lambda o: o[0][i][1]):.3f}**" for i in range(len(columns))]
    print(f"| {name} | mean of {count} | " + " | ".join(cells) + f" | {mean(lambda o: o[1][0]):.0f} | {mean(lambda o: o[1][1]):.0f} |", flush=True)
