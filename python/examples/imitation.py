"""An LTC network of ncps learns from the expert in a few minutes on a processor, and drives roads that it never saw.

    python examples/imitation.py [--seed 1]

The network drives; the expert, whose command is in ``info``, says at each place what it would have done (DAgger, Ross
et al. 2011). In the first round the expert drives itself, pushed about by noise, so that it shows how to come back to
the lane. Then the network drives roads of the test set, and its crashes per kilometre are printed beside those of the
expert and of a car that always steers straight on.
"""

import argparse
import itertools
import time

import numpy as np
import torch
from ncps.torch import LTC
from ncps.wirings import AutoNCP
from torch import nn

from liquid_lane import RoadVectorEnv

WORLDS = 16
# Small pictures are quick to learn from, and show a lane as well.
SIZE = {"width": 60, "height": 24}
# Largest offset and angle to the road at the start of an episode, while learning.
START = {"start_offset_m": 1.0, "start_heading_rad": 0.1}
# Steps of each world in a round, of a sequence to learn from, and sequences in a batch.
STEPS, SEQUENCE, BATCH = 160, 16, 24
CLOCKS = (time.monotonic, time.process_time)


class Policy(nn.Module):
    """Convolutions, then 19 liquid neurons wired as a Neural Circuit Policy.

    Pictures [batch, time, 24, 60, 3] to actions [batch, time, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 12, 5, stride=2),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(24 * 4 * 13, 32),
            nn.Tanh(),
        )
        self.neurons = LTC(32, AutoNCP(19, 1), batch_first=True)

    def forward(self, pictures: torch.Tensor, state: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        batch, length = pictures.shape[:2]
        # [batch * length, 3, 24, 60]; every picture has mean 0 and deviation 1.
        flat = pictures.flatten(0, 1).permute(0, 3, 1, 2).float()
        flat = (flat - flat.mean((1, 2, 3), keepdim=True)) / (flat.std((1, 2, 3), keepdim=True) + 1e-3)
        features = self.encoder(flat).reshape(batch, length, -1)
        return self.neurons(features, state)


class Experience:
    """Stretches of driving with what the expert would have done."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []
        self.actions: list[np.ndarray] = []

    def gather(self, envs: RoadVectorEnv, policy: Policy | None, chance: np.random.Generator) -> None:
        """Drives a round: the policy, or the expert where there is none, with slowly changing noise on the commands."""
        pictures, infos = envs.reset()
        state, pushed = None, np.zeros(WORLDS)
        size = chance.choice([0.0, 0.1, 0.25], WORLDS)
        shown, told, begun = [], [], []
        for _ in range(STEPS):
            shown.append(pictures)
            told.append(infos["expert"])
            command, state = (infos["expert"], None) if policy is None else drive(policy, pictures, state)
            pushed = 0.9 * pushed + 0.44 * size * chance.standard_normal(WORLDS)
            pictures, _, terminated, truncated, infos = envs.step((command + pushed)[:, None].astype(np.float32))
            ended = terminated | truncated
            begun.append(ended)
            if state is not None:
                state[torch.from_numpy(ended)] = 0
        for start in range(0, STEPS, SEQUENCE):
            stretch = slice(start, start + SEQUENCE)
            # A stretch in which another road begins is no sequence.
            whole = ~np.any(begun[stretch][:-1], axis=0)
            self.pictures.append(np.stack(shown[stretch], 1)[whole])
            self.actions.append(np.stack(told[stretch], 1)[whole])

    def batches(self, size: int, chance: np.random.Generator):
        """Sequences by chance, half of them mirrored, for ever."""
        pictures = torch.from_numpy(np.concatenate(self.pictures))
        actions = torch.from_numpy(np.concatenate(self.actions))
        while True:
            chosen = torch.from_numpy(chance.integers(len(pictures), size=size))
            seen, wanted = pictures[chosen], actions[chosen]
            seen[: size // 2] = seen[: size // 2].flip(3)
            wanted[: size // 2] *= -1
            yield seen, wanted


@torch.no_grad()
def drive(policy: Policy, pictures: np.ndarray, state: torch.Tensor | None) -> tuple[np.ndarray, torch.Tensor]:
    """Actions for one picture of each world."""
    actions, state = policy(torch.from_numpy(pictures)[:, None], state)
    return actions[:, 0, 0].numpy(), state


def crashes_per_km(pilot, roads: int, seconds: float) -> str:
    """Drives roads of the test set; whoever leaves its lane goes on with another road."""
    envs = RoadVectorEnv(roads, road_set="test", seconds=seconds, **SIZE)
    pictures, infos = envs.reset(seed=0)
    crashes, metres, offsets, state = 0, 0.0, [], None
    for _ in range(int(seconds * 20)):
        actions, state = pilot(pictures, infos, state)
        pictures, _, terminated, truncated, infos = envs.step(actions[:, None].astype(np.float32))
        crashes += int(terminated.sum())
        metres += float(infos["speed_mps"].sum()) * envs.batch.dt_secs
        offsets.append(np.abs(infos["offset_m"]))
        ended = terminated | truncated
        if state is not None and ended.any():
            state[torch.from_numpy(ended)] = 0
    envs.close()
    km = metres / 1000
    return f"{crashes} crashes in {km:.1f} km = {crashes / km:.2f} per km, mean offset {np.mean(offsets):.2f} m"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of driving and learning [default: 5]")
    parser.add_argument("--steps", type=int, default=150, help="steps of learning in a round [default: 150]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--roads", type=int, default=16, help="roads to drive after it [default: 16]")
    parser.add_argument("--out", help="file for the weights of the network")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    chance = np.random.default_rng(arguments.seed)
    envs = RoadVectorEnv(WORLDS, **SIZE, **START)
    envs.reset(seed=arguments.seed)
    policy, experience = Policy(), Experience()
    optimizer = torch.optim.Adam(policy.parameters(), lr=2e-3)
    started = [clock() for clock in CLOCKS]
    for number in range(arguments.rounds):
        experience.gather(envs, policy if number > 0 else None, chance)
        losses = []
        for seen, wanted in itertools.islice(experience.batches(BATCH, chance), arguments.steps):
            actions, _ = policy(seen)
            # A bend's curvature counts for more than that of a straight road.
            loss = ((1 + 4 * wanted.abs()) * (actions[..., 0] - wanted) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        frames = SEQUENCE * sum(map(len, experience.pictures))
        minutes = [(clock() - start) / 60 for clock, start in zip(CLOCKS, started, strict=True)]
        spent = "{:.1f} min, {:.1f} min of processor time".format(*minutes)
        print(f"round {number + 1}: {frames} frames, loss {np.mean(losses[-50:]):.5f}, {spent}", flush=True)
    envs.close()
    if arguments.out:
        torch.save(policy.state_dict(), arguments.out)
    pilots = {
        "LTC of ncps": lambda pictures, infos, state: drive(policy, pictures, state),
        "expert": lambda pictures, infos, state: (infos["expert"], None),
        "straight on": lambda pictures, infos, state: (np.zeros(len(pictures)), None),
    }
    for name, pilot in pilots.items():
        print(f"{name:12}{crashes_per_km(pilot, arguments.roads, 60.0)}", flush=True)


if __name__ == "__main__":
    main()
