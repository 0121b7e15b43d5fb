//! What can be taken out of the window: a picture, a clip, the signals. The window's dialog and the command
//! `liquid-lane render` both describe it by an [`Export`], which can print the command that makes it.

use super::settings::{ScaleMode, Settings};
use anyhow::{bail, ensure};
use lane_driver::session::Session;
use lane_frame::Size;
use lane_policy::saliency::Method;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is driven or watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A drive on the simulator: the words of its options, such as `--road 12 --weather night`.
    Drive(Vec<String>),
    /// A recording, and the words of the options with which it is opened.
    Recording(PathBuf, Vec<String>),
}

/// What is on the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The whole window.
    Window,
    /// The cameras of all policies with what lies over them.
    Pictures,
    /// The camera of one policy, counted from 0, likewise.
    Policy(usize),
    /// The cameras of all policies as they are, with nothing over them.
    Cameras,
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0);
        match text {
            "window" => Ok(Self::Window),
            "pictures" => Ok(Self::Pictures),
            "cameras" => Ok(Self::Cameras),
            _ => match text.strip_prefix("policy:").and_then(number) {
                Some(number) => Ok(Self::Policy(number - 1)),
                None => Err("expected window, pictures, cameras or policy:N with N from 1".to_owned()),
            },
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window => f.write_str("window"),
            Self::Pictures => f.write_str("pictures"),
            Self::Cameras => f.write_str("cameras"),
            Self::Policy(policy) => write!(f, "policy:{}", policy + 1),
        }
    }
}

/// The kind of a picture file, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One picture: the moment at the start.
    Png,
    /// A moving picture of few colours.
    Gif,
    /// A film.
    Mp4,
}

impl Kind {
    /// The kind of the file of this name.
    ///
    /// # Errors
    /// An ending that is none of those that are written.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        match ending.as_str() {
            "png" => Ok(Self::Png),
            "gif" => Ok(Self::Gif),
            "mp4" => Ok(Self::Mp4),
            _ => bail!("{}: expected a name that ends in .mp4, .gif or .png", path.display()),
        }
    }

    /// Pictures per second.
    pub fn frames_per_sec(self) -> f64 {
        match self {
            // Browsers show GIFs of more than 50 frames per second slowly, and each frame of one is a whole picture.
            Self::Gif => 10.0,
            Self::Png | Self::Mp4 => 20.0,
        }
    }
}

/// Something to be taken out of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What is driven or watched.
    pub source: Source,
    /// Policies by name or file.
    pub policies: Vec<String>,
    /// Start, in s.
    pub from_secs: f64,
    /// End, in s; `None` is the end of the drive.
    pub to_secs: Option<f64>,
    /// Method of the maps; `None` is the one that the session begins with.
    pub method: Option<Method>,
    /// The meaning of full colour.
    pub scale: ScaleMode,
    /// Opacity of the strongest saliency, from 0 to 1; 0 leaves the maps out.
    pub overlay: f32,
    /// What is on the pictures.
    pub layout: Layout,
    /// Size of the pictures in pixels.
    pub size: Size,
    /// The picture file; its ending says which kind.
    pub out: Option<PathBuf>,
    /// The table of signals.
    pub csv: Option<PathBuf>,
}

/// Size of pictures where nothing else is asked for.
pub const USUAL_SIZE: Size = Size::new(1280, 800);

/// Opacity of the strongest saliency where nothing else is asked for.
pub const USUAL_OVERLAY: f32 = 0.75;

/// Sizes of pictures that are made: the least that the window was laid out for, and 8K.
const SIZES: [Size; 2] = [Size::new(160, 90), Size::new(7680, 4320)];

impl Export {
    /// An export of all of a source as the window first shows it. It goes nowhere yet.
    pub fn of(source: Source, policies: Vec<String>) -> Self {
        Self {
            source,
            policies,
            from_secs: 0.0,
            to_secs: None,
            method: None,
            scale: ScaleMode::TimesUniform,
            overlay: USUAL_OVERLAY,
            layout: Layout::Window,
            size: USUAL_SIZE,
            out: None,
            csv: None,
        }
    }

    /// Refuses what can be seen to be wrong before anything is opened.
    ///
    /// # Errors
    /// An export to nowhere, an end before its start, a size or a file name that is not made.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(self.out.is_some() || self.csv.is_some(), "nothing to write: give --out FILE, --csv FILE or both");
        if let Some(to) = self.to_secs {
            ensure!(to > self.from_secs, "--to: expected a time after --from {} s, got {to} s", self.from_secs);
        }
        let (Size { width, height }, [least, most]) = (self.size, SIZES);
        ensure!(
            (least.width..=most.width).contains(&width) && (least.height..=most.height).contains(&height),
            "--size: expected {least} to {most}, got {width}x{height}"
        );
        let Some(out) = &self.out else { return Ok(()) };
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        ensure!(
            Kind::of(out)? != Kind::Mp4 || even,
            "--size: a film needs an even width and height, got {width}x{height}"
        );
        Ok(())
    }

    /// The words behind `liquid-lane` of the command that makes this export.
    pub fn words(&self) -> Vec<String> {
        let usual = Self::of(self.source.clone(), self.policies.clone());
        let mut words = vec!["render".to_owned()];
        match &self.source {
            Source::Drive(options) => words.extend(options.iter().cloned()),
            Source::Recording(path, options) => {
                words.push(path.display().to_string());
                words.extend(options.iter().cloned());
            }
        }
        let mut say = |option: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
        };
        say("--policies", (!self.policies.is_empty()).then(|| self.policies.join(",")));
        say("--from", (self.from_secs > 0.0).then(|| seconds(self.from_secs)));
        say("--to", self.to_secs.map(seconds));
        say("--method", self.method.map(method_name));
        say("--scale", (self.scale != usual.scale).then(|| self.scale.name().to_owned()));
        say("--overlay", (self.overlay != usual.overlay).then(|| self.overlay.to_string()));
        say("--layout", (self.layout != usual.layout).then(|| self.layout.to_string()));
        say("--size", (self.size != usual.size).then(|| format!("{}x{}", self.size.width, self.size.height)));
        say("--out", self.out.as_ref().map(|path| path.display().to_string()));
        say("--csv", self.csv.as_ref().map(|path| path.display().to_string()));
        words
    }
}

