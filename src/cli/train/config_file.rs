//! A training's options in a TOML file: written beside the weights, read with `--config`. Its keys are the names of the
//! options, so that one parser serves both.

use super::Arguments;
use super::recordings::{BETWEEN, NamedRecording, in_one_line};
use crate::cli::with_negative_numbers;
use anyhow::{Context as _, bail, ensure};
use clap::parser::ValueSource;
use clap::{Args as _, FromArgMatches as _};
use std::ffi::OsString;
use std::path::Path;
use toml::{Table, Value};

/// Options that are about a run, not about what is trained.
const OF_A_RUN: [&str; 5] = ["config", "resume", "out", "json", "help"];

/// The options of a training: those of a command line, and of the file that it names.
pub struct ResolvedOptions {
    /// The options.
    pub arguments: Arguments,
    /// Those that were given, as they were given, but for recordings and what is about a run.
    table: Table,
}

/// The options that the words behind `train` and the file that they name come to; the words count where both say something.
///
/// # Errors
/// Refuses a file that cannot be read, a key that is no option, naming the nearest, and a value that its option does not
/// take.
pub fn resolve(words: &[OsString]) -> anyhow::Result<ResolvedOptions> {
    let refuse = |error: clap::Error| anyhow::anyhow!("{}", in_one_line(&error));
    let command = with_negative_numbers(Arguments::augment_args(clap::Command::new("train")).no_binary_name(true));
    let given = command.clone().try_get_matches_from(words).map_err(refuse)?;
    let arguments = Arguments::from_arg_matches(&given).map_err(refuse)?;
    // What the words say counts more than what the file says before them.
    let command = command.args_override_self(true);
    let mut all = Vec::new();
    if let Some(path) = &arguments.config {
        let file = format!("--config {}", path.display());
        let table = read(path)?;
        all = words_of(&table, &command, !arguments.recording.is_empty()).with_context(|| file.clone())?;
        // Once alone, so that what is wrong in the file is told of the file.
        let alone =
            command.clone().try_get_matches_from(all.iter().chain(&[format!("--config={}", path.display()).into()]));
        alone.map_err(|error| anyhow::anyhow!("{file}: {}", in_one_line(&error)))?;
    }
    all.extend(words.iter().cloned());
    let matches = command.clone().try_get_matches_from(all).map_err(refuse)?;
    let mut table = Table::new();
    for option in command.get_arguments() {
        let (id, name) = (option.get_id().as_str(), option.get_long().unwrap_or_default());
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        if !is_given || name == "recording" || OF_A_RUN.contains(&name) {
            continue;
        }
        let words: Vec<_> = matches.get_raw(id).into_iter().flatten().map(|word| word.to_string_lossy()).collect();
        table.insert(
            name.into(),
            if option.get_action().takes_values() { typed(&words.join(",")) } else { true.into() },
        );
    }
    let arguments = Arguments::from_arg_matches(&matches).map_err(refuse)?;
    ensure!(arguments.policy.is_some(), "expected --policy NAME, or `policy` in the file of --config");
    Ok(ResolvedOptions { arguments, table })
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        let what = error.message().replace('\n', " ");
        anyhow::anyhow!("--config {}, line {line}: expected TOML: {what}", path.display())
    })
}

/// A word as the number that it is, or as text.
fn typed(word: &str) -> Value {
    let number = word.parse().map(Value::Integer).or_else(|_| word.parse().map(Value::Float));
    number.unwrap_or_else(|_| Value::String(word.into()))
}

/// The words of a command line that say what a table says.
fn words_of(table: &Table, command: &clap::Command, without_recordings: bool) -> anyhow::Result<Vec<OsString>> {
    let mut words = Vec::new();
    for (key, value) in table {
        let option = command.get_arguments().find(|argument| argument.get_long() == Some(key));
        let Some(option) = option.filter(|_| !OF_A_RUN.contains(&key.as_str())) else {
            let known = command.get_arguments().filter_map(clap::Arg::get_long).filter(|name| !OF_A_RUN.contains(name));
            let nearest = known.min_by_key(|name| strsim::damerau_levenshtein(name, key)).unwrap_or_default();
            bail!("unknown key `{key}`: the nearest known one is `{nearest}`");
        };
        match value {
            Value::Array(recordings) if key == "recording" => {
                for recording in recordings.iter().filter(|_| !without_recordings) {
                    words.extend(["--recording".into(), recording_word(recording)?.into()]);
                }
            }
            Value::Boolean(set) => {
                ensure!(!option.get_action().takes_values(), "`{key}`: expected a value, got {set}");
                words.extend(set.then(|| OsString::from(format!("--{key}"))));
            }
            value => words.push(format!("--{key}={}", plain(key, value)?).into()),
        }
    }
    Ok(words)
}

