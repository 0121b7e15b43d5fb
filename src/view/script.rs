//! A session at the keys, written down: at which times which key is pressed, where the pointer goes, and when a picture is
//! taken. Tests, films and the pictures of the documents run from such scripts.
//!
//! ```json
//! { "steps": [
//!     { "at": 1.0, "key": "O" },
//!     { "at": 1.5, "key": "Ctrl+3" },
//!     { "at": 2.0, "click": [400, 300] },
//!     { "at": 2.5, "drag": [[200, 760], [500, 760]] },
//!     { "at": 3.0, "type": "12" },
//!     { "at": 4.0, "picture": "train" }
//! ] }
//! ```
//!
//! Times are seconds since the start, places are points of the window. Keys are named as egui names them, with `Ctrl`,
//! `Shift` and `Alt` before them.

use super::app::App;
use super::raster::Raster;
use anyhow::{Context as _, bail, ensure};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, RawInput, pos2};
use serde::Deserialize;
use std::path::Path;

/// Pictures per second of a script: the simulator's own rate.
pub const FRAMES_PER_SEC: f64 = 20.0;

/// A script.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Step {
    /// Seconds since the start.
    at: f64,
    #[serde(flatten)]
    deed: Deed,
}

/// What is done at a step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// A key is pressed and let go.
    Key(String),
    /// A key is pressed and held.
    Hold(String),
    /// A held key is let go.
    Release(String),
    /// The pointer goes to a place.
    Move([f32; 2]),
    /// The pointer goes to a place and clicks.
    Click([f32; 2]),
    /// The pointer is pressed at the first place and let go at the second.
    Drag([[f32; 2]; 2]),
    /// Text is typed.
    Type(String),
    /// A picture of this name is taken.
    Picture(String),
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When it cannot be read, is none, goes back in time or names a key that there is not, naming the step.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Understands a script.
    ///
    /// # Errors
    /// As [`Script::read`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let script: Self =
            serde_json::from_str(text).context("expected a script: {\"steps\": [{\"at\": 1, \"key\": \"O\"}]}")?;
        let mut last_secs = 0.0;
        for (number, step) in script.steps.iter().enumerate() {
            ensure!(
                step.at >= last_secs,
                "step {}: expected a time from {last_secs} s on, got {} s",
                number + 1,
                step.at
            );
            last_secs = step.at;
            step.deed.inputs().with_context(|| format!("step {}", number + 1))?;
        }
        Ok(script)
    }

    /// The time of its last step, in s.
    pub fn seconds(&self) -> f64 {
        self.steps.last().map_or(0.0, |step| step.at)
    }

    /// Does what it says, drawing [`FRAMES_PER_SEC`] pictures for each second. `seen` is given every picture, and the names
    /// under which the script takes it; `false` from it ends the script.
    ///
    /// # Errors
    /// The session's own, and those of `seen`.
    pub fn play(
        &self,
        app: &mut App,
        raster: &mut Raster,
        seen: &mut dyn FnMut(&Raster, &[&str]) -> anyhow::Result<bool>,
    ) -> anyhow::Result<u64> {
        let mut steps = self.steps.iter().peekable();
        let mut frame = 0;
        while steps.peek().is_some() {
            let now_secs = frame as f64 / FRAMES_PER_SEC;
            app.tick_and_wait(if frame == 0 { 0.0 } else { 1.0 / FRAMES_PER_SEC });
            if let Some(error) = app.error() {
                bail!("{error}");
            }
            let mut names = Vec::new();
            while let Some(step) = steps.next_if(|step| step.at <= now_secs + 1e-9) {
                // A picture for each: what lies under the pointer is known from the one before.
                for events in step.deed.inputs()? {
                    raster.draw(app, RawInput { events, ..RawInput::default() });
                }
                if let Deed::Picture(name) = &step.deed {
                    names.push(name.as_str());
                }
            }
            app.tick_and_wait(0.0);
            raster.draw(app, RawInput::default());
            frame += 1;
            if !seen(raster, &names)? {
                return Ok(frame);
            }
        }
        Ok(frame)
    }
}

impl Deed {
    /// What the window is told, pass by pass.
    fn inputs(&self) -> anyhow::Result<Vec<Vec<Event>>> {
        let place = |[x, y]: [f32; 2]| pos2(x, y);
        Ok(match self {
            Self::Key(name) => vec![vec![pressed(name, true)?], vec![pressed(name, false)?]],
            Self::Hold(name) => vec![vec![pressed(name, true)?]],
            Self::Release(name) => vec![vec![pressed(name, false)?]],
            Self::Move(to) => vec![vec![Event::PointerMoved(place(*to))]],
            Self::Click(at) => clicked(place(*at), place(*at)),
            Self::Drag([from, to]) => clicked(place(*from), place(*to)),
            Self::Type(text) => vec![vec![Event::Text(text.clone())]],
            Self::Picture(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                ensure!(
                    !name.is_empty() && name.chars().all(plain),
                    "picture: expected letters, digits and -, got {name}"
                );
                vec![]
            }
        })
    }
}