/// Seconds with as many digits as say which frame is meant.
fn seconds(secs: f64) -> String {
    let text = format!("{secs:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Name of a method on the command line: `integrated-gradients`.
pub fn method_name(method: Method) -> String {
    let name = serde_json::to_value(method).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A size as it is typed: `1280x800`.
///
/// # Errors
/// What was expected, where it is none.
pub fn size(text: &str) -> Result<Size, String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = sides.ok_or_else(|| format!("expected WIDTHxHEIGHT, such as 1280x800, got {text}"))?;
    Ok(Size::new(width, height))
}

/// The first of `NAME-001.ENDING`, `NAME-002.ENDING` and so on that does not exist in this folder.
pub fn next_free(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let numbered = |number: u32| folder.join(format!("{name}-{number:03}.{ending}"));
    (1..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| numbered(0))
}

/// How far an export is, for whoever asked for it and whoever makes it.
#[derive(Debug, Default)]
pub struct Progress {
    /// In thousandths.
    done: AtomicU32,
    cancelled: AtomicBool,
    outcome: Mutex<Option<Result<String, String>>>,
}

impl Progress {
    /// Notes the share that is done. Says whether the rest is still wanted.
    pub fn reach(&self, share: f32) -> bool {
        self.done.store((1000.0 * share) as u32, Ordering::Relaxed);
        !self.cancelled.load(Ordering::Relaxed)
    }

    /// The share that is done.
    pub fn share(&self) -> f32 {
        self.done.load(Ordering::Relaxed) as f32 / 1000.0
    }

    /// Nobody wants the rest.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Notes what was written, or why it was not, in a line.
    pub fn end(&self, outcome: Result<String, String>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }

    /// What was noted at the end; nothing while the export is under way.
    pub fn outcome(&self) -> Option<Result<String, String>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An export that is to be made of a session, shown by these settings.
pub struct ExportJob {
    /// A session of its own.
    pub session: Box<dyn Session>,
    /// What is made of it.
    pub export: Export,
    /// How it is shown.
    pub settings: Settings,
    /// How far it is.
    pub progress: Arc<Progress>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_never_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("liquid-lane-001.png"), "").unwrap();
        assert!(next_free(folder.path(), "liquid-lane", "png").ends_with("liquid-lane-002.png"));
        assert!(next_free(folder.path(), "liquid-lane", "csv").ends_with("liquid-lane-001.csv"));
    }

    fn export() -> Export {
        let drive = Source::Drive(["--road", "12"].map(String::from).to_vec());
        Export { out: Some("a clip.gif".into()), ..Export::of(drive, vec!["ncp".into(), "cnn".into()]) }
    }

    #[test]
    fn the_command_of_an_export_says_what_is_not_usual_and_nothing_else() {
        assert_eq!(export().words().join(" "), "render --road 12 --policies ncp,cnn --out a clip.gif");
        let changed = Export {
            source: Source::Recording("drive".into(), vec!["--rate".into(), "20".into()]),
            from_secs: 1.5,
            to_secs: Some(1.0 / 3.0 + 2.0),
            method: Some(Method::IntegratedGradients),
            scale: ScaleMode::PerFrame,
            overlay: 0.0,
            layout: Layout::Policy(1),
            size: Size::new(640, 400),
            csv: Some("signals.csv".into()),
            ..export()
        };
        let expected = "render drive --rate 20 --policies ncp,cnn --from 1.5 --to 2.333 --method integrated-gradients --scale frame \
                        --overlay 0 --layout policy:2 --size 640x400 --out a clip.gif --csv signals.csv";
        assert_eq!(changed.words().join(" "), expected);
    }

    #[test]
    fn every_layout_is_understood_as_it_is_written() {
        for layout in [Layout::Window, Layout::Pictures, Layout::Cameras, Layout::Policy(0), Layout::Policy(3)] {
            assert_eq!(layout.to_string().parse(), Ok(layout));
        }
        for text in ["policy:0", "policy:", "policy", "camera", "policy:x"] {
            assert!(text.parse::<Layout>().unwrap_err().contains("policy:N"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_refused_before_anything_is_opened() {
        let refusal = |export: Export| export.check().unwrap_err().to_string();
        assert!(export().check().is_ok());
        assert!(refusal(Export { out: None, ..export() }).contains("--out"));
        assert!(refusal(Export { from_secs: 3.0, to_secs: Some(2.0), ..export() }).contains("after --from 3 s"));
        assert!(refusal(Export { out: Some("clip.avi".into()), ..export() }).contains(".mp4, .gif or .png"));
        assert!(refusal(Export { size: Size::new(1, 1), ..export() }).contains("160x90"));
        let odd = Export { size: Size::new(641, 400), out: Some("clip.mp4".into()), ..export() };
        assert!(refusal(odd).contains("even"));
    }
}
