# One line of cargo per target; the checks above them say what is missing on a fresh machine.

.PHONY: demo test check deps advisories bench bench-keep bench-torch python wheel worlds models audit-set pictures tools

demo: tools
	cargo run --release

test: tools
	cargo test --release

# Cheapest first.
check: tools
	cargo fmt --check
	cargo clippy --release --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --release --no-deps

# Licences and sources of the dependencies (deny.toml), and those that nothing uses. Needs no network. The programs come by
# `cargo install cargo-deny cargo-machete`.
deps: tools
	cargo deny --offline check licenses bans sources
	cargo machete

# Known defects of the dependencies; fetches RustSec's list of them.
advisories: tools
	cargo deny check advisories

# Benchmarks beside those that `make bench-keep` has kept, in turns; ROWS=lstm runs only rows with that in their names.
bench: tools
	python3 scripts/bench.py run $(ROWS)

bench-keep: tools
	python3 scripts/bench.py keep

# The same work here and in PyTorch with ncps, in turns; benches/README.md says what the two variables name.
bench-torch: tools
	TORCH_PYTHON="$(TORCH_PYTHON)" TORCH_BASELINE="$(TORCH_BASELINE)" cargo bench --bench torch

# The Python package: its tests, in an environment of their own, and its frames per second. Fetches from PyPI.
python: tools target/python/ready
	cargo build --release
	cargo build --release -p lane-worlds --example step_batch
	LIQUID_LANE=target/release/liquid-lane PYTHONPATH=python/src target/python/bin/python -m pytest python
	LIQUID_LANE=target/release/liquid-lane PYTHONPATH=python/src target/python/bin/python python/benchmark.py

# A wheel with the program in it, in target/wheels, and the tests of the package as it installs it.
wheel: tools target/python/ready
	rm -rf target/wheels target/wheel-test
	cd python && ../target/python/bin/maturin build --release --out ../target/wheels
	python3 -m venv target/wheel-test
	target/wheel-test/bin/pip install --quiet pytest target/wheels/*.whl
	cd python && env -u LIQUID_LANE ../target/wheel-test/bin/python -m pytest

target/python/ready:
	python3 -m venv target/python
	target/python/bin/pip install --quiet gymnasium maturin numpy pytest
	touch $@

# Duckietown's simulator behind the donkey protocol (docs/worlds.md), in an environment of its own: 850 MB from PyPI, Python 3.11.
worlds: tools
	[ -d target/worlds ] || python3.11 -m venv target/worlds
	target/worlds/bin/pip install --quiet 'setuptools<66' wheel 'numpy<1.24'
	target/worlds/bin/pip install --quiet --no-deps duckietown-gym-daffy==6.1.34 duckietown-world-daffy==6.4.3
	grep -v duckietown-world-daffy bridges/requirements.txt > target/worlds/requirements.txt
	target/worlds/bin/pip install --quiet -c bridges/constraints.txt -r target/worlds/requirements.txt
	cargo build --release
	@echo "now: target/worlds/bin/python bridges/duckietown.py, and the commands of docs/worlds.md"

# The shipped weights; see models/README.md for time and scores.
models: tools
	cargo run --release -- train --policy ncp --out models
	cargo run --release -- train --policy cnn --out models

# The pictures of the README, taken while a script plays the keys.
pictures: tools
	cargo run --release -- render --road 12 --script scripts/pictures.json --pictures docs

# The trainings that the audit compares: ten of each with image noise, without it and with more looks, five with cues beside the
# road and with the paper's encoders. Those that are there are left as they are.
audit-set: tools
	cargo build --release
	set -e; make_one() { [ -e models/$$1-$$2/$$3.safetensors ] || \
		target/release/liquid-lane train --policy $$3 --seed $$2 --looks $$4 $$5 $$6 --out models/$$1-$$2; }; \
	for seed in 1 2 3 4 5 6 7 8 9 10; do \
		for policy in ncp cnn lstm ctrnn ltc-random; do make_one seed $$seed $$policy 2400; done; \
		for policy in ncp cnn lstm; do make_one clean $$seed $$policy 2400 --clean; done; \
		for policy in ncp cnn lstm ltc-random; do make_one long $$seed $$policy 8000; done; \
	done; \
	for seed in 1 2 3 4 5; do \
		for policy in ncp cnn; do make_one cue $$seed $$policy 2400 --cue; done; \
		for policy in ncp-paper cnn-paper lstm-paper ltc-random-paper; do make_one paper $$seed $$policy 1500 --score-roads 10; done; \
	done

tools:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer from https://rustup.rs"; exit 1; }
	@rustc --version | awk '{ split($$2, v, "."); exit !(v[1] > 1 || v[2] >= 95) }' || { echo "$$(rustc --version) is too old: run 'rustup update' for Rust 1.95 or newer"; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: sudo apt-get install build-essential"; exit 1; }
	@command -v c++ >/dev/null || { echo "a C++ compiler is missing: sudo apt-get install build-essential"; exit 1; }
