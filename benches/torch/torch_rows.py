"""Rows of the comparison that the given baseline lacks: the compact policy's training step and its maps by captum, and a GRU.

Takes the baseline's flags and prints the same JSON: {"metric": {"min_ms": …, "median_ms": …}}.
"""

import argparse
import json
import os
import re
import statistics
import time

flags = argparse.ArgumentParser()
flags.add_argument("--threads", type=int, required=True)
flags.add_argument("--skip", default="^$", help="regular expression of metrics to leave out")
flags.add_argument("--gate", help="ignored")
flags.add_argument("--quick", action="store_true", help="ignored")
flags = flags.parse_args()
os.environ["OMP_NUM_THREADS"] = str(flags.threads)

import torch
from captum.attr import IntegratedGradients, Occlusion
from ncps.torch import LTC
from ncps.wirings import NCP
from torch import nn

torch.set_num_threads(flags.threads)
torch.manual_seed(0)


def calls(step, budget_secs=3.0, least=5):
    """Milliseconds of single calls, after two that do not count."""
    step(), step()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < budget_secs:
        before = time.perf_counter_ns()
        step()
        times.append((time.perf_counter_ns() - before) / 1e6)
    return {"min_ms": min(times), "median_ms": statistics.median(times)}


class Compact(nn.Module):
    """Compact encoder 16-24-32-8 on 120x48, one linear layer to 32 features, 19 liquid neurons."""

    def __init__(self):
        super().__init__()
        widths = [(3, 16, 5, 2), (16, 24, 5, 2), (24, 32, 3, 2), (32, 8, 3, 1)]
        self.encoder = nn.Sequential(*[part for width in widths for part in (nn.Conv2d(*width), nn.ReLU())])
        self.features = nn.Linear(176, 32)
        self.neurons = LTC(32, NCP(12, 6, 1, 6, 4, 6, 6, seed=20190120), implicit_param_constraints=False)

    def forward(self, images):  # [batch, steps, 3, 48, 120], 8 bits
        flat = images.flatten(0, 1).float() / 255
        mean = flat.mean(dim=(1, 2, 3), keepdim=True)
        deviation = flat.std(dim=(1, 2, 3), keepdim=True, unbiased=False)
        whitened = (flat - mean) / deviation.clamp(min=flat[0].numel() ** -0.5)
        features = self.features(self.encoder(whitened).flatten(1))
        return self.neurons(features.unflatten(0, images.shape[:2]))[0].squeeze(-1)


def compact_training(batch=16, steps=16):
    policy = Compact()
    adam = torch.optim.Adam(policy.parameters(), lr=5e-4)
    images = torch.randint(0, 256, (batch, steps, 3, 48, 120), dtype=torch.uint8)
    target = torch.randn(batch, steps)

    def step():
        adam.zero_grad(set_to_none=True)
        weight = 1 + target.abs()
        loss = (weight * (policy(images) - target) ** 2).sum() / weight.sum()
        loss.backward()
        adam.step()
        policy.neurons.rnn_cell.apply_weight_constraints()

    return step


class CompactHead(nn.Module):
    """The compact encoder on one whitened picture with either head; liquid neurons start from zeros."""

    def __init__(self, liquid):
        super().__init__()
        compact = Compact()
        self.encoder, self.features, self.neurons = compact.encoder, compact.features, compact.neurons
        self.dense = None if liquid else nn.Sequential(nn.Linear(176, 100), nn.ReLU(), nn.Linear(100, 1))

    def forward(self, whitened):  # [batch, 3, 48, 120]
        flat = self.encoder(whitened).flatten(1)
        if self.dense is not None:
            return self.dense(flat)
        return self.neurons(self.features(flat).unsqueeze(1))[0].squeeze(1)


def maps(attribute):
    """A map of one frame for each of two policies and two twins."""
    policies = [CompactHead(liquid).eval() for liquid in (True, True, False, False)]
    picture = torch.randn(1, 3, 48, 120)

    def step():
        for policy in policies:
            attribute(policy, picture)

    return step


def integrated_gradients():
    return maps(lambda policy, picture: IntegratedGradients(policy).attribute(picture, target=0, n_steps=32))


def occlusion():
    """Squares of a quarter of the height that overlap by half, 32 pictures at once."""
    windows = {"sliding_window_shapes": (3, 12, 12), "strides": (3, 6, 6), "perturbations_per_eval": 32}
    hide = lambda policy, picture: Occlusion(policy).attribute(picture, target=0, baselines=0, **windows)
    return maps(torch.no_grad()(hide))


def gru_training(batch=64, steps=32):
    gru = nn.GRU(32, 64, batch_first=True)
    features = torch.rand(batch, steps, 32)

    def step():
        gru.zero_grad(set_to_none=True)
        (gru(features)[0] ** 2).sum().backward()

    return step


ROWS = {
    "train_compact_ncp_B16_T16": compact_training,
    "maps_integrated_gradients": integrated_gradients,
    "maps_occlusion": occlusion,
    "gru64_B64_T32_fwd_bwd": gru_training,
}
print(json.dumps({name: calls(make()) for name, make in ROWS.items() if not re.search(flags.skip, name)}))
