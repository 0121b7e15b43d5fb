"""One road as a Gymnasium environment."""

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from typing_extensions import Unpack

from liquid_lane.batch import Batch, Settings

FRAMES_PER_SECOND = 20
RENDER_SIZE = (480, 192)
SEEDS = 1 << 32


def spaces_of(batch: Batch) -> tuple[gym.spaces.Box, gym.spaces.Box]:
    """Observation and action of one world."""
    shape = (batch.settings["height"], batch.settings["width"], 3)
    return gym.spaces.Box(0, 255, shape, np.uint8), gym.spaces.Box(-1.0, 1.0, (1,), np.float32)


class RoadEnv(gym.Env[npt.NDArray[np.uint8], npt.NDArray[np.float32]]):
    """A car keeps its lane on a road that the seed draws.

    - Observation: what the camera sees, Box(0, 255, (height, width, 3), uint8).
    - Action: curvature of the path to drive, Box(-1, 1, (1,), float32); 1 is ``max_curvature_per_m`` to the left.
    - Reward: ``reward_progress`` + ``reward_centring`` of ``info``; about 1 in the middle of the lane, 0 at its edge.
    - Terminated: the car has left its lane. Truncated: the time is over.
    - Info: the true state, the command of an expert as an action (``expert``), seed of the road and weather.

    ``reset(options={"road_seed": 12})`` chooses the road; without it the environment's random numbers do.
    Keyword arguments: :class:`liquid_lane.Settings`; ``render_size`` is width and height of what ``render`` gives.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": FRAMES_PER_SECOND}

    def __init__(
        self,
        render_mode: str | None = None,
        render_size: tuple[int, int] = RENDER_SIZE,
        **settings: Unpack[Settings],
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode: expected None or rgb_array, got {render_mode!r}")
        self.render_mode = render_mode
        self.render_size = render_size
        self.batch = Batch(1, settings)
        self.observation_space, self.action_space = spaces_of(self.batch)
        self._road_seed = 0
        self._under_way = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.uint8], dict[str, Any]]:
        super().reset(seed=seed)
        options = dict(options or {})
        self._road_seed = int(options.pop("road_seed", self.np_random.integers(SEEDS)))
        if options:
            raise ValueError(f"options: expected road_seed, got {', '.join(options)}")
        shown = self.batch.reset([True], [self._road_seed])
        self._under_way = True
        return shown.pictures[0], self._info(shown.state[0])

    def step(self, action: npt.ArrayLike) -> tuple[npt.NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        if not self._under_way:
            raise ResetNeeded("the episode is over, or none has begun: call reset")
        shown = self.batch.step(action, [False], [0])
        terminated, truncated = bool(shown.terminated[0]), bool(shown.truncated[0])
        self._under_way = not (terminated or truncated)
        return shown.pictures[0], float(shown.rewards[0]), terminated, truncated, self._info(shown.state[0])

    def render(self) -> npt.NDArray[np.uint8] | None:
        if self.render_mode is None:
            gym.logger.warn("render was called on an environment without a render_mode; make it with rgb_array")
            return None
        return self.batch.render(0, *self.render_size)

    def close(self) -> None:
        self.batch.close()

    def _info(self, state: npt.NDArray[np.float32]) -> dict[str, Any]:
        info: dict[str, Any] = dict(zip(self.batch.columns, state.tolist(), strict=True))
        info["crashed"] = bool(info["crashed"])
        info["weather"] = self.batch.settings["weather"][int(info["weather"])]
        info["road_seed"] = self._road_seed
        return info
