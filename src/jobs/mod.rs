//! The work that the command line and the window both do: the policies that a name stands for, trainings, audits and where
//! their reports go, the command line that repeats a piece of work. Nothing here prints, reads a clock or knows a window.

pub mod audit;
pub mod command_line;
pub mod models;
pub mod onnx;
pub mod revision;
pub mod roads;
pub mod signals;
pub mod subjects;
pub mod training;
