"""The simulator of liquid-lane as a Gymnasium environment.

``import liquid_lane`` registers ``LiquidLane/Road-v0``; ``gym.make("liquid_lane:LiquidLane/Road-v0")`` does both.
"""

import gymnasium as gym

from liquid_lane.batch import Batch, LiquidLaneError, Observation, Settings
from liquid_lane.env import RoadEnv
from liquid_lane.program import find_program
from liquid_lane.vector import RoadVectorEnv

__all__ = ["Batch", "LiquidLaneError", "Observation", "RoadEnv", "RoadVectorEnv", "Settings", "find_program"]

gym.register(
    id="LiquidLane/Road-v0",
    entry_point="liquid_lane.env:RoadEnv",
    vector_entry_point="liquid_lane.vector:RoadVectorEnv",
)
