//! `liquid-lane recording info`: what is in a recording.

use super::options::RecordingArguments;
use crate::cli::output;
use lane_recording::{Doubt, Gap, HISTOGRAM_BARS, LabelSummary, Place, Recording, RecordingError, Survey, Timing};
use lane_report::counted;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Gaps that the text view lists; JSON has all.
const LISTED_GAPS: usize = 10;

/// Characters of the longest bar of a histogram.
const BAR_LENGTH: usize = 50;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder or file of the recording
    pub path: PathBuf,
    #[command(flatten)]
    pub recording: RecordingArguments,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// The survey as JSON has it.
#[derive(Serialize)]
struct Report {
    format: &'static str,
    drives: usize,
    frames: usize,
    skipped: BTreeMap<String, usize>,
    duration_s: f64,
    rate_hz: Option<f64>,
    /// The source of the times.
    timing: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    sizes: Vec<SizeReport>,
    label: Option<LabelReport>,
    /// How sure unit, sign, time and order are.
    doubts: Vec<DoubtReport>,
    gaps: Vec<GapReport>,
    /// The part of a picture of the most common size that policies see: left, top, width, height.
    crop: Option<[u32; 4]>,
    horizon_px: Option<f32>,
    /// The whole message of the first picture of each kind that cannot be used.
    reasons: BTreeMap<String, String>,
    #[serde(skip)]
    doubt_text: String,
}

#[derive(Serialize)]
struct SizeReport {
    width: u32,
    height: u32,
    frames: usize,
}

#[derive(Serialize)]
struct LabelReport {
    /// Column or field that it was read from, where the format leaves that open.
    name: Option<String>,
    unit: String,
    sign: String,
    min: f64,
    max: f64,
    mean: f64,
    std: f64,
    zero_share: f64,
    histogram: [usize; HISTOGRAM_BARS],
    /// Unit, sign and vehicle in one line, with what of it is assumed.
    profile: String,
}

#[derive(Serialize)]
struct DoubtReport {
    about: &'static str,
    certainty: &'static str,
    why: String,
    /// The option that settles it.
    option: Option<&'static str>,
}

#[derive(Serialize)]
struct GapReport {
    index: usize,
    seconds: f64,
    /// File and line of the first entry after it.
    place: String,
}

/// Prints the survey; false for a recording without one usable frame.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let report = match Recording::open_with(&arguments.path, &arguments.recording.options()) {
        Ok(recording) => survey(&recording),
        // A recording of which nothing can be used has still something to tell.
        Err(RecordingError::Empty { format, skipped, .. }) => Report::of(Survey::of_empty(format, &skipped)),
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        output::json(&report)?;
    } else {
        output::line(report.text().trim_end())?;
    }
    Ok(report.frames > 0)
}

fn survey(recording: &Recording) -> Report {
    let bar = output::progress(recording.len() as u64, "{pos} of {len} pictures {wide_bar} {eta} left");
    let survey = recording.survey(&|| bar.inc(1));
    bar.finish_and_clear();
    let view = recording.view();
    // Without a picture there is nothing to measure, and the reason for that is what matters.
    let doubts = if survey.frames > 0 { recording.doubts() } else { Vec::new() };
    Report {
        crop: Some(view.crop),
        horizon_px: Some(view.projection.horizon_px),
        doubts: doubts.iter().map(DoubtReport::of).collect(),
        doubt_text: doubt_text(&doubts),
        ..Report::of(survey)
    }
}

impl Report {
    fn of(survey: Survey) -> Self {
        let sizes = survey.sizes.iter();
        let first = survey.sizes.first().map(|(size, _)| *size);
        Self {
            format: survey.format.id(),
            drives: survey.drives,
            frames: survey.frames,
            skipped: survey.skipped,
            duration_s: survey.duration_secs,
            rate_hz: survey.timing.map(|timing: Timing| 1e3 / timing.step_ms()),
            timing: survey.timing.map(|timing| timing.to_string()),
            width: first.map(|size| size.width),
            height: first.map(|size| size.height),
            sizes: sizes.map(|&(size, frames)| SizeReport { width: size.width, height: size.height, frames }).collect(),
            label: survey.label.map(LabelReport::of),
            gaps: survey.gaps.iter().map(GapReport::of).collect(),
            doubts: Vec::new(),
            doubt_text: String::new(),
            reasons: survey.reasons,
            crop: None,
            horizon_px: None,
        }
    }

    fn text(&self) -> String {
        let Self { format, drives, frames, duration_s, .. } = self;
        let mut text = format!("format    {format}\n");
        text += &format!("frames    {frames} usable, {}, {duration_s:.1} s\n", counted(*drives, "drive"));
        if let (Some(rate_hz), Some(timing)) = (self.rate_hz, &self.timing) {
            text += &format!("rate      {rate_hz:.1} Hz ({timing})\n");
        }
        for SizeReport { width, height, frames } in &self.sizes {
            text += &format!("size      {width}x{height} ({frames} frames)\n");
        }
        if let (Some([left, top, width, height]), Some(horizon_px)) = (self.crop, self.horizon_px) {
            text += &format!("seen      {width}x{height} from {left},{top}; horizon at row {horizon_px:.0}\n");
        }
        for (reason, count) in &self.skipped {
            text += &format!("skipped   {count} {reason}\n");
            // Where nothing is left the first whole message says what can be done.
            let whole = self.reasons.get(reason).filter(|whole| self.frames == 0 && !reason.ends_with(whole.as_str()));
            text += &whole.map_or(String::new(), |whole| format!("          the first: {whole}\n"));
        }
        text += &gaps_text(&self.gaps);
        text += &self.label.as_ref().map_or("label     none\n".to_owned(), LabelReport::text);
        text += &self.doubt_text;
        text
    }
}