fn clicked(from: Pos2, to: Pos2) -> Vec<Vec<Event>> {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let mut inputs = vec![vec![Event::PointerMoved(from)], vec![button(from, true)]];
    if from != to {
        inputs.push(vec![Event::PointerMoved(to)]);
    }
    inputs.push(vec![button(to, false)]);
    inputs
}

/// A key such as `O`, `F1` or `Ctrl+Shift+S` going down or up.
fn pressed(name: &str, pressed: bool) -> anyhow::Result<Event> {
    let mut modifiers = Modifiers::NONE;
    let mut words: Vec<&str> = name.split('+').collect();
    // The plus sign itself.
    if name.ends_with('+') {
        words.truncate(words.len() - 2);
        words.push("+");
    }
    let key = words.pop().unwrap_or_default();
    for word in words {
        match word {
            "Ctrl" => modifiers |= Modifiers { ctrl: true, command: true, ..Modifiers::NONE },
            "Shift" => modifiers |= Modifiers::SHIFT,
            "Alt" => modifiers |= Modifiers::ALT,
            other => bail!("{name}: expected Ctrl, Shift or Alt before the key, got {other}"),
        }
    }
    let key = Key::from_name(key).with_context(|| format!("{name}: there is no key {key}"))?;
    Ok(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;
    use lane_frame::Size;

    #[test]
    fn a_script_presses_keys_and_takes_pictures_at_its_times() {
        let script = r#"{ "steps": [
            { "at": 0.5, "key": "O" },
            { "at": 1.0, "key": "Space" },
            { "at": 1.5, "picture": "held" },
            { "at": 2.0, "key": "Space" },
            { "at": 2.5, "picture": "running" }
        ] }"#;
        let mut app = App::new(Box::new(MockSession::drive(60.0)));
        let mut raster = Raster::new(Size::new(320, 200), 0.25);
        let mut times = Vec::new();
        let mut seen = |_: &Raster, names: &[&str]| {
            times.extend(names.iter().map(|name| (*name).to_owned()));
            Ok(true)
        };
        let frames = Script::parse(script).unwrap().play(&mut app, &mut raster, &mut seen).unwrap();
        assert_eq!((frames, times), (51, vec!["held".to_owned(), "running".to_owned()]));
        assert!(!app.settings().overlay, "the key O was pressed");
        // It was held for a second of the two and a half.
        let shown_secs = app.moment().unwrap().time_secs;
        assert!((shown_secs - 1.5).abs() < 0.11, "{shown_secs}");
    }

    #[test]
    fn the_script_of_the_readme_is_one() {
        Script::parse(include_str!("../../scripts/pictures.json")).unwrap();
    }

    #[test]
    fn the_same_script_gives_the_same_pictures() {
        let pictures = || {
            let script = r#"{"steps": [{"at": 0.3, "key": "O"}, {"at": 0.8, "picture": "a"}]}"#;
            let mut app = App::new(Box::new(MockSession::drive(60.0)));
            let (mut raster, mut pictures) = (Raster::new(Size::new(320, 200), 0.25), Vec::new());
            let mut seen = |raster: &Raster, _: &[&str]| {
                pictures.push(raster.rgba().to_vec());
                Ok(true)
            };
            Script::parse(script).unwrap().play(&mut app, &mut raster, &mut seen).unwrap();
            pictures
        };
        let first = pictures();
        assert!(first.len() == 17 && first == pictures());
        assert!(first[0] != first[16]);
    }

    #[test]
    fn a_script_that_makes_no_sense_is_refused_with_its_step() {
        for (script, expected) in [
            (r#"{"steps": [{"at": 2, "key": "O"}, {"at": 1, "key": "O"}]}"#, "step 2: expected a time from 2 s on"),
            (r#"{"steps": [{"at": 1, "key": "Hyper+O"}]}"#, "step 1: Hyper+O: expected Ctrl, Shift or Alt"),
            (r#"{"steps": [{"at": 1, "key": "Knob"}]}"#, "there is no key Knob"),
            (r#"{"steps": [{"at": 1, "picture": "../x"}]}"#, "step 1: picture: expected letters"),
            ("steps", "expected a script"),
        ] {
            let message = format!("{:#}", Script::parse(script).unwrap_err());
            assert!(message.contains(expected), "{script}: {message}");
        }
        assert_eq!(pressed("Ctrl++", true).unwrap(), pressed("Ctrl+Plus", true).unwrap());
    }
}
