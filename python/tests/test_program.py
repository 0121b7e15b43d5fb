"""The program in its own process: found, answering in pieces, and gone."""

import gc
import os
import signal
import subprocess
import sysconfig
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL

import liquid_lane
from liquid_lane import Batch, LiquidLaneError, RoadEnv, RoadVectorEnv
from liquid_lane.program import NAME

IN_PIECES = """
import subprocess, sys, threading
child = subprocess.Popen([PROGRAM, *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

def forward(source, target):
    while byte := source.read(1):
        target.write(byte)
    target.close()

pipes = (open(0, "rb", 0), child.stdin), (child.stdout, open(1, "wb", 0))
threads = [threading.Thread(target=forward, args=pipe) for pipe in pipes]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_messages_may_come_one_byte_at_a_time(made, stand_in):
    def seen():
        envs = made(RoadVectorEnv, 2, **SMALL)
        return [envs.reset(seed=1)[0], envs.step(np.zeros((2, 1), np.float32))[0]]

    whole = seen()
    stand_in(IN_PIECES)
    assert (np.array(seen()) == np.array(whole)).all()


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("raise SystemExit(3)", "has ended with code 3"),
        ("send(b'Hello, world')", "a message of"),
        ("send(bytes([255, 255, 255, 255, 130]))", "a message of 4294967295 bytes"),
        ("send(bytes([4, 0, 0, 0, 130, 0, 0, 0, 0]))", "a message of kind 130 where 129"),
        ("send(bytes([4, 0, 0, 0, 129, 9, 0, 0, 0]))", "another version of the protocol"),
        ("send(bytes([3, 0, 0, 0, 255]) + b'no!')", "^no!$"),
    ],
)
def test_another_program_is_told_from_ours_in_one_sentence(stand_in, script, sentence):
    stand_in(f"import sys; send = sys.stdout.buffer.write; {script}")
    with pytest.raises(LiquidLaneError, match=sentence):
        RoadEnv()


def test_a_killed_program_is_told_and_stays_told(made):
    env = made(RoadEnv, **SMALL)
    env.reset(seed=1)
    os.kill(env.batch._process.pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(LiquidLaneError, match="has ended with code -9"):
            env.step([0.0])
    env.close()


def test_a_closed_environment_says_so_and_closes_again(made):
    env = made(RoadEnv, **SMALL)
    env.close()
    env.close()
    with pytest.raises(LiquidLaneError, match="closed"):
        env.reset()


def test_the_program_ends_with_its_environment_closed_or_forgotten():
    for end in (lambda env: env.close(), lambda env: None):
        env = RoadEnv(**SMALL)
        pid, reference = env.batch._process.pid, weakref.ref(env)
        os.kill(pid, 0)
        end(env)
        del env
        gc.collect()
        assert reference() is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_interrupted_message_ends_the_program_instead_of_mixing_replies(made):
    batch = made(Batch, 1, SMALL)
    batch.reset([True], [1])
    batch.send_step([0.0], [False], [0])
    time.sleep(0.2)
    real = batch._read

    def interrupted(length):
        real(length)
        raise KeyboardInterrupt

    batch._read = interrupted
    with pytest.raises(KeyboardInterrupt):
        batch.receive_step()
    with pytest.raises(LiquidLaneError, match="interrupted"):
        batch.render(0, 9, 9)


def test_the_variable_comes_first_then_the_wheel_then_the_path(monkeypatch, tmp_path):
    def program(folder: str) -> Path:
        path = tmp_path / folder / NAME
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    named, wheel, path = program("named"), program("wheel"), program("path")
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(wheel.parent))
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setenv("LIQUID_LANE", str(named))
    assert liquid_lane.find_program() == named
    monkeypatch.delenv("LIQUID_LANE")
    assert liquid_lane.find_program() == wheel
    wheel.unlink()
    assert liquid_lane.find_program() == path
    path.unlink()
    with pytest.raises(LiquidLaneError, match="install the wheel, or name the program by LIQUID_LANE"):
        liquid_lane.find_program()
    monkeypatch.setenv("LIQUID_LANE", str(tmp_path))
    with pytest.raises(LiquidLaneError, match="which is no program"):
        liquid_lane.find_program()


def test_the_program_ends_with_one_line_when_it_is_run_by_hand_with_nothing_to_read():
    done = subprocess.run(
        [liquid_lane.find_program(), "serve", "gymnasium"], input=b"", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
