"""A batch of roads in another process: ``liquid-lane serve gymnasium`` and its binary messages, docs/gymnasium.md."""

import contextlib
import json
import math
import struct
import subprocess
import weakref
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from liquid_lane.program import LiquidLaneError, find_program

VERSION = 1

HELLO, RESET, STEP, RENDER = 1, 2, 3, 4
WELCOME, OBS, PICTURE, ERROR = 129, 130, 131, 255

# Nothing that the program sends is longer: pictures of 64 MiB, and a few numbers for each.
LONGEST_BYTES = 80 << 20
# As much of a pipe as Linux gives to everybody: pictures then come in one piece.
PIPE_BYTES = 1 << 20


class Settings(TypedDict, total=False):
    """Choices of an environment. What is left out has the default of docs/gymnasium.md."""

    width: int
    """Pixels in a row of a picture."""
    height: int
    """Rows of a picture."""
    road_set: str
    """"train", "validation", "test" or "demo": no road is in two of them."""
    family: str | None
    """"marked", "unmarked" or "gravel"; None draws it by the seed of the road."""
    weather: str | list[str]
    """A weather, or several of which each episode draws one."""
    noise: float
    """Variance of Gaussian noise on the picture, whose values are 0 to 1 for this."""
    corruption: tuple[str, int] | None
    """A corruption of docs/corruptions.md and its severity, 1 to 5."""
    speed_mps: float | None
    """Speed of the car; None draws it by the seed of the road, 8.5 to 11.5 m/s."""
    seconds: float
    """Length of an episode; a step is 0.05 s."""
    max_curvature_per_m: float
    """Curvature that the action 1 commands."""
    start_offset_m: float
    """An episode starts up to this far from the centre of the lane."""
    start_heading_rad: float
    """An episode starts at up to this angle to the road."""


class Observation(NamedTuple):
    """What a batch of n worlds shows after a step, in memory that no later one uses."""

    rewards: npt.NDArray[np.float32]
    """[n]"""
    state: npt.NDArray[np.float32]
    """[n, columns]"""
    terminated: npt.NDArray[np.bool_]
    """[n]"""
    truncated: npt.NDArray[np.bool_]
    """[n]"""
    pictures: npt.NDArray[np.uint8]
    """[n, height, width, 3]"""


