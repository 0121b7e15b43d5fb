"""Many roads as one Gymnasium vector environment: a step of all of them is one message."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from typing_extensions import Unpack

from liquid_lane.batch import Batch, Observation, Settings
from liquid_lane.env import FRAMES_PER_SECOND, RENDER_SIZE, SEEDS, spaces_of

Pictures = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


class RoadVectorEnv(VectorEnv[Pictures, npt.NDArray[np.float32], npt.NDArray[Any]]):
    """``num_envs`` of :class:`liquid_lane.RoadEnv`, driven at the same time.

    It is equal to a ``SyncVectorEnv`` of them to the byte. ``autoreset_mode`` is "NextStep" (a world that has ended
    begins its next episode in the next step, which takes no action from it), "SameStep" or "Disabled", as Gymnasium has
    them. ``max_episode_steps`` is ``seconds`` in steps.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        render_size: tuple[int, int] = RENDER_SIZE,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode: expected None or rgb_array, got {render_mode!r}")
        if max_episode_steps is not None:
            settings["seconds"] = max_episode_steps / FRAMES_PER_SECOND
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = render_mode
        self.render_size = render_size
        self.num_envs = num_envs
        self.batch = Batch(num_envs, settings)
        self.single_observation_space, self.single_action_space = spaces_of(self.batch)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators: list[np.random.Generator] = [seeding.np_random()[0] for _ in range(num_envs)]
        self._weathers = np.array(self.batch.settings["weather"])
        self._road_seeds = np.zeros(num_envs, np.int64)
        self._ended = np.ones(num_envs, np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pictures, dict[str, Any]]:
        """Begins an episode in every world, or in those of ``options["reset_mask"]``.

        World i is seeded by ``seed + i``, or by its own of a list. ``options["road_seeds"]`` chooses the roads.
        """
        options = dict(options or {})
        mask = _mask(options.pop("reset_mask", None), self.num_envs)
        road_seeds = options.pop("road_seeds", None)
        if options:
            raise ValueError(f"options: expected reset_mask and road_seeds, got {', '.join(options)}")
        seeds = [None if seed is None else seed + i for i in range(self.num_envs)] if _is_one(seed) else list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed: expected one for each of {self.num_envs} worlds, got {len(seeds)}")
        for world in np.flatnonzero(mask):
            if seeds[world] is not None:
                self._generators[world], _ = seeding.np_random(seeds[world])
        self._draw_roads(mask)
        if road_seeds is not None:
            self._road_seeds[mask] = np.asarray(road_seeds)[mask]
        shown = self.batch.reset(mask, self._road_seeds)
        self._ended = self._ended & ~mask
        return shown.pictures, self._infos(shown, mask)

    def step(self, actions: npt.ArrayLike) -> tuple[Pictures, npt.NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """Drives a step in every world."""
        self.send_step(actions)
        return self.receive_step()

    def send_step(self, actions: npt.ArrayLike) -> None:
        """The first half of :meth:`step`: the worlds drive while the caller goes on."""
        if self._ended.any() and self.autoreset_mode is not AutoresetMode.NEXT_STEP:
            raise ResetNeeded(f"no episode is under way in the worlds {np.flatnonzero(self._ended)}: reset them")
        self._draw_roads(self._ended)
        self.batch.send_step(actions, self._ended, self._road_seeds)

    def receive_step(self) -> tuple[Pictures, npt.NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """The second half of :meth:`step`."""
        shown = self.batch.receive_step()
        ended = shown.terminated | shown.truncated
        infos = self._infos(shown, np.ones(self.num_envs, np.bool_))
        pictures = shown.pictures
        if self.autoreset_mode is AutoresetMode.SAME_STEP and ended.any():
            final_infos = self._infos(shown, ended)
            self._draw_roads(ended)
            begun = self.batch.reset(ended, self._road_seeds)
            pictures, infos = begun.pictures, self._infos(begun, np.ones(self.num_envs, np.bool_))
            final = np.full(self.num_envs, None, object)
            for world in np.flatnonzero(ended):
                final[world] = shown.pictures[world]
            infos |= {"final_obs": final, "_final_obs": ended, "final_info": final_infos, "_final_info": ended}
            self._ended = np.zeros(self.num_envs, np.bool_)
        else:
            self._ended = ended
        return pictures, shown.rewards.astype(np.float64), shown.terminated, shown.truncated, infos

    def render(self) -> tuple[Pictures, ...] | None:
        """A picture of each world."""
        if self.render_mode is None:
            return None
        return tuple(self.batch.render(world, *self.render_size) for world in range(self.num_envs))

    def close_extras(self, **_: Any) -> None:
        self.batch.close()

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:
        """The random numbers of each world."""
        return tuple(self._generators)

    def _draw_roads(self, mask: Flags) -> None:
        for world in np.flatnonzero(mask):
            self._road_seeds[world] = self._generators[world].integers(SEEDS)

    def _infos(self, shown: Observation, mask: Flags) -> dict[str, Any]:
        """The columns of the true state, each with the mask of the worlds that it tells of."""
        infos: dict[str, Any] = dict(zip(self.batch.columns, shown.state.T, strict=True))
        infos["crashed"] = infos["crashed"] > 0
        infos["weather"] = self._weathers[infos["weather"].astype(int)]
        infos["road_seed"] = self._road_seeds.copy()
        return infos | {f"_{name}": mask for name in infos}


def _is_one(seed: int | Sequence[int | None] | None) -> bool:
    return seed is None or isinstance(seed, int | np.integer)


def _mask(mask: Flags | None, num_envs: int) -> Flags:
    if mask is None:
        return np.ones(num_envs, np.bool_)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (num_envs,) or not mask.any():
        raise ValueError(f"reset_mask: expected a NumPy array of {num_envs} booleans, one of them True, got {mask!r}")
    return mask
