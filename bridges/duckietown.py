#!/usr/bin/env python3
"""Duckietown's simulator as a server of the donkey simulator's protocol: any donkey client drives it.

    python duckietown.py [--host 127.0.0.1] [--port 9091] [--map small_loop] [--rate 20] [--wheelbase 0.036]

Without --map a client finds the menu and loads a scene: a map of Duckietown or a scene of the donkey simulator (SCENES).
Without --rate the world waits for its client: each `control` is one step of 1/20 s and is answered by one telemetry.

* A client that is silent for half a second after `car_loaded`, `reset_car` or `regen_road` gets one picture of the start.
* A start is (map, seed): `regen_road` takes the seed, `reset_car` goes back to the same start.
* Steering 1 turns front wheels of a car with this wheelbase by 16 degrees to the right. The Duckiebot drives that
  curvature with its own motors, lag and delay (0.1 s dead time, 0.25 s time constant); throttle 1 is 0.6 m/s.
* `cte` is 8 per metre, positive right, from the middle of the right lane. `hit` is the object hit, or "offroad" beyond
  the lane's lines. Beside the protocol: `lane_angle` (rad) and `road_curvature` (1/m, mean of the next 0.2 m), positive left.
* `cam_config`: offset_y is the height above the road in metres of Duckietown, rot_x the pitch (down) and fov the vertical
  field of view in degrees. Zeros keep Duckietown's own camera: 0.108 m, 19.15 degrees down, 75 degrees, 160x120 JPEG.
"""

import argparse
import base64
import contextlib
import functools
import io
import json
import logging
import math
import os
import re
import socket
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # it inverts a 2x2 matrix a step: threads cost ten times as much
logging.disable(logging.CRITICAL)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # gym's advertisement
    import contracts
    import numpy as np
    import pyglet

    contracts.disable_all()
    pyglet.options["debug_gl"] = False
    from duckietown_world.resources import list_maps
    from gym_duckietown import simulator
    from gym_duckietown.exceptions import NotInLane
    from gym_duckietown.graphics import bezier_point, bezier_tangent, create_frame_buffers
    from gym_duckietown.simulator import Simulator, get_agent_corners, get_dir_vec
    from PIL import Image

# A start looks up the texture of each tile among all files: most of its time.
simulator.get_texture_file = functools.lru_cache(simulator.get_texture_file)
warnings.simplefilter("ignore")  # of numpy's and gym's old functions, at each start

STEP_SECS = 0.05
FULL_LOCK_RAD = math.radians(16.0)
# Duckietown's model of its motors (get_DB18_nominal) ends at 0.3 m/s per sum of the two duties and at 3.75 rad/s per
# difference of them.
YAW_RATE_PER_DUTY = 3.75
CTE_PER_METRE = 8.0
LANE_HALF_WIDTH_TILES = 0.2
FIRST_PICTURE_SECS = 0.5  # gym-donkeycar drives a second after `reset_car`
LONGEST_MESSAGE = 16 * 1024
MAPS = sorted(name for name in list_maps() if not name.startswith(("regress", "calibration")))
SCENES = {
    "generated_road": "loop_empty",
    "warehouse": "ETHZ_autolab_fast_track",
    "sparkfun_avc": "Montreal_loop",
    "generated_track": "small_loop",
    "mountain_track": "zigzag_dists",
    "roboracingleague_1": "experiment_loop",
    "waveshare": "small_loop_cw",
    "mini_monaco": "udem1",
    "warren": "ETHZ_loop",
    "thunderhill": "TTIC_loop",
    "circuit_launch": "ETH_small_loop_2",
}
# One flat object: up to the first closing brace outside a string.
OBJECT = re.compile(rb'\s*(\{[^"}]*(?:"(?:[^"\\]|\\.)*"[^"}]*)*\})', re.DOTALL)


def number(message, key):
    """A finite number, be it a number or a string, with a decimal point or a comma; 0 if there is none."""
    text = str(message.get(key, 0))
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text.replace(",", "."))):
            return value
    raise ValueError(f"{key} is no number: {text[:40]!r}")