/// `PATH::KEY=VALUE` of a recording, which is its path or a table with `path` and options.
fn recording_word(recording: &Value) -> anyhow::Result<String> {
    let Value::Table(table) = recording else { return plain("recording", recording) };
    let path = table.get("path").context("`recording`: expected a `path`")?;
    let mut word = plain("path", path)?;
    for (key, value) in table.iter().filter(|(key, _)| *key != "path") {
        word += &format!("{BETWEEN}{key}={}", plain(key, value)?);
    }
    Ok(word)
}

fn plain(key: &str, value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        _ => bail!("`{key}`: expected text or a number, got {value}"),
    }
}

impl ResolvedOptions {
    /// The file that says the same, with the values of options that were not given.
    pub fn to_toml(&self, defaults: impl IntoIterator<Item = (&'static str, Value)>) -> String {
        let mut table = self.table.clone();
        for (key, value) in defaults {
            table.entry(key).or_insert(value);
        }
        let mut text =
            "# Read again with `liquid-lane train --config FILE`; options on the command line count more.\n".to_owned();
        table.iter().for_each(|(key, value)| text += &format!("{key} = {value}\n"));
        for NamedRecording { path, words, .. } in &self.arguments.recording {
            text += &format!("\n[[recording]]\npath = {}\n", Value::String(path.display().to_string()));
            // A file that is read and written again says the same in the same order.
            let mut options: Vec<(&str, &str)> = words.iter().filter_map(|word| word.split_once('=')).collect();
            options.sort_unstable();
            options.iter().for_each(|(key, value)| text += &format!("{key} = {}\n", typed(value)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parsed(line: &str) -> anyhow::Result<ResolvedOptions> {
        resolve(&words(line))
    }

    /// A file of this text, and the command line that names it with more words.
    fn with_file(text: &str, more: &str) -> anyhow::Result<ResolvedOptions> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        parsed(&format!("--config {} {more}", file.path().display()))
    }

    #[test]
    fn a_file_says_what_a_command_line_says_and_the_command_line_counts_more() {
        let text =
            "policy = \"cnn\"\nseed = 4\nclean = true\ndropout = 0.25\n\n[[recording]]\npath = \"a b\"\nweight = 2\n";
        let ResolvedOptions { arguments, .. } = with_file(text, "--seed 5").unwrap();
        assert_eq!((arguments.policy.unwrap().to_string().as_str(), arguments.seed), ("cnn", 5));
        assert_eq!((arguments.clean, arguments.recipe.dropout), (true, Some(0.25)));
        assert_eq!(arguments.recording[0].path, Path::new("a b"));
        let ResolvedOptions { arguments, .. } = with_file(text, "--recording c").unwrap();
        assert_eq!(arguments.recording.len(), 1, "the command line's alone");
    }

    #[test]
    fn the_words_of_the_windows_form_ask_for_a_training() {
        // As the tests of src/view/places/train.rs have them.
        let roads = parsed("--policy ncp --seed 3 --looks 10000 --stage-roads 3 --out out/train-ncp --clean").unwrap();
        assert_eq!(
            (roads.arguments.looks, roads.arguments.stage_roads, roads.arguments.clean),
            (Some(10_000), 3, true)
        );
        let both = "--policy ncp --looks 10000 --recording a --passes 7 --recording-share 0.5 --out made --resume";
        let both = parsed(both).unwrap().arguments;
        assert_eq!((both.recipe.passes, both.recording_share, both.resume), (Some(7), Some(0.5), true));
    }

    #[test]
    fn what_is_written_reads_as_the_same_and_writes_the_same() {
        let line = "--policy ncp --seed 3 --passes 7 --crop 0,1,20,8 --side-correction none --recording a::weight=0.5::unit=share --out x";
        let written = parsed(line).unwrap().to_toml([("passes", 40.into()), ("mirror", 0.5.into())]);
        assert!(written.contains("passes = 7\n") && written.contains("mirror = 0.5\n"), "{written}");
        assert!(!written.contains("out ="), "where it is written is about a run: {written}");
        let again = with_file(&written, "").unwrap();
        assert_eq!(again.to_toml([]), written);
        assert_eq!(again.arguments.recording_options.crop, Some([0, 1, 20, 8]));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_a_bad_value_its_range() {
        let refused = |text: &str| format!("{:#}", with_file(text, "").err().unwrap());
        assert!(refused("learning_rate = 1").contains("the nearest known one is `learning-rate`"));
        assert!(refused("sed = 1").contains("nearest known one is `seed`"));
        assert!(refused("dropout = 2").contains("from 0 to 0.9"), "{}", refused("dropout = 2"));
        assert!(refused("policy = ").contains("line 1"), "{}", refused("policy = "));
        assert!(refused("seed = true").contains("expected a value"));
        assert!(refused("seed = 2").contains("expected --policy"));
        assert!(refused("policy = \"ncp\"\n[[recording]]\nweight = 2").contains("expected a `path`"));
    }
}
