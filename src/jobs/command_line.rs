//! The command line that repeats a piece of work, as reports and model cards keep it and the window shows it.

/// Words behind `liquid-lane` as one line for a shell: those with blanks are quoted.
pub fn line(words: &[String]) -> String {
    std::iter::once("liquid-lane".to_owned()).chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
}

/// The words that are left without some flags, and without some options and their values, `--out DIR` and `--out=DIR`.
pub fn without(words: &[String], flags: &[&str], options: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        if options.contains(&name) {
            if name == word {
                words.next();
            }
        } else if !flags.contains(&name) {
            kept.push(word.clone());
        }
    }
    kept
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,.:/@%".contains(c);
    let is_plain = !word.is_empty() && word.chars().all(plain);
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_options_are_left_out_in_either_spelling() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let typed = words("train --out a --policy ncp --json --seed 3 --out=b --looks 16");
        assert_eq!(without(&typed, &["--json"], &["--out"]), words("train --policy ncp --seed 3 --looks 16"));
    }

    #[test]
    fn a_word_that_a_shell_would_part_is_quoted() {
        assert_eq!(
            [quoted("a/b.csv"), quoted("my drive"), quoted("it's"), quoted("")].join(" "),
            r"a/b.csv 'my drive' 'it'\''s' ''"
        );
    }
}
