//! Lane keeping with a Neural Circuit Policy: drive, replay, train and audit steering policies.
//!
//! ```text
//! Recording ─┐                                   ┌─ FeatureMaps ─ Saliency ─────────┐
//!            ├─ Frame ─ preprocess ─ Encoder ────┤                                  ├─ Decision ─ audit | view
//! Simulator ─┘                                   └─ Features ─ Head ─ Steering ─────┘
//!     ^                                             (state, elapsed)      │
//!     └──────────────────────────── Steering, closed loop only ───────────┘
//! ```
//!
//! This package is the application: the command line ([`cli`]), the window ([`view`]), the work that both start
//! (`jobs`) and the allocator ([`memory`], which is in C). What they stand on are crates of their own, each of which
//! depends only on those above it:
//!
//! | crate | what it holds |
//! | --- | --- |
//! | `lane-frame` | frames, sizes, units and signs, fixed here, once; files that are whole or not there |
//! | `lane-statistics` | means, rates and differences over trainings and cases, verdicts, correlation |
//! | `lane-sim` | the simulator: roads, looks, renderer, expert; corruptions of pictures |
//! | `lane-recording` | recorded drives: readers, writers, codecs. The only one of these with C and C++ in it |
//! | `liquid-cells` | ncps for Rust: wirings, cells, their kernels, state dicts; a library that others can use |
//! | `lane-onnx` | ONNX graphs of other people's steering networks: reader, manifest, runtime, gradients |
//! | `lane-policy` | tensors: encoders, heads, weights; saliency, the attribution of a steering to its input |
//! | `lane-worlds` | other people's simulators driven from here, this simulator driven by others: protocols, Python's batches |
//! | `lane-driver` | frames into decisions, closed loop and open loop; demonstrations into weights |
//! | `lane-canvas` | the window's triangles into pixels in memory, on one thread |
//! | `lane-report` | tables, charts and pages: figures for a reader |
//! | `lane-audit` | decisions into figures: suites, their engine, what neurons do |
//! | `lane-reference` | reference numbers of other libraries, run against ours; graphs beside their numbers in onnxruntime |
//!
//! # Glossary
//!
//! | term | meaning |
//! | --- | --- |
//! | frame | one camera picture with its number and time |
//! | steering | curvature of the path in 1/m, left positive: the inverse of the radius; what policies command and recordings hold |
//! | offset, cross-track error | metres from the lane's centre to the car, left positive |
//! | expert | the simulator's own driver, which knows the road; it labels the demonstrations |
//! | policy | encoder and head: frames in, steering out |
//! | encoder | the convolutions that turn a frame into features; compact, or the paper's (`-paper`) |
//! | head | what turns features into steering: a recurrent cell, or dense layers |
//! | cell | the recurrent part of a head: LTC, CfC, LSTM, GRU, CT-RNN or Neural ODE |
//! | liquid (LTC) neuron | a neuron whose time constant depends on its input |
//! | wiring | which neurons a cell connects, and with what sign |
//! | NCP | Neural Circuit Policy: LTC neurons wired in four layers, sensory, inter, command, motor |
//! | unfolds | parts into which the solver divides one step of a cell |
//! | time constant | seconds in which a neuron forgets all but 1/e of its state |
//! | elapsed time | seconds between two frames; every sample has its own |
//! | saliency, map | how much each pixel had to do with a steering; its size is that of the input |
//! | share on the road | part of a map's sum that lies on road pixels, beside that of a uniform map and of an untrained network |
//! | closed loop | the policy's own steering moves the car; open loop: frames are recorded, and steerings only compared |
//! | crash | the car leaves its lane; it is counted and put back |
//! | road set | seeds of roads for training, scores, demos and tests; no road is in two of them |
//! | weather | how the world looks: daylight, rain, night, fog, snow and kinds of ground |
//! | look | one demonstration with a road and an appearance of its own; trainings are counted in looks |
//! | cue | a bush beside the road whose colour tells the curvature: a shortcut for a policy to take |
//! | clean training | a training without image noise and blur |
//! | corruption | a disturbance of the picture of a kind and a severity from 1 to 5 |
//! | training | one set of weights of a policy, made from one seed; a policy is judged by several |
//! | suite | a question put to policies: the cases, and what is measured in them |
//! | unit | one training in one case of a suite: the smallest part of an audit, in the journal under its name |
//! | shard | every n-th unit of an audit, done on a machine of its own |
//! | difference | of two policies, paired by training seed and case; shown, suggested or neither by its p-value and the number of trainings (`docs/statistics.md`) |
//! | outside | in another simulator: a car there that policies of this program drive |
//! | recording, drive | frames with steering on disk; a drive is a stretch of it without a gap |
//! | tub | the folder format of donkeycar |
//!
//! Only the command line prints and exits; only it and the window read a clock.

pub mod cli;
mod jobs;
pub mod memory;
pub mod view;