class Batch:
    """Roads that are driven together in a process of their own.

    A world begins an episode where ``reset`` is true for it, on the road of its seed below 2**32.
    """

    def __init__(self, worlds: int, settings: Settings) -> None:
        self.worlds = worlds
        self._ended: str | None = None
        program = find_program()
        try:
            self._process = subprocess.Popen(
                [program, "serve", "gymnasium"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise LiquidLaneError(f"cannot run {program}: {error}") from error
        self._finalizer = weakref.finalize(self, _end, self._process)
        _widen(self._process.stdout)
        asked = struct.pack("<I", VERSION) + json.dumps(_wire(worlds, settings), default=_plain).encode()
        body = self._ask(HELLO, asked, WELCOME)
        if len(body) < 4 or struct.unpack_from("<I", body)[0] != VERSION:
            raise self._broken(f"{program} speaks another version of the protocol")
        welcome = json.loads(body[4:].tobytes())
        self.settings: dict[str, Any] = welcome["settings"]
        self.columns: list[str] = welcome["columns"]
        self.dt_secs: float = welcome["dt_secs"]

    def reset(self, reset: npt.ArrayLike, seeds: npt.ArrayLike) -> Observation:
        """Begins an episode in some of the worlds; the others stay as they are."""
        return self._observation(self._ask(RESET, self._resets(reset, seeds), OBS))

    def step(self, actions: npt.ArrayLike, reset: npt.ArrayLike, seeds: npt.ArrayLike) -> Observation:
        """Drives a step in the worlds that begin no episode. An action is -1 to 1, left positive."""
        self.send_step(actions, reset, seeds)
        return self.receive_step()

    def send_step(self, actions: npt.ArrayLike, reset: npt.ArrayLike, seeds: npt.ArrayLike) -> None:
        """The first half of :meth:`step`: the worlds drive while the caller goes on."""
        numbers = np.asarray(actions, "<f4").reshape(self.worlds)
        if np.isnan(numbers).any():
            raise ValueError(f"an action is not a number: {numbers}")
        self._send(STEP, numbers.tobytes() + self._resets(reset, seeds))

    def receive_step(self) -> Observation:
        """The second half of :meth:`step`."""
        return self._observation(self._receive(OBS))

    def render(self, world: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        """The picture of a world in another size [height, width, 3], without noise and corruption."""
        body = self._ask(RENDER, struct.pack("<3I", world, width, height), PICTURE)
        return body[8:].reshape(height, width, 3)

    def close(self) -> None:
        """Ends the program; may be called again."""
        self._ended = self._ended or "the environment is closed"
        self._finalizer()

    def _resets(self, reset: npt.ArrayLike, seeds: npt.ArrayLike) -> bytes:
        mask = np.asarray(reset, np.bool_).reshape(self.worlds)
        return mask.tobytes() + np.asarray(seeds, "<u4").reshape(self.worlds).tobytes()

    def _observation(self, body: npt.NDArray[np.uint8]) -> Observation:
        n, columns = self.worlds, len(self.columns)
        shape = (n, self.settings["height"], self.settings["width"], 3)
        flags = 4 * n * (1 + columns)
        pictures = flags + 2 * n
        if len(body) != pictures + math.prod(shape):
            raise self._broken(f"an observation of {len(body)} bytes")
        return Observation(
            rewards=body[: 4 * n].view("<f4"),
            state=body[4 * n : flags].view("<f4").reshape(n, columns),
            terminated=body[flags : flags + n].view(np.bool_),
            truncated=body[flags + n : pictures].view(np.bool_),
            pictures=body[pictures:].reshape(shape),
        )

    def _ask(self, kind: int, body: bytes, reply: int) -> npt.NDArray[np.uint8]:
        self._send(kind, body)
        return self._receive(reply)

    def _send(self, kind: int, body: bytes) -> None:
        if self._ended:
            raise LiquidLaneError(self._ended)
        message = memoryview(struct.pack("<IB", len(body), kind) + body)
        try:
            while message:
                message = message[self._process.stdin.write(message) :]
        except BrokenPipeError:
            # What it has said last tells why.
            self._receive(kind)
        except BaseException:
            self._broken("a message was interrupted")
            raise

    def _receive(self, expected: int) -> npt.NDArray[np.uint8]:
        if self._ended:
            raise LiquidLaneError(self._ended)
        try:
            length, kind = struct.unpack("<IB", self._read(5))
            if length > LONGEST_BYTES:
                raise self._broken(f"a message of {length} bytes")
            body = self._read(length)
        except LiquidLaneError:
            raise
        except BaseException:
            self._broken("a message was interrupted")
            raise
        if kind == ERROR:
            raise self._broken(body.tobytes().decode(errors="replace"))
        if kind != expected:
            raise self._broken(f"a message of kind {kind} where {expected} was expected")
        return body

    def _read(self, length: int) -> npt.NDArray[np.uint8]:
        body = np.empty(length, np.uint8)
        rest = memoryview(body)
        while rest:
            count = self._process.stdout.readinto(rest)
            if not count:
                self.close()
                code = self._process.returncode
                raise self._broken(f"the program liquid-lane has ended with code {code}")
            rest = rest[count:]
        return body

    def _broken(self, reason: str) -> LiquidLaneError:
        """Ends the program: messages cannot be told apart any more."""
        self.close()
        self._ended = reason
        return LiquidLaneError(reason)


def _wire(worlds: int, settings: Settings) -> dict[str, Any]:
    """Settings as the program takes them."""
    wire: dict[str, Any] = {"worlds": worlds, **settings}
    if isinstance(wire.get("weather"), str):
        wire["weather"] = [wire["weather"]]
    if wire.get("corruption") is not None:
        name, severity = wire["corruption"]
        wire["corruption"] = {"name": name, "severity": severity}
    return wire


def _plain(number: Any) -> Any:
    """A number of NumPy as one of Python."""
    return number.item()


def _widen(pipe: Any) -> None:
    """Lets a pipe hold a whole message where the system can."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program: it goes when its streams do."""
    for stream in (process.stdin, process.stdout):
        stream.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
