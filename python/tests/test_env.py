"""One road: Gymnasium's own checks, what is observed and told, and when an episode ends."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from conftest import SMALL
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from liquid_lane import LiquidLaneError, RoadEnv

ID = "liquid_lane:LiquidLane/Road-v0"


def drive(env, steps, action=None):
    """Observations, rewards and infos of some steps; the expert drives where no action is given."""
    taken = []
    _, info = env.reset(seed=5)
    for _ in range(steps):
        taken.append(env.step([info["expert"]] if action is None else [action]))
        info = taken[-1][4]
        if taken[-1][2] or taken[-1][3]:
            break
    return taken


def test_gymnasiums_checker_has_nothing_to_say(made):
    # Warnings are errors here.
    check_env(made(gym.make, ID).unwrapped)
    check_env(made(gym.make, ID, render_mode="rgb_array", **SMALL).unwrapped)


def test_the_checker_of_stable_baselines3_has_nothing_to_say(made):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(made(gym.make, ID))


def test_an_observation_is_a_picture_of_the_declared_size_and_an_action_curvature(made):
    env = made(RoadEnv)
    assert env.observation_space == gym.spaces.Box(0, 255, (48, 120, 3), np.uint8)
    assert env.action_space == gym.spaces.Box(-1, 1, (1,), np.float32)
    observation, _ = env.reset(seed=1)
    assert observation.std() > 10, "a road is to be seen"


def test_the_expert_drives_until_the_time_is_over(made):
    taken = drive(made(RoadEnv, seconds=20), 1000)
    *_, terminated, truncated, info = taken[-1]
    assert (len(taken), terminated, truncated) == (400, False, True)
    assert info["time_secs"] == 20.0 and not info["crashed"]
    assert info["progress_m"] == pytest.approx(20 * info["speed_mps"], rel=0.02)
    assert sum(step[1] for step in taken) > 380


@pytest.mark.parametrize("action", [-1.0, 1.0])
def test_who_steers_to_one_side_leaves_the_lane_on_that_side(made, action):
    taken = drive(made(RoadEnv), 1000, action)
    *_, terminated, truncated, info = taken[-1]
    assert (terminated, truncated, info["crashed"]) == (True, False, True)
    assert info["offset_m"] * action > info["lane_limit_m"]


def test_a_reward_is_the_sum_of_its_terms(made):
    for step in drive(made(RoadEnv, **SMALL), 30, 0.3):
        assert step[1] == pytest.approx(step[4]["reward_progress"] + step[4]["reward_centring"], abs=1e-6)


def test_a_step_after_the_end_or_before_the_first_reset_is_refused_and_a_reset_helps(made):
    env = made(RoadEnv, **SMALL)
    with pytest.raises(ResetNeeded):
        env.step([0.0])
    drive(env, 100)
    with pytest.raises(ResetNeeded):
        env.step([0.0])
    env.reset()
    env.step([0.0])


def test_an_action_that_is_no_number_is_refused_and_the_episode_goes_on(made):
    env = made(RoadEnv, **SMALL)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="not a number"):
        env.step([np.nan])
    env.step([np.inf])


def test_the_road_can_be_chosen_and_is_told(made):
    env = made(RoadEnv, **SMALL)
    first, info = env.reset(options={"road_seed": 12})
    assert info["road_seed"] == 12
    env.reset(seed=3)
    again, _ = env.reset(options={"road_seed": 12})
    assert (first == again).all()
    with pytest.raises(ValueError, match="expected road_seed, got road"):
        env.reset(options={"road": 12})


def test_without_a_seed_the_roads_go_on_and_with_it_they_begin_again(made):
    env = made(RoadEnv, **SMALL)
    roads = [env.reset(seed=seed)[1]["road_seed"] for seed in (7, None, None, 7, None)]
    assert roads[:2] == roads[3:] and len(set(roads[:3])) == 3


PROGRAM = """
import hashlib, gymnasium as gym
settings = {"weather": ["fog", "snow"], "noise": 0.05, "corruption": ("frost", 2), "start_offset_m": 0.5}
env = gym.make("liquid_lane:LiquidLane/Road-v0", **settings)
env.action_space.seed(4)
digest = hashlib.sha256()
for seed in range(3):
    observation, info = env.reset(seed=seed)
    for _ in range(20):
        digest.update(observation.tobytes() + repr(info).encode())
        observation, reward, *_, info = env.step(env.action_space.sample())
env.close()
print(digest.hexdigest())
"""


def test_two_processes_with_the_same_seeds_see_the_same_bytes():
    command = [sys.executable, "-c", PROGRAM]
    first, second = (subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2))
    assert first == second and len(first.strip()) == 64


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"weather": "hail"}, "hail"),
        ({"family": "motorway"}, "motorway"),
        ({"width": 0}, "not 0x48"),
        ({"seconds": 1e9}, "seconds: expected a number above 0 and up to 3600"),
        ({"corruption": ("fog", 9)}, "severity of 1 to 5, got 9"),
        ({"speed": 3}, "unknown field `speed`"),
        ({"noise": float("nan")}, "the settings of HELLO"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(LiquidLaneError) as refusal:
        RoadEnv(**settings)
    assert sentence in str(refusal.value) and "\n" not in str(refusal.value)


def test_settings_change_what_is_seen(made):
    pictures = []
    for settings in [{}, {"weather": "night"}, {"noise": 0.1}, {"family": "gravel"}, {"road_set": "test"}]:
        env = made(RoadEnv, **{"family": "marked", **settings})
        pictures.append(env.reset(seed=1)[0])
    assert all((first != later).any() for i, first in enumerate(pictures) for later in pictures[:i])


def test_what_is_rendered_is_the_same_moment_in_another_size(made):
    env = made(RoadEnv, render_mode="rgb_array", render_size=(120, 48))
    observation, _ = env.reset(seed=1)
    assert (env.render() == observation).all()
    large = made(RoadEnv, render_mode="rgb_array")
    large.reset(seed=1)
    assert large.render().shape == (192, 480, 3)
    with pytest.raises(ValueError, match="render_mode"):
        RoadEnv(render_mode="human")
