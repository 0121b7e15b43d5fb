//! Many roads of this simulator for a program in another language, one message for a step of all of them: a framed binary
//! protocol over a pair of byte streams, as standard input and output are. docs/gymnasium.md has it byte by byte.
//!
//! ```text
//! client                                       server
//! HELLO   version, settings as JSON      ->
//!                                        <-    WELCOME  version, layout and names of the columns as JSON
//! RESET   which worlds, their seeds      ->
//!                                        <-    OBS      rewards, columns, ends and pictures of all worlds
//! STEP    actions, which worlds to reset ->
//!                                        <-    OBS
//! RENDER  one world, a size              ->
//!                                        <-    PICTURE
//! end of the stream                      ->             the server ends
//! anything else                          ->
//!                                        <-    ERROR    one sentence; then the server ends
//! ```

mod episode;
mod message;
mod roads;
mod server;
mod settings;

pub use message::{Kind, VERSION, read, write};
pub use server::serve;
pub use settings::{Disturbance, Settings};
