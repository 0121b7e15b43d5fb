"""Holds exported steps against the ONNX checker, and their numbers in onnxruntime against recorded ones.

    pip install onnx onnxruntime numpy
    liquid-lane model export ncp --out out/onnx/ncp.onnx        # as many as wanted
    python scripts/check-onnx.py out/onnx/*.onnx

Each file is checked in full, run for 200 steps of uneven time on two sequences at once and one by one, which must agree,
and timed: one sequence, one thread. With `--record DIR` each run is also written as DIR/NAME/{model.onnx,io.npz}, which
`liquid-lane model check DIR` then runs: the same numbers from our runtime.
"""

import argparse
import pathlib
import shutil
import time

import numpy as np
import onnx
import onnxruntime

STEPS = 200
SEQUENCES = 2


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(path, record):
    onnx.checker.check_model(str(path), full_check=True)
    model = session(path)
    shapes = {value.name: [SEQUENCES if isinstance(side, str) else side for side in value.shape] for value in model.get_inputs()}
    outputs = [value.name for value in model.get_outputs()]
    states = [name for name in shapes if f"{name}_out" in outputs]
    rng = np.random.default_rng(7)
    together = {name: np.zeros(shapes[name], np.float32) for name in states}
    alone = [{name: value[:1] for name, value in together.items()} for _ in range(SEQUENCES)]
    fed, given, worst, largest = {name: [] for name in shapes}, {name: [] for name in outputs}, 0.0, 1.0
    for _ in range(STEPS):
        feed = {"image": rng.random(shapes["image"], np.float32)} | together
        if "elapsed" in shapes:
            feed["elapsed"] = rng.uniform(0.01, 0.3, (SEQUENCES, 1)).astype(np.float32)
        made = dict(zip(outputs, model.run(None, feed)))
        for number in range(SEQUENCES):
            one = {name: value[number : number + 1] for name, value in feed.items()} | alone[number]
            one = dict(zip(outputs, model.run(None, one)))
            worst = max(worst, *(np.abs(one[name][0] - made[name][number]).max() for name in outputs))
            alone[number] = {name: one[f"{name}_out"] for name in states}
        largest = max(largest, *(np.abs(value).max() for value in made.values()))
        for name, value in feed.items():
            fed[name].append(value)
        for name, value in made.items():
            given[name].append(value)
        together = {name: made[f"{name}_out"] for name in states}
    one = {name: values[0][:1] for name, values in fed.items()}
    times = []
    for _ in range(300):
        start = time.perf_counter()
        model.run(None, one)
        times.append(time.perf_counter() - start)
    nodes = len(onnx.load(path).graph.node)
    print(f"{path}: checker ok, {nodes} nodes, {STEPS} steps, side by side and alone differ by {worst / largest:.1e} of the largest magnitude, {1e6 * np.median(times):.0f} us a step")
    if record:
        folder = record / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / "model.onnx")
        arrays = {f"in.{name}": np.stack(values) for name, values in fed.items()}
        arrays |= {f"out.{name}": np.stack(values) for name, values in given.items()}
        np.savez_compressed(folder / "io.npz", **arrays)
    return worst <= 1e-5 * largest


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--record", type=pathlib.Path)
    arguments = parser.parse_args()
    passed = [run(path, arguments.record) for path in arguments.files]
    raise SystemExit(not all(passed))