class World:
    """One car on one map."""

    def __init__(self, wheelbase):
        self.wheelbase = wheelbase
        self.sim = Simulator(
            map_name="small_loop", domain_rand=False, frame_rate=1 / STEP_SECS, camera_width=160, camera_height=120
        )
        self.aim_camera({})

    def load(self, map_name, seed):
        self.map_name, self.ticks = map_name, 0
        self.restart(seed)

    def restart(self, seed):
        """Puts the car into the middle of a lane. Duckietown's own choice may be the other lane, or search for minutes."""
        sim, self.seed, rng = self.sim, seed, np.random.default_rng(seed)
        sim._load_map(self.map_name)  # moving objects, too, go back to where they were
        tiles = [tile for tile in sim.drivable_tiles if len(tile["curves"]) == 2] or sim.drivable_tiles
        for _ in range(1000):
            tile = tiles[rng.integers(len(tiles))]
            curve, along = tile["curves"][rng.integers(2)], rng.uniform()
            middle, tangent = bezier_point(curve, along), bezier_tangent(curve, along)
            angle = math.atan2(-tangent[2], tangent[0])
            if sim._valid_pose(middle, angle, 1.3) and not sim._inconvenient_spawn(middle):
                break
        column, row = sim.user_tile_start = tile["coords"]
        sim.start_pose = [middle - sim.road_tile_size * np.array([column, 0, row]), angle]
        sim.seed(seed)
        sim.reset()
        self.velocity, self.control, self.offset_m = np.zeros(3), (0.0, 0.0, 0.0), 0.0
        self.route, self.node, self.crossed_at = self.loop(), -1, None

    def aim_camera(self, config):
        asked = {key: number(config, key) for key in ("img_w", "img_h", "img_d", "fov", "offset_y", "rot_x")}
        size = (int(asked["img_w"]), int(asked["img_h"])) if asked["img_w"] and asked["img_h"] else (160, 120)
        if not all(16 <= pixels <= 1920 for pixels in size) or not 0 <= asked["fov"] < 170:
            raise ValueError(f"no such camera: {size[0]}x{size[1]}, {asked['fov']:g} degrees")
        encoding = str(config.get("img_enc", "JPG")).upper()
        self.encoding = {"JPG": "JPEG", "PNG": "PNG", "TGA": "TGA"}.get(encoding, "JPEG")
        self.grey, self.camera = asked["img_d"] == 1, (asked["offset_y"], asked["rot_x"], asked["fov"])
        sim = self.sim
        if size != (sim.camera_width, sim.camera_height):
            sim.camera_width, sim.camera_height = size
            sim.multi_fbo, sim.final_fbo = create_frame_buffers(*size, 4)
            sim.img_array = np.zeros((size[1], size[0], 3), np.uint8)

    def drive(self, steering, throttle, brake):
        """One step; gives the messages of a start line that was crossed."""
        sim, before = self.sim, self.sim.cur_pos
        steering, throttle, brake = np.clip([steering, throttle, brake], (-1, -1, 0), 1).tolist()
        self.control = (steering, throttle, brake)
        curvature = -math.tan(FULL_LOCK_RAD * steering) / self.wheelbase
        turn = 0.5 * curvature * self.velocity.dot(get_dir_vec(sim.cur_angle)) / YAW_RATE_PER_DUTY
        # Rather slower than on another curve: neither duty may pass 1.
        duty = max(min(throttle * (1 - brake), 1 - abs(turn)), abs(turn) - 1)
        sim.update_physics(np.array([duty - turn, duty + turn]))
        self.ticks += 1
        self.velocity = (sim.cur_pos - before) / STEP_SECS
        return list(self.count_laps())

    def count_laps(self):
        """A lap starts where the car first leaves the tile of its start."""
        following = (self.node + 1) % max(len(self.route), 1)
        if not self.route or self.sim.get_grid_coords(self.sim.cur_pos) != self.route[following]:
            return
        self.node, now = following, self.ticks * STEP_SECS
        if following == 0:
            if self.crossed_at is not None:
                yield {"msg_type": "cross_start", "lap_time": now - self.crossed_at}
            self.crossed_at = now
            yield {"msg_type": "collision_with_starting_line", "starting_line_index": 0, "timeStamp": now}

    def loop(self):
        """Tiles of the loop that the car is on, from the next to its own; empty where the road forks or ends."""
        curves = [(tile["coords"], curve) for tile in self.sim.drivable_tiles for curve in tile["curves"]]
        here, ahead = self.sim.get_grid_coords(self.sim.cur_pos), get_dir_vec(self.sim.cur_angle)
        tile, curve = max((c for c in curves if c[0] == here), key=lambda c: (c[1][-1] - c[1][0]).dot(ahead))
        route = []
        while here not in route:
            following = [c for c in curves if np.allclose(c[1][0], curve[-1], atol=1e-3)]
            if len(following) != 1 or following[0][0] in route:
                return []
            tile, curve = following[0]
            route.append(tile)
        return route

    def telemetry(self):
        sim = self.sim
        sim.cam_height, sim.cam_angle[0], sim.cam_fov_y = (
            asked or own for asked, own in zip(self.camera, (0.108, 19.15, 75.0))
        )
        picture, encoded = Image.fromarray(sim.render_obs()), io.BytesIO()
        picture = picture.convert("L").convert("RGB") if self.grey else picture
        picture.save(encoded, self.encoding, **({"compress_level": 1} if self.encoding == "PNG" else {}))
        lane, hit = {}, "offroad"
        with contextlib.suppress(NotInLane):
            position = sim.get_lane_pos2(sim.cur_pos, sim.cur_angle)
            self.offset_m = float(position.dist)
            lane = {"lane_angle": -float(position.angle_rad), "road_curvature": self.road_curvature()}
            if abs(self.offset_m) <= LANE_HALF_WIDTH_TILES * sim.road_tile_size:
                hit = "none"
        if sim._collision(get_agent_corners(sim.cur_pos, sim.cur_angle)):
            hit = min(sim.objects, key=lambda thing: np.linalg.norm(thing.pos - sim.cur_pos)).kind
        steering, throttle, brake = self.control
        return {
            "msg_type": "telemetry", "steering_angle": steering, "throttle": throttle, "brake": brake,
            "image": base64.b64encode(encoded.getvalue()).decode(), "hit": hit, "time": self.ticks * STEP_SECS,
            "speed": float(np.linalg.norm(self.velocity)), "roll": 0.0, "pitch": 0.0,
            "yaw": (90.0 - math.degrees(sim.cur_angle)) % 360.0, "cte": CTE_PER_METRE * self.offset_m,
            "activeNode": max(self.node, 0), "totalNodes": len(self.route),
            "pos_x": float(sim.cur_pos[0]), "pos_y": 0.0,
            "pos_z": float(sim.grid_height * sim.road_tile_size - sim.cur_pos[2]),
            "vel_x": float(self.velocity[0]), "vel_y": 0.0, "vel_z": float(-self.velocity[2]), **lane,
        }

    def road_curvature(self):
        """Mean over the next 0.2 m of the lane's middle; 0 where the lane ends before."""
        point, tangent = self.sim.closest_curve_point(self.sim.cur_pos, self.sim.cur_angle)
        began = math.atan2(-tangent[2], tangent[0])
        for _ in range(2):
            angle = math.atan2(-tangent[2], tangent[0])
            point, tangent = self.sim.closest_curve_point(point + 0.1 * tangent, angle)
            if point is None:
                return 0.0
        return math.remainder(math.atan2(-tangent[2], tangent[0]) - began, math.tau) / 0.2


