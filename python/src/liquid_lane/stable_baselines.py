"""Many roads as the vector environment of stable-baselines3, whose interface is not Gymnasium's."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn
from typing_extensions import Unpack

from liquid_lane.batch import Settings
from liquid_lane.vector import RoadVectorEnv


class RoadVecEnv(VecEnv):
    """``num_envs`` roads for an algorithm of stable-baselines3: ``PPO("CnnPolicy", RoadVecEnv(8))``.

    Keyword arguments are those of :class:`liquid_lane.RoadVectorEnv`. ``reset`` knows no options but ``road_seed``.
    """

    def __init__(self, num_envs: int, render_mode: str | None = None, **settings: Unpack[Settings]) -> None:
        self.roads = RoadVectorEnv(num_envs, render_mode, autoreset_mode=AutoresetMode.SAME_STEP, **settings)
        super().__init__(num_envs, self.roads.single_observation_space, self.roads.single_action_space)

    def reset(self) -> npt.NDArray[np.uint8]:
        seeds, options = self._seeds, self._options
        pictures, infos = self.roads.reset(seed=seeds)
        road_seeds = infos["road_seed"].copy()
        for world, wanted in enumerate(options):
            road_seeds[world] = wanted.get("road_seed", road_seeds[world])
        if (road_seeds != infos["road_seed"]).any():
            pictures, infos = self.roads.reset(options={"road_seeds": road_seeds})
        self.reset_infos = _by_world(infos, range(self.num_envs))
        self._reset_seeds()
        self._reset_options()
        return pictures

    def step_async(self, actions: np.ndarray) -> None:
        self.roads.send_step(actions)

    def step_wait(self) -> VecEnvStepReturn:
        pictures, rewards, terminated, truncated, infos = self.roads.receive_step()
        ended = terminated | truncated
        begun = _by_world(infos, range(self.num_envs))
        if ended.any():
            worlds = np.flatnonzero(ended)
            for world, last in zip(worlds, _by_world(infos["final_info"], worlds), strict=True):
                self.reset_infos[world] = begun[world]
                begun[world] = last | {
                    "terminal_observation": infos["final_obs"][world],
                    "TimeLimit.truncated": bool(truncated[world]),
                }
        return pictures, rewards.astype(np.float32), ended, begun

    def close(self) -> None:
        self.roads.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        return self.roads.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.roads, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise NotImplementedError("the settings of roads are chosen when they are made")

    def env_method(self, method_name: str, *method_args, indices: VecEnvIndices = None, **method_kwargs) -> list[Any]:
        raise NotImplementedError("roads have no methods of their own")

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


def _by_world(infos: dict[str, Any], worlds: Sequence[int] | npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """The columns of the true state, world by world."""
    columns = {
        name: values.tolist() for name, values in infos.items() if name[0] != "_" and not name.startswith("final")
    }
    return [{name: values[world] for name, values in columns.items()} for world in worlds]
