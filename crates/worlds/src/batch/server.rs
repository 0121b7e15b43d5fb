//! The server of a batch: messages in, messages out, in the order that the protocol has.

use super::episode::columns;
use super::message::{Body, Kind, VERSION, read, write};
use super::roads::{Order, Roads};
use super::settings::Settings;
use anyhow::{Context as _, bail, ensure};
use lane_sim::DT_SECS;
use serde::Serialize;
use std::io::{Read, Write};

/// Longest message of a client; that of 1024 worlds has 9 KiB.
const LONGEST_BYTES: usize = 64 << 10;

/// What a client is told about its worlds.
#[derive(Serialize)]
struct Welcome<'a> {
    /// Version of the program.
    program: &'static str,
    /// The settings in force, those that were left out included.
    settings: &'a Settings,
    /// Length of a step.
    dt_secs: f64,
    /// Names of the columns of the true state, in their order.
    columns: &'a [&'static str],
}

/// Serves one client until its stream ends.
///
/// # Errors
/// When the client breaks the protocol, asks for what is out of its range, or a stream fails. It was told so, if it could be.
pub fn serve(mut input: impl Read, mut output: impl Write) -> anyhow::Result<()> {
    let served = converse(&mut input, &mut output);
    if let Err(error) = &served {
        // Whoever cannot be written to cannot be told.
        let _ = write(&mut output, Kind::Error, &[format!("{error:#}").as_bytes()]);
    }
    served
}

fn converse(input: &mut impl Read, output: &mut impl Write) -> anyhow::Result<()> {
    let (mut body, mut reply) = (Vec::new(), Vec::new());
    let Some(kind) = read(input, LONGEST_BYTES, &mut body)? else { return Ok(()) };
    ensure!(kind == Kind::Hello, "expected HELLO first, got {}", kind.name());
    let mut roads = Roads::new(settings(&body)?)?;
    welcome(&roads, output)?;
    while let Some(kind) = read(input, LONGEST_BYTES, &mut body)? {
        reply.clear();
        let kind = answer(&mut roads, kind, &body, &mut reply).with_context(|| kind.name())?;
        write(output, kind, &[&reply])?;
    }
    Ok(())
}

/// The settings of HELLO.
fn settings(body: &[u8]) -> anyhow::Result<Settings> {
    let mut body = Body(body);
    let version = body.u32().context("HELLO")?;
    ensure!(version == VERSION, "the client speaks version {version} of this protocol, this program version {VERSION}");
    Settings::from_json(body.0)
}

fn welcome(roads: &Roads, output: &mut impl Write) -> anyhow::Result<()> {
    let welcome = Welcome {
        program: env!("CARGO_PKG_VERSION"),
        settings: roads.settings(),
        dt_secs: DT_SECS,
        columns: &columns(),
    };
    write(output, Kind::Welcome, &[&VERSION.to_le_bytes(), &serde_json::to_vec(&welcome)?])
}

/// Does what a message asks; gives the kind and the body of the reply.
fn answer(roads: &mut Roads, kind: Kind, body: &[u8], reply: &mut Vec<u8>) -> anyhow::Result<Kind> {
    let (mut body, worlds) = (Body(body), roads.settings().worlds);
    match kind {
        Kind::Reset => {
            let resets = resets(&mut body, worlds)?;
            body.end()?;
            roads.obey(&resets.map(|seed| seed.map_or(Order::Wait, Order::Begin)).collect::<Vec<_>>())?;
            roads.observe(reply)?;
            Ok(Kind::Obs)
        }
        Kind::Step => {
            let actions = body.words(worlds)?.map(f32::from_le_bytes);
            let resets = resets(&mut body, worlds)?;
            body.end()?;
            let order = |(action, seed): (f32, Option<u32>)| seed.map_or(Order::Drive(action), Order::Begin);
            roads.obey(&actions.zip(resets).map(order).collect::<Vec<_>>())?;
            roads.observe(reply)?;
            Ok(Kind::Obs)
        }
        Kind::Render => {
            let (number, width, height) = (body.u32()?, body.u32()?, body.u32()?);
            body.end()?;
            let picture = roads.picture(number, width, height)?;
            reply.extend([width.to_le_bytes(), height.to_le_bytes()].as_flattened());
            reply.extend_from_slice(&picture);
            Ok(Kind::Picture)
        }
        Kind::Hello => bail!("a second one"),
        Kind::Welcome | Kind::Obs | Kind::Picture | Kind::Error => bail!("this is the server's to send"),
    }
}