class Client:
    """One connection: what a client asks for, one message after the other."""

    def __init__(self, connection, world, map_name, rate):
        self.connection, self.world, self.period = connection, world, rate and 1 / rate
        self.loaded, self.held, self.awaited = False, (0.0, 0.0, 0.0), False
        self.buffer, self.due = b"", time.monotonic()
        world.aim_camera({})
        if map_name:
            self.load(map_name)
        else:
            self.send({"msg_type": "scene_selection_ready", "loaded": "1"})

    def send(self, *messages):
        self.connection.settimeout(10.0)
        self.connection.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def load(self, map_name):
        self.world.load(map_name, 0)
        self.loaded, self.held, self.awaited = True, (0.0, 0.0, 0.0), True
        self.send({"msg_type": "car_loaded"})

    def restart(self, seed):
        self.world.restart(seed)
        self.held, self.awaited = (0.0, 0.0, 0.0), True

    def serve(self):
        while True:
            message = OBJECT.match(self.buffer)
            if message:
                self.buffer = self.buffer[message.end() :]
                if self.answer(json.loads(message[1])) == "leave":
                    return
            elif len(self.buffer) > LONGEST_MESSAGE or not self.buffer.lstrip()[:1] in (b"", b"{"):
                raise ValueError(f"no message of the protocol: {self.buffer[:40]!r}")
            elif not self.receive():
                return

    def receive(self):
        """Waits for bytes; steps the world meanwhile if it has a rate of its own. False when the client has left."""
        if self.period:
            while self.loaded and time.monotonic() >= self.due:
                self.due = max(self.due + self.period, time.monotonic() - self.period)
                self.step()
            self.connection.settimeout(max(self.due - time.monotonic(), 1e-3) if self.loaded else None)
        else:  # a client may wait for a picture of the start before it drives: one, or it would lag behind for ever
            self.connection.settimeout(FIRST_PICTURE_SECS if self.awaited else None)
        try:
            data = self.connection.recv(65536)
        except TimeoutError:
            if not self.period:
                self.awaited = False
                self.send(self.world.telemetry())
            return True
        self.buffer += data
        return bool(data)

    def step(self):
        self.awaited = False
        self.send(*self.world.drive(*self.held), self.world.telemetry())

    def answer(self, message):
        kind, world = message.get("msg_type"), self.world
        if kind == "control" and self.loaded:
            self.held = tuple(number(message, key) for key in ("steering", "throttle", "brake"))
            if not self.period:
                self.step()
        elif kind == "reset_car" and self.loaded:
            self.restart(world.seed)
        elif kind == "regen_road" and self.loaded:
            self.restart(int(number(message, "rand_seed")) % 2**31)
        elif kind == "cam_config":
            world.aim_camera(message)
        elif kind == "get_scene_names":
            self.send({"msg_type": "scene_names", "scene_names": MAPS + list(SCENES)})
        elif kind == "load_scene":
            name = str(message.get("scene_name"))
            if name not in MAPS and name not in SCENES:
                raise ValueError(f"no such scene: {name[:40]!r}")
            self.load(SCENES.get(name, name))
        elif kind == "get_protocol_version":
            self.send({"msg_type": "protocol_version", "version": "2"})
        elif kind == "exit_scene":
            self.loaded = self.awaited = False
        elif kind == "quit_app":
            return "leave"
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9091)
    parser.add_argument("--map", choices=MAPS, help="load this map for each client, without the menu")
    parser.add_argument("--rate", type=float, help="steps a second of the clock, whatever the client does")
    parser.add_argument("--wheelbase", type=float, default=0.036, help="metres: full lock is a curvature of 8 per metre")
    parser.add_argument("-logFile", help=argparse.SUPPRESS)  # gym-donkeycar passes it to an exe_path
    options = parser.parse_args()
    world = World(options.wheelbase)
    with socket.create_server((options.host, options.port)) as server:
        print(f"Duckietown listens at {options.host}:{options.port}", file=sys.stderr, flush=True)
        while True:
            connection, address = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                try:
                    Client(connection, world, options.map, options.rate).serve()
                except (OSError, ValueError, RecursionError) as trouble:
                    print(f"client {address[0]}:{address[1]}: {trouble}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
