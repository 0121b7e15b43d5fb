"""Shared by the tests: environments that are closed again, and the program."""

import os
import stat
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import liquid_lane

# Small pictures and short episodes, which end in both ways.
SMALL = {"width": 20, "height": 8, "seconds": 2.0}


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Callable:
    """Makes an environment, or whatever else is to be closed after the test."""

    def make(kind: Callable, *arguments, **settings):
        thing = kind(*arguments, **settings)
        request.addfinalizer(thing.close)
        return thing

    return make


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a Python script in the place of the program; in it PROGRAM is the real one."""

    def write(script: str) -> Path:
        real = liquid_lane.find_program()
        path = tmp_path / "stand-in"
        path.write_text(f"#!{sys.executable}\nPROGRAM = {os.fspath(real)!r}\n{textwrap.dedent(script)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("LIQUID_LANE", os.fspath(path))
        return path

    return write