/// The seed of each world that is to begin an episode.
fn resets<'a>(body: &mut Body<'a>, worlds: usize) -> anyhow::Result<impl Iterator<Item = Option<u32>> + use<'a>> {
    let mask = body.bytes(worlds)?;
    ensure!(mask.iter().all(|reset| *reset <= 1), "a mask has 0 and 1 only");
    let seeds = body.words(worlds)?.map(u32::from_le_bytes);
    Ok(mask.iter().zip(seeds).map(|(reset, seed)| (*reset == 1).then_some(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;

    /// Worlds of the tests' batch, and bytes of a picture of it.
    const WORLDS: usize = 2;
    const PICTURE: usize = 10 * 4 * 3;

    fn message(kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, kind, parts).unwrap();
        bytes
    }

    fn hello(version: u32, json: &str) -> Vec<u8> {
        message(Kind::Hello, &[&version.to_le_bytes(), json.as_bytes()])
    }

    fn small_hello() -> Vec<u8> {
        hello(VERSION, r#"{"worlds": 2, "width": 10, "height": 4, "seconds": 1}"#)
    }

    fn reset(mask: [u8; WORLDS], seeds: [u32; WORLDS]) -> Vec<u8> {
        message(Kind::Reset, &[&mask, seeds.map(u32::to_le_bytes).as_flattened()])
    }

    fn step(actions: [f32; WORLDS], mask: [u8; WORLDS], seeds: [u32; WORLDS]) -> Vec<u8> {
        let (actions, seeds) = (actions.map(f32::to_le_bytes), seeds.map(u32::to_le_bytes));
        message(Kind::Step, &[actions.as_flattened(), &mask, seeds.as_flattened()])
    }

    fn render(numbers: [u32; 3]) -> Vec<u8> {
        message(Kind::Render, &[numbers.map(u32::to_le_bytes).as_flattened()])
    }

    /// A whole conversation with every kind of message.
    fn conversation() -> Vec<u8> {
        let steps = (0..4).map(|number| step([0.1, -0.1 * number as f32], [0, 0], [0, 0]));
        let messages = [small_hello(), reset([1, 1], [5, 6]), render([1, 20, 8])];
        let later = [step([0.0, 0.0], [0, 1], [0, 9]), reset([1, 0], [3, 0])];
        messages.into_iter().chain(steps).chain(later).flatten().collect()
    }

    /// What the server says, message by message; the last is its sentence where it gave up.
    fn replies(input: &[u8]) -> Vec<(Kind, Vec<u8>)> {
        let mut output = Vec::new();
        let served = serve(input, &mut output);
        let (mut stream, mut replies) = (&*output, Vec::new());
        let mut body = Vec::new();
        while let Some(kind) = read(&mut stream, usize::MAX, &mut body).unwrap() {
            replies.push((kind, body.clone()));
        }
        let gave_up = replies.last().is_some_and(|(kind, _)| *kind == Kind::Error);
        assert_eq!(served.is_err(), gave_up, "{served:?}");
        replies
    }

    /// The sentence of a conversation that the server gives up.
    fn refusal(messages: &[Vec<u8>]) -> String {
        let (kind, sentence) = replies(&messages.concat()).pop().unwrap();
        assert_eq!(kind, Kind::Error);
        let sentence = String::from_utf8(sentence).unwrap();
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence
    }

    /// A stream that gives `first` bytes, and then one at a time.
    struct InPieces<'a> {
        first: usize,
        rest: &'a [u8],
    }

    impl Read for InPieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let most = std::mem::take(&mut self.first).max(1).min(into.len());
            self.rest.read(&mut into[..most])
        }
    }

    #[test]
    fn every_message_has_its_reply() {
        let kinds: Vec<Kind> = replies(&conversation()).into_iter().map(|(kind, _)| kind).collect();
        let obs = Kind::Obs;
        assert_eq!(kinds, [Kind::Welcome, obs, Kind::Picture, obs, obs, obs, obs, obs, obs]);
    }

    #[test]
    fn an_empty_stream_is_no_error_and_has_no_reply() {
        assert_eq!(replies(&[]), []);
    }

    #[test]
    fn the_welcome_names_the_columns_and_every_setting() {
        let (_, body) = replies(&small_hello()).remove(0);
        assert_eq!(body[..4], VERSION.to_le_bytes());
        let welcome: serde_json::Value = serde_json::from_slice(&body[4..]).unwrap();
        assert_eq!(welcome["columns"].as_array().unwrap().len(), columns().len());
        assert_eq!(welcome["columns"][0], "offset_m");
        assert_eq!(welcome["dt_secs"], 0.05);
        assert_eq!(welcome["settings"]["worlds"], 2);
        assert_eq!(welcome["settings"]["road_set"], "train");
    }

    #[test]
    fn an_observation_has_the_layout_that_is_documented() {
        let replies = replies(&conversation());
        let floats = WORLDS * (1 + columns().len());
        for (_, body) in replies.iter().filter(|(kind, _)| *kind == Kind::Obs) {
            assert_eq!(body.len(), 4 * floats + 2 * WORLDS + WORLDS * PICTURE);
            assert!(body[4 * floats..4 * floats + 2 * WORLDS].iter().all(|flag| *flag == 0));
        }
        // The second last message resets world 1: its reward is 0, and that of world 0 about 1.
        let (_, body) = &replies[replies.len() - 2];
        let rewards: Vec<f32> = Body(body).words(WORLDS).unwrap().map(f32::from_le_bytes).collect();
        assert!(rewards[0] > 0.5 && rewards[1] == 0.0, "{rewards:?}");
    }

    #[test]
    fn an_episode_of_one_second_is_cut_off_after_twenty_steps_and_one_that_leaves_the_lane_ends() {
        let mut input = [small_hello(), reset([1, 1], [5, 6])].concat();
        (0..20).for_each(|_| input.extend(step([0.0, 0.0], [0, 0], [0, 0])));
        let (_, last) = replies(&input).pop().unwrap();
        let flags = 4 * WORLDS * (1 + columns().len());
        // Roads begin straight.
        assert_eq!(last[flags..flags + 4], [0, 0, 1, 1]);
        let long = hello(VERSION, r#"{"worlds": 2, "width": 10, "height": 4}"#);
        let mut input = [long, reset([1, 1], [5, 6])].concat();
        let mut ended = None;
        for number in 1..100 {
            input.extend(step([1.0, 0.0], [0, 0], [0, 0]));
            let (_, last) = replies(&input).pop().unwrap();
            if last[flags] == 1 {
                assert_eq!(last[flags..flags + 4], [1, 0, 0, 0]);
                ended = Some(number);
                break;
            }
        }
        assert!(ended.is_some_and(|steps| steps > 10), "{ended:?}");
    }

    #[test]
    fn a_stream_in_pieces_has_the_same_replies_wherever_it_is_split() {
        let input = conversation();
        let mut whole = Vec::new();
        serve(&*input, &mut whole).unwrap();
        for first in 1..input.len() {
            let mut output = Vec::new();
            serve(InPieces { first, rest: &input }, &mut output).unwrap();
            assert!(output == whole, "split after {first} bytes");
        }
    }

    #[test]
    fn a_stream_cut_off_inside_a_message_is_told_so_and_one_cut_between_messages_is_not() {
        let messages = [small_hello(), reset([1, 1], [5, 6]), step([0.0, 0.0], [0, 0], [0, 0])];
        let boundaries: Vec<usize> = messages
            .iter()
            .scan(0, |at, message| {
                *at += message.len();
                Some(*at)
            })
            .collect();
        let input = messages.concat();
        for end in 1..=input.len() {
            let (kind, body) = replies(&input[..end]).pop().unwrap();
            let told = kind == Kind::Error && String::from_utf8(body).unwrap().contains("the stream ends inside");
            assert_eq!(told, !boundaries.contains(&end), "cut after {end} bytes");
        }
    }

    #[test]
    fn another_version_is_refused_with_both_numbers() {
        for version in [0, 2, u32::MAX] {
            let expected = format!("the client speaks version {version} of this protocol, this program version 1");
            // Settings of another version may be anything.
            assert_eq!(refusal(&[hello(version, "…")]), expected);
        }
        assert_eq!(refusal(&[message(Kind::Hello, &[&[1, 0]])]), "HELLO: the message is too short");
    }

    #[test]
    fn messages_in_a_wrong_order_are_refused() {
        let (hello, begin) = (small_hello(), reset([1, 1], [5, 6]));
        let still = step([0.0, 0.0], [0, 0], [0, 0]);
        let cases = [
            (vec![begin.clone()], "expected HELLO first, got RESET"),
            (vec![still.clone()], "expected HELLO first, got STEP"),
            (vec![render([0, 9, 9])], "expected HELLO first, got RENDER"),
            (vec![hello.clone(), hello.clone()], "HELLO: a second one"),
            (vec![hello.clone(), still.clone()], "STEP: world 0: a step before the first reset"),
            (vec![hello.clone(), reset([0, 1], [0, 0])], "RESET: the first RESET is to reset every world"),
            (vec![hello.clone(), render([0, 9, 9])], "RENDER: there is no world 0 with an episode"),
            (vec![hello.clone(), message(Kind::Obs, &[])], "OBS: this is the server's to send"),
        ];
        for (messages, expected) in cases {
            assert_eq!(refusal(&messages), expected);
        }
        let mut messages = vec![hello, begin];
        messages.extend(std::iter::repeat_n(still, 21));
        assert_eq!(refusal(&messages), "STEP: world 0: a step after the end of its episode, without a reset");
    }

    #[test]
    fn bodies_of_another_length_and_values_that_mean_nothing_are_refused() {
        let begin = [small_hello(), reset([1, 1], [5, 6])].concat();
        let cases = [
            (message(Kind::Reset, &[&[1]]), "RESET: the message is too short"),
            (message(Kind::Reset, &[&[0; 11]]), "RESET: the message has 1 bytes too many"),
            (message(Kind::Step, &[&[0; 17]]), "STEP: the message is too short"),
            (message(Kind::Step, &[&[0; 19]]), "STEP: the message has 1 bytes too many"),
            (reset([1, 2], [0, 0]), "RESET: a mask has 0 and 1 only"),
            (step([0.0, f32::NAN], [0, 0], [0, 0]), "STEP: world 1: an action that is not a number"),
            (render([2, 9, 9]), "RENDER: there is no world 2 with an episode"),
            (render([0, 0, 9]), "RENDER: a picture is of 1 to 2048 pixels in width and height, not 0x9"),
            (vec![0, 0, 0, 0, 77], "77 is no kind of message"),
            (vec![0xFF, 0xFF, 0xFF, 0xFF, 3], "STEP of 4294967295 bytes: expected at most 65536"),
        ];
        for (message, expected) in cases {
            assert_eq!(refusal(&[begin.clone(), message]), expected);
        }
    }

    #[test]
    fn a_batch_that_no_message_could_hold_is_refused_before_it_is_made() {
        let sentence = refusal(&[hello(VERSION, r#"{"worlds": 1000, "width": 2000, "height": 2000}"#)]);
        assert!(sentence.contains("more than the 67108864 of a message"), "{sentence}");
    }

    #[test]
    fn a_client_that_has_gone_ends_the_server_with_the_streams_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let error = serve(&*small_hello(), Gone).unwrap_err();
        assert_eq!(error.downcast_ref::<std::io::Error>().unwrap().kind(), std::io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn spoiled_conversations_end_in_a_sentence_or_not_at_all_and_never_in_a_panic() {
        survives_broken_copies(&conversation(), |input| drop(replies(input)));
    }
}
