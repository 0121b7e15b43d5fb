//! Frames per second of `liquid-lane serve gymnasium` with a client in Rust: what python/benchmark.py measures with one in
//! Python, by the same messages. Prints the number.
//!
//! ```sh
//! cargo run --release -p lane-worlds --example step_batch -- PROGRAM '{"worlds": 16}' STEPS
//! ```

#![allow(clippy::print_stdout, reason = "the number is what it is for")]

use anyhow::{Context as _, bail, ensure};
use lane_worlds::batch::{Kind, Settings, VERSION, read, write};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Steps that are not counted.
const WARM_UP: u32 = 20;

/// The action of every car. It leads them out of their lanes before long, so that roads are built as in a training.
const ACTION: f32 = 0.05;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, settings, steps] = &*arguments else { bail!("expected PROGRAM SETTINGS STEPS") };
    let (json, steps) = (settings.as_bytes(), steps.parse::<u32>()?);
    let settings = Settings::from_json(json)?;
    let mut command = Command::new(program);
    command.args(["serve", "gymnasium"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().with_context(|| format!("cannot run {program}"))?;
    let (input, output) = server.stdin.take().zip(server.stdout.take()).context("the streams of the server")?;
    let mut client = Client::new(input, output, &settings, json)?;
    (0..WARM_UP).try_for_each(|_| client.step())?;
    let started = Instant::now();
    (0..steps).try_for_each(|_| client.step())?;
    let frames = f64::from(steps) * settings.worlds as f64;
    println!("{:.1}", frames / started.elapsed().as_secs_f64());
    drop(client);
    server.wait()?;
    Ok(())
}

/// Drives all worlds straight on; each that has ended begins an episode on the next road.
struct Client<W, R> {
    input: W,
    output: R,
    body: Vec<u8>,
    /// Bytes of all pictures.
    picture_bytes: usize,
    actions: Vec<u8>,
    /// 1 where the episode has ended.
    ended: Vec<u8>,
    next_seed: u32,
}

impl<W: Write, R: Read> Client<W, R> {
    fn new(input: W, output: R, settings: &Settings, json: &[u8]) -> anyhow::Result<Self> {
        let worlds = settings.worlds;
        let mut client = Self {
            input,
            output,
            body: Vec::new(),
            picture_bytes: worlds * 3 * settings.size().pixels(),
            actions: ACTION.to_le_bytes().repeat(worlds),
            ended: vec![1; worlds],
            next_seed: 0,
        };
        client.ask(Kind::Hello, &[&VERSION.to_le_bytes(), json], Kind::Welcome)?;
        let seeds = client.seeds();
        let mask = client.ended.clone();
        client.ask(Kind::Reset, &[&mask, &seeds], Kind::Obs)?;
        client.ended.fill(0);
        Ok(client)
    }

    fn step(&mut self) -> anyhow::Result<()> {
        let (actions, mask, seeds) = (self.actions.clone(), self.ended.clone(), self.seeds());
        self.ask(Kind::Step, &[&actions, &mask, &seeds], Kind::Obs)?;
        let worlds = self.ended.len();
        let pictures = self.body.len() - self.picture_bytes;
        let (terminated, truncated) = self.body[pictures - 2 * worlds..pictures].split_at(worlds);
        self.ended = terminated.iter().zip(truncated).map(|(terminated, truncated)| terminated | truncated).collect();
        Ok(())
    }

    /// A seed for each world; those that begin no episode do not use it up.
    fn seeds(&mut self) -> Vec<u8> {
        let next = |ended: &u8| {
            self.next_seed += u32::from(*ended);
            self.next_seed.to_le_bytes()
        };
        self.ended.iter().flat_map(next).collect()
    }

    /// Sends a message and reads its reply.
    fn ask(&mut self, kind: Kind, parts: &[&[u8]], reply: Kind) -> anyhow::Result<()> {
        write(&mut self.input, kind, parts)?;
        let got = read(&mut self.output, usize::MAX, &mut self.body)?;
        ensure!(got != Some(Kind::Error), "{}", String::from_utf8_lossy(&self.body));
        ensure!(got == Some(reply), "expected {reply:?}, got {got:?}");
        Ok(())
    }
}
