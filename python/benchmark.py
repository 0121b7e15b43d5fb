"""Frames per second of the vector environment, and what of them a client in Rust has over it, in turns.

    python benchmark.py [--worlds 16] [--width 120] [--height 48] [--rust ../target/release/examples/step_batch]

`cargo build --release -p lane-worlds --example step_batch` makes the client in Rust. Both start the same program
and send the same messages.
"""

import argparse
import functools
import json
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from liquid_lane import Batch, RoadVectorEnv, find_program

RUST = Path(__file__).parent.parent / "target/release/examples/step_batch"
# Steps that are not counted, and the action of every car: those of the client in Rust.
WARM_UP = 20
ACTION = 0.05


class Turn(NamedTuple):
    """One turn of a client."""

    frames_per_second: float
    # Processor time for a frame; `step_batch` counts to the program, which it starts.
    program_ms: float
    client_ms: float


def messages(worlds: int, settings: dict, steps: int) -> float:
    """Messages alone: the very work of the client in Rust."""
    batch = Batch(worlds, settings)
    actions, ended = np.full(worlds, ACTION, np.float32), np.ones(worlds, bool)
    seeds = np.cumsum(ended)
    batch.reset(ended, seeds)
    ended = np.zeros(worlds, bool)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            started = time.perf_counter()
        seeds = seeds[-1] + np.cumsum(ended)
        shown = batch.step(actions, ended, seeds)
        ended = shown.terminated | shown.truncated
    seconds = time.perf_counter() - started
    batch.close()
    return steps * worlds / seconds


def environment(worlds: int, settings: dict, steps: int) -> float:
    """The Gymnasium environment, infos included."""
    envs = RoadVectorEnv(worlds, **settings)
    envs.reset(seed=0)
    actions = np.full((worlds, 1), ACTION, np.float32)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            started = time.perf_counter()
        envs.step(actions)
    seconds = time.perf_counter() - started
    envs.close()
    return steps * worlds / seconds


def messages_in_rust(client: Path, worlds: int, settings: dict, steps: int) -> float:
    command = [client, find_program(), json.dumps({"worlds": worlds, **settings}), str(steps)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def turn(client: Callable[[int, dict, int], float], worlds: int, settings: dict, steps: int) -> Turn:
    before = [processor_ms(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    rate = client(worlds, settings, steps)
    frames = worlds * (WARM_UP + steps)
    after = [processor_ms(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return Turn(rate, *((later - sooner) / frames for sooner, later in zip(before, after, strict=True)))


def processor_ms(who: int) -> float:
    usage = resource.getrusage(who)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--width", type=int, default=120)
    parser.add_argument("--height", type=int, default=48)
    parser.add_argument("--steps", type=int, default=300, help="steps of a turn [default: 300]")
    parser.add_argument("--turns", type=int, default=7, help="turns of each client [default: 7]")
    parser.add_argument("--rust", type=Path, default=RUST, help="the client in Rust")
    arguments = parser.parse_args()
    settings = {"width": arguments.width, "height": arguments.height}
    clients = {"Gymnasium vector environment": environment, "messages alone, in Python": messages}
    if arguments.rust.exists():
        clients["messages alone, in Rust"] = functools.partial(messages_in_rust, arguments.rust)
    else:
        print(f"{arguments.rust} is not there: nothing to compare with")
    turns: dict[str, list[Turn]] = {name: [] for name in clients}
    for _ in range(arguments.turns):
        for name, client in clients.items():
            turns[name].append(turn(client, arguments.worlds, settings, arguments.steps))
    size = f"{arguments.width}x{arguments.height}"
    print(f"{arguments.worlds} worlds of {size} pixels, medians of {arguments.turns} turns; processor time for a frame")
    reference = turns.get("messages alone, in Rust")
    for name, mine in turns.items():
        rate, program_ms, client_ms = (statistics.median(values) for values in zip(*mine, strict=True))
        line = f"{name:30}{rate:7.0f} frames/s   program {program_ms:.3f} ms   client {client_ms:.3f} ms"
        if reference and mine is not reference:
            # Turn by turn: what else the machine does meets both alike.
            pairs = zip(mine, reference, strict=True)
            lost = statistics.median(1 - ours.frames_per_second / rust.frames_per_second for ours, rust in pairs)
            line += f"   {100 * lost:.1f} % fewer frames/s than in Rust"
        print(line)


if __name__ == "__main__":
    main()