fn gaps_text(gaps: &[GapReport]) -> String {
    let listed = gaps.iter().take(LISTED_GAPS);
    let line = |GapReport { index, seconds, place }: &GapReport| {
        format!("gap       {seconds:.1} s before frame {index} ({place})\n")
    };
    let mut text: String = listed.map(line).collect();
    if gaps.len() > LISTED_GAPS {
        text += &format!("          and {} more gaps\n", gaps.len() - LISTED_GAPS);
    }
    text
}

/// One line for each part.
fn doubt_text(doubts: &[Doubt]) -> String {
    doubts.iter().map(|doubt| format!("doubt     {doubt}\n")).collect()
}

impl DoubtReport {
    fn of(doubt: &Doubt) -> Self {
        let Doubt { about, certainty, why, option } = doubt.clone();
        Self { about: about.name(), certainty: certainty.name(), why, option }
    }
}

impl GapReport {
    fn of((gap, place): &(Gap, Place)) -> Self {
        Self { index: gap.index, seconds: gap.secs, place: place.to_string() }
    }
}

impl LabelReport {
    fn of(label: LabelSummary) -> Self {
        Self {
            name: label.name,
            unit: label.profile.unit_text(),
            sign: label.profile.sign.to_string(),
            min: label.min,
            max: label.max,
            mean: label.mean,
            std: label.std,
            zero_share: label.zero_share,
            histogram: label.histogram,
            profile: label.profile.to_string(),
        }
    }

    fn text(&self) -> String {
        let Self { profile, min, max, mean, std, zero_share, .. } = self;
        let percent = 100.0 * zero_share;
        let name = self.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        format!(
            "label     {name}{profile}\n          {min:.4} to {max:.4}, mean {mean:.4}, sd {std:.4}, {percent:.1} % exactly 0\n{}",
            self.bars()
        )
    }

    /// The histogram, one line a bar, with the middle of each bar's values before it.
    fn bars(&self) -> String {
        let largest_value = self.max.abs().max(self.min.abs());
        let longest = self.histogram.iter().copied().max().unwrap_or(0).max(1);
        let line = |(bar, &count): (usize, &usize)| {
            let middle = largest_value * ((2 * bar + 1) as f64 / HISTOGRAM_BARS as f64 - 1.0);
            // Rounded up, so that a single value shows.
            let length = (count * BAR_LENGTH).div_ceil(longest);
            format!("{middle:>10.3} {:<BAR_LENGTH$} {count}\n", "#".repeat(length))
        };
        self.histogram.iter().enumerate().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;

    fn report(lines: &str) -> Report {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..3 {
            RgbImage::new(16, 12).save(dir.path().join(format!("{number}.jpg"))).unwrap();
        }
        std::fs::write(dir.path().join("data.txt"), lines).unwrap();
        survey(&Recording::open(dir.path()).unwrap())
    }

    #[test]
    fn the_json_object_has_the_promised_keys() {
        let value = serde_json::to_value(report("0.jpg 2\n1.jpg 0\n2.jpg -1\n3.jpg 0\n")).unwrap();
        assert_eq!((&value["format"], &value["frames"]), (&"sully-chen".into(), &3.into()));
        assert_eq!(value["skipped"]["picture missing"], 1);
        assert_eq!((&value["duration_s"], &value["rate_hz"]), (&0.1.into(), &20.0.into()));
        assert_eq!((&value["width"], &value["height"], &value["drives"]), (&16.into(), &12.into(), &1.into()));
        let label = value["label"].as_object().unwrap();
        assert_eq!(
            (&label["min"], &label["max"], &label["sign"]),
            (&(-1.0).into(), &2.0.into(), &"right positive".into())
        );
        for key in ["unit", "mean", "std", "zero_share"] {
            assert!(label.contains_key(key), "{key}");
        }
        assert_eq!(value["gaps"], serde_json::json!([]));
        assert_eq!(value["doubts"][0]["about"], "unit");
    }

    #[test]
    fn a_gap_is_named_by_its_file_and_line() {
        let time = "2018-07-01 17:09";
        let report = report(&format!("0.jpg 2,{time}:44:0\n\n1.jpg 0,{time}:44:50\n2.jpg 0,{time}:55:0\n"));
        assert!(report.text().contains("gap       10.9 s before frame 2 (data.txt line 4)\n"), "{}", report.text());
        assert_eq!(serde_json::to_value(report).unwrap()["gaps"][0]["place"], "data.txt line 4");
    }

    #[test]
    fn the_column_that_was_taken_for_steering_is_named() {
        let dir = tempfile::tempdir().unwrap();
        RgbImage::new(16, 12).save(dir.path().join("0.jpg")).unwrap();
        std::fs::write(dir.path().join("log.csv"), "image,pitch_angle,steering_angle\n0.jpg,0.5,0.25\n").unwrap();
        let report = survey(&Recording::open(dir.path()).unwrap());
        assert!(report.text().contains("label     steering_angle: share of"), "{}", report.text());
        assert_eq!(serde_json::to_value(report).unwrap()["label"]["name"], "steering_angle");
    }

    #[test]
    fn the_text_draws_the_histogram_with_straight_on_in_the_middle() {
        let text = report("0.jpg 0\n1.jpg 0\n2.jpg -2\n").text();
        assert!(text.contains(&format!("     0.000 {} 2\n", "#".repeat(BAR_LENGTH))), "{text}");
        assert!(text.contains(&format!("    -1.905 {:<BAR_LENGTH$} 1\n", "#".repeat(BAR_LENGTH / 2))), "{text}");
        assert!(text.contains("66.7 % exactly 0"), "{text}");
    }
}
