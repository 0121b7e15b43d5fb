"""Many roads: equal to single ones, in every way of beginning again."""

import gymnasium as gym
import numpy as np
import pytest
from conftest import SMALL
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from liquid_lane import LiquidLaneError, RoadEnv, RoadVectorEnv

N = 4
ID = "liquid_lane:LiquidLane/Road-v0"


def assert_equal_infos(ours, theirs):
    """Equal where they tell of a world."""
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        if isinstance(values, dict):
            assert_equal_infos(ours[name], values)
        elif name.startswith("_"):
            assert (ours[name] == values).all(), name
        elif name == "final_obs":
            for mine, other in zip(ours[name], values, strict=True):
                assert (mine is None) == (other is None) and (mine is None or (mine == other).all())
        else:
            told = theirs[f"_{name}"]
            assert (np.asarray(ours[name])[told] == values[told]).all(), name


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_vector_of_roads_equals_single_roads_to_the_byte_over_ends_of_both_kinds(made, mode):
    ours = made(RoadVectorEnv, N, autoreset_mode=mode, **SMALL)
    theirs = made(SyncVectorEnv, [lambda: RoadEnv(**SMALL)] * N, autoreset_mode=mode)
    chance = np.random.default_rng(0)
    first, second = ours.reset(seed=3), theirs.reset(seed=3)
    ends = np.zeros(2)
    for _ in range(130):
        assert (first[0] == second[0]).all()
        assert_equal_infos(first[-1], second[-1])
        # Two of the worlds go to one side, and leave their lanes.
        actions = (chance.uniform(-0.2, 0.2, (N, 1)) + np.array([[0], [0], [0.8], [-0.8]])).astype(np.float32)
        first, second = ours.step(actions), theirs.step(actions)
        for mine, other in zip(first[1:4], second[1:4], strict=True):
            assert mine.dtype == other.dtype and np.allclose(mine, other, atol=0)
        ends += [first[2].sum(), first[3].sum()]
    assert (ends > 4).all(), ends
    assert (first[0].shape, ours.metadata["autoreset_mode"]) == ((N, 8, 20, 3), mode)


def test_gymnasium_makes_it_by_its_entry_point(made):
    envs = made(gym.make_vec, ID, num_envs=3, vectorization_mode="vector_entry_point", max_episode_steps=10, **SMALL)
    assert isinstance(envs.unwrapped, RoadVectorEnv) and envs.num_envs == 3
    observation, infos = envs.reset(seed=1)
    assert observation in envs.observation_space and infos["_expert"].all()
    steps = [envs.step(infos["expert"][:, None]) for _ in range(10)]
    assert not steps[8][3].any() and steps[9][3].all(), "cut off after ten steps"
    assert made(gym.make_vec, ID, num_envs=2, vectorization_mode="sync", **SMALL).reset()[0].shape == (2, 8, 20, 3)


def test_seeds_may_be_a_number_a_list_or_left_out(made):
    envs = made(RoadVectorEnv, 3, **SMALL)
    by_number = envs.reset(seed=7)[1]["road_seed"]
    envs.reset()
    assert (envs.reset(seed=[7, 8, 9])[1]["road_seed"] == by_number).all()
    assert (envs.reset(seed=[7, None, 9])[1]["road_seed"] == by_number).tolist() == [True, False, True]
    with pytest.raises(ValueError, match="expected one for each of 3 worlds, got 2"):
        envs.reset(seed=[1, 2])


def test_a_mask_resets_some_and_leaves_the_others(made):
    envs = made(RoadVectorEnv, 3, autoreset_mode="Disabled", **SMALL)
    envs.reset(seed=1)
    before = envs.step(np.zeros((3, 1), np.float32))[0]
    mask = np.array([False, True, False])
    after, infos = envs.reset(options={"reset_mask": mask, "road_seeds": [9, 9, 9]})
    assert [(before[i] == after[i]).all() for i in range(3)] == [True, False, True]
    assert (infos["_road_seed"] == mask).all() and infos["road_seed"][1] == 9
    for bad in [[True] * 3, np.zeros(3, bool), np.ones(2, bool), np.ones(3)]:
        with pytest.raises(ValueError, match="reset_mask"):
            envs.reset(options={"reset_mask": bad})


def test_where_nothing_begins_again_by_itself_a_step_after_the_end_is_refused(made):
    envs = made(RoadVectorEnv, 2, autoreset_mode="Disabled", max_episode_steps=2)
    still = np.zeros((2, 1), np.float32)
    with pytest.raises(ResetNeeded):
        envs.step(still)
    envs.reset(seed=1)
    assert not envs.step(still)[3].any() and envs.step(still)[3].all()
    with pytest.raises(ResetNeeded):
        envs.step(still)
    envs.reset(options={"reset_mask": np.array([True, True])})
    envs.step(still)


def test_observations_of_earlier_steps_stay_as_they_were(made):
    envs = made(RoadVectorEnv, 2, **SMALL)
    first, _ = envs.reset(seed=1)
    kept = first.copy()
    for _ in range(5):
        later = envs.step(np.zeros((2, 1), np.float32))[0]
    assert (first == kept).all() and (first != later).any()
    first[:] = 0


def test_each_world_is_rendered(made):
    envs = made(RoadVectorEnv, 2, render_mode="rgb_array", render_size=(20, 8), **SMALL)
    observation, _ = envs.reset(seed=1)
    assert (np.stack(envs.render()) == observation).all()


def test_too_many_worlds_are_refused_in_one_sentence():
    for n, sentence in [(0, "worlds: expected 1 to 1024, got 0"), (5000, "worlds"), (1000, "bytes, more than")]:
        with pytest.raises(LiquidLaneError, match=sentence):
            RoadVectorEnv(n, width=1000, height=1000)


def test_stable_baselines3_drives_it(made):
    pytest.importorskip("stable_baselines3")
    from liquid_lane.stable_baselines import RoadVecEnv

    roads = made(RoadVecEnv, 3, render_mode="rgb_array", **SMALL)
    roads.seed(4)
    roads.set_options({"road_seed": 5})
    assert roads.reset().shape == (3, 8, 20, 3)
    assert [info["road_seed"] for info in roads.reset_infos] == [5, 5, 5]
    ended = 0
    for _ in range(60):
        observation, rewards, dones, infos = roads.step(np.full((3, 1), 0.9, np.float32))
        assert (observation.shape, rewards.dtype, len(infos)) == ((3, 8, 20, 3), np.float32, 3)
        for done, info, picture in zip(dones, infos, observation, strict=True):
            assert done == ("terminal_observation" in info)
            if done:
                ended += 1
                assert info["crashed"] and not info["TimeLimit.truncated"] and info["time_secs"] > 0
                assert (info["terminal_observation"] != picture).any()
    assert ended >= 3
    assert roads.render().shape[2] == 3
