"""Where the program ``liquid-lane`` is."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

NAME = "liquid-lane.exe" if sys.platform == "win32" else "liquid-lane"


class LiquidLaneError(RuntimeError):
    """The program is not there, refused what it was asked, or has ended."""


def find_program() -> Path:
    """The program: what the variable ``LIQUID_LANE`` names, else that of the wheel, else the first in ``PATH``."""
    if named := os.environ.get("LIQUID_LANE"):
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise LiquidLaneError(f"LIQUID_LANE names {named}, which is no program")
        return Path(named)
    folders = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")),
        # Where `pip install --target` puts it.
        Path(__file__).parent.parent / "bin",
    ]
    for folder in folders:
        program = Path(folder) / NAME
        if program.is_file():
            return program
    if found := shutil.which(NAME):
        return Path(found)
    raise LiquidLaneError(
        f"{NAME} is neither beside this Python nor in PATH: install the wheel, or name the program by LIQUID_LANE"
    )
