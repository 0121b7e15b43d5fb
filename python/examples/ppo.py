"""PPO of stable-baselines3 on eight roads at once, for some thousands of steps.

    python examples/ppo.py [--steps 16384]

It prints how long an episode lasts and what it brings, before and after; that of a car that keeps its lane is 400 steps
long and brings about 400.
"""

import argparse
import time

import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

from liquid_lane.stable_baselines import RoadVecEnv

# Easy to begin with: roads with paint, by day, and no sharper command than twice the sharpest bend.
ROADS = {"family": "marked", "seconds": 20.0, "max_curvature_per_m": 0.07}
# Whether a command was good shows within two seconds.
GAMMA = 0.95


def score(model: PPO, roads: int = 8, episodes: int = 16) -> str:
    """Drives roads that are not trained on, without chance in the actions."""
    envs = VecMonitor(RoadVecEnv(roads, road_set="validation", **ROADS))
    envs.seed(0)
    observation, ended = envs.reset(), []
    while len(ended) < episodes:
        actions, _ = model.predict(observation, deterministic=True)
        observation, _, _, infos = envs.step(actions)
        ended += [info["episode"] for info in infos if "episode" in info]
    envs.close()
    steps, reward = np.mean([episode["l"] for episode in ended]), np.mean([episode["r"] for episode in ended])
    return f"{steps:.0f} steps, reward {reward:.0f} (means of {len(ended)} episodes)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=16_384, help="frames to learn from [default: 16384]")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # A value that is learned in the rewards' own size would drown the gradient of the actions.
    envs = VecNormalize(VecMonitor(RoadVecEnv(8, **ROADS)), norm_obs=False, gamma=GAMMA)
    model = PPO(
        "CnnPolicy",
        envs,
        n_steps=64,
        batch_size=128,
        n_epochs=6,
        learning_rate=5e-4,
        gamma=GAMMA,
        seed=arguments.seed,
        policy_kwargs={"log_std_init": -1.5},
        device="cpu",
    )
    print(f"before: {score(model)}", flush=True)
    started = time.monotonic()
    model.learn(arguments.steps)
    minutes = (time.monotonic() - started) / 60
    print(f"after {model.num_timesteps} steps in {minutes:.1f} min: {score(model)}")
    envs.close()


if __name__ == "__main__":
    main()
