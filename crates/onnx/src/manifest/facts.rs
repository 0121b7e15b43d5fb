//! What a graph shows of itself, and what may be guessed from it.

use super::{Layout, Preset};
use crate::graph::{Element, Graph, Port, Side};
use crate::proto::{GraphProto, NodeProto, TensorProto};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Table;

/// The name in this program's own files under which their manifest lies.
pub const METADATA_KEY: &str = "liquid_lane_manifest";

/// What a graph shows of itself.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The manifest in a file of this program.
    own: Option<Table>,
    picture: Option<Picture>,
    states: Vec<(String, String)>,
    elapsed: Option<String>,
    speed: Option<String>,
    /// Inputs whose meaning is open.
    pub open_inputs: Vec<String>,
    output: Option<String>,
    /// Numbers of the output, where that is told.
    output_width: Option<usize>,
    /// Entries that the graph does not settle, each with what was taken and why.
    pub guessed: Vec<String>,
    /// Entries that somebody must add, or a preset.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug)]
struct Picture {
    name: String,
    layout: Layout,
    channels: usize,
    size: Option<[usize; 2]>,
    takes_bytes: bool,
}

/// Words in names of inputs that take the time.
const TIME_WORDS: [&str; 7] = ["elapsed", "dt", "ts", "delta", "timespan", "timespans", "time"];

/// Words in names of inputs that take the speed.
const SPEED_WORDS: [&str; 4] = ["speed", "velocity", "vel", "vego"];

/// Whether a name has one of some words in it.
fn has_word(name: &str, words: &[&str]) -> bool {
    name.to_lowercase().split(|letter: char| !letter.is_alphanumeric()).any(|word| words.contains(&word))
}

impl Facts {
    /// Looks at a graph.
    pub fn of(graph: &Graph) -> Self {
        let mut facts = Self {
            own: graph.metadata().find(|(key, _)| *key == METADATA_KEY).and_then(|(_, text)| super::parse(text).ok()),
            ..Self::default()
        };
        facts.find_picture(graph);
        facts.find_states(graph);
        facts.find_output(graph);
        if facts.own.is_some() {
            facts.guessed.clear();
            facts.missing.clear();
        } else {
            let scale =
                if facts.picture.as_ref().is_some_and(|picture| picture.takes_bytes) { "" } else { "input.scale, " };
            let entries = format!("input.colour, {scale}output.unit, output.gain, output.positive");
            facts.missing.push(format!("{entries}: no graph says them, a preset does (--as)"));
        }
        facts
    }

    /// Whether nothing has to be added.
    pub fn is_complete(&self) -> bool {
        self.own.is_some()
    }

    fn find_picture(&mut self, graph: &Graph) {
        let pictures = graph.inputs().iter().filter_map(|port| picture(port, graph.proto())).collect::<Vec<_>>();
        let [picture] = &pictures[..] else {
            let which = if pictures.is_empty() { "no input looks like one" } else { "several inputs look like one" };
            self.missing.push(format!("input.name and input.layout: the picture; {which}"));
            return;
        };
        if picture.size.is_none() {
            self.missing.push("input.size: width and height, which the graph leaves free".into());
        }
        self.picture = Some(picture.clone());
    }

    fn find_states(&mut self, graph: &Graph) {
        let is_picture = |port: &&Port| self.picture.as_ref().is_none_or(|picture| picture.name != port.name);
        let rest: Vec<&Port> = graph.inputs().iter().filter(is_picture).collect();
        let mut outputs: Vec<&Port> = graph.outputs().iter().collect();
        for input in rest {
            let fitting = outputs.iter().position(|output| is_next(input, output));
            if let Some(at) = fitting {
                self.states.push((input.name.clone(), outputs.remove(at).name.clone()));
            } else if has_word(&input.name, &TIME_WORDS) && self.elapsed.is_none() {
                self.elapsed = Some(input.name.clone());
            } else if has_word(&input.name, &SPEED_WORDS) && self.speed.is_none() {
                self.missing
                    .push(format!("speed: the unit of the speed that `{}` takes, m/s, km/h or mph", input.name));
                self.speed = Some(input.name.clone());
            } else {
                self.missing.push(format!("fixed.\"{}\": the number that this input always gets", input.name));
                self.open_inputs.push(input.name.clone());
            }
        }
        if !self.states.is_empty() {
            let pairs: Vec<_> = self.states.iter().map(|(input, output)| format!("{output} to {input}")).collect();
            self.guessed.push(format!("state: {}, from names and shapes", pairs.join(", ")));
        }
        if let Some(elapsed) = &self.elapsed {
            self.guessed.push(format!("time.elapsed: {elapsed}, from its name, in seconds"));
        }
    }

    fn find_output(&mut self, graph: &Graph) {
        let is_state = |port: &&Port| self.states.iter().any(|(_, output)| *output == port.name);
        let rest: Vec<&Port> = graph.outputs().iter().filter(|port| !is_state(port)).collect();
        let named = |words: &[&str]| {
            rest.iter().find(|port| words.iter().any(|word| port.name.to_lowercase().contains(word))).copied()
        };
        let steers = named(&["steer", "angle", "curvature", "command"]).or_else(|| rest.first().copied());
        let Some(steers) = steers else {
            self.missing.push("output.name: what steers".into());
            return;
        };
        if rest.len() > 1 {
            self.guessed.push(format!("output.name: {}, of {} outputs", steers.name, rest.len()));
        }
        self.output = Some(steers.name.clone());
        self.output_width = steers
            .shape
            .as_ref()
            .and_then(|sides| sides.get(1..))
            .and_then(|sides| sides.iter().try_fold(1_usize, |length, side| length.checked_mul(side.length()?)));
        if self.output_width.is_some_and(|width| width > 1) {
            let width = self.output_width.unwrap_or_default();
            self.guessed.push(format!("output.index: 0 of {width}, unless they are classes (output.bins)"));
        }
    }

    /// Its entries in a manifest: only what the graph shows.
    pub(super) fn table(&self) -> Table {
        self.own.clone().unwrap_or_else(|| super::parse(&self.shown()).unwrap_or_default())
    }

    fn shown(&self) -> String {
        let mut text = String::from("[input]\n");
        if let Some(Picture { name, layout, size, takes_bytes, .. }) = &self.picture {
            let _ = writeln!(text, "name = {}\nlayout = \"{}\"", quoted(name), layout.word());
            if let Some([width, height]) = size {
                let _ = writeln!(text, "size = [{width}, {height}]");
            }
            if *takes_bytes {
                text += "scale = [1.0, 0.0]\n";
            }
        }
        if !self.states.is_empty() {
            text += "\n[state]\n";
        }
        for (number, (input, output)) in self.states.iter().enumerate() {
            let (input, output) = (quoted(input), quoted(output));
            let _ = writeln!(text, "s{number} = {{ input = {input}, output = {output} }}");
        }
        if let Some(elapsed) = &self.elapsed {
            let _ = writeln!(text, "\n[time]\nelapsed = {}", quoted(elapsed));
        }
        text += "\n[output]\n";
        if let Some(output) = &self.output {
            let _ = writeln!(text, "name = {}", quoted(output));
        }
        text
    }

    /// A manifest to start from, with a mark where something was guessed or must be added.
    pub fn draft(&self, preset: Option<Preset>) -> String {
        if let Some(own) = &self.own {
            return own.to_string();
        }
        let takes_bytes = self.picture.as_ref().is_some_and(|picture| picture.takes_bytes);
        let grey = self.picture.as_ref().is_some_and(|picture| picture.channels == 1);
        let told = preset.map(Preset::table).unwrap_or_default();
        let entry = |part: &str, key: &str| -> Option<String> { Some(told.get(part)?.get(key)?.to_string()) };
        let mut of_input = vec![("colour", if grey { "\"grey\"" } else { "\"rgb\"" })];
        if !takes_bytes {
            of_input.push(("scale", "[255.0, 0.0]"));
        }
        let fill = |part: &str, keys: &[(&str, &str)]| {
            let lines = keys.iter().map(|(key, guess)| match entry(part, key) {
                Some(told) => format!("{key} = {told}\n"),
                None => format!("{key} = {guess}  # a guess\n"),
            });
            lines.collect::<String>()
        };
        let mut input = fill("input", &of_input);
        let mut output = fill("output", &[("unit", "\"share\""), ("gain", "25.0"), ("positive", "\"right\"")]);
        for (part, text, keys) in
            [("input", &mut input, &["crop", "of"][..]), ("output", &mut output, &["bins", "wheelbase"][..])]
        {
            text.extend(keys.iter().filter_map(|key| Some(format!("{key} = {}\n", entry(part, key)?))));
        }
        let shown = self.shown();
        let (first, behind) = shown.split_at(shown.find("\n[").unwrap_or(shown.len()));
        let size = "size = [0, 0]  # missing: width, height\n";
        let input = if first.contains("size = ") { input } else { format!("{size}{input}") };
        let fixed: String =
            self.open_inputs.iter().map(|name| format!("{} = 0.0  # missing\n", quoted(name))).collect();
        let fixed = if fixed.is_empty() { fixed } else { format!("\n[fixed]\n{fixed}") };
        let speed = self.speed.as_ref().map_or(String::new(), |input| {
            format!("\n[speed]\ninput = {}\nunit = \"m/s\"  # a guess\n", quoted(input))
        });
        format!("{first}{input}{behind}{output}{speed}{fixed}")
    }
}

/// A name as TOML writes it.
fn quoted(name: &str) -> String {
    toml::Value::String(name.to_owned()).to_string()
}

/// An input as a picture, if its shape can be one.
fn picture(port: &Port, graph: &GraphProto) -> Option<Picture> {
    let sides = port.shape.as_ref()?;
    let length = |at: usize| sides.get(at).and_then(Side::length);
    let is_colour = |at: usize| length(at).is_some_and(|length| length == 3 || length == 1);
    let (layout, channels, rows) = match sides.len() {
        4 if is_colour(3) => (Layout::Nhwc, 3, 1),
        4 if is_colour(1) => (Layout::Nchw, 1, 2),
        5 if is_colour(4) => (Layout::Nthwc, 4, 2),
        5 if is_colour(2) => (Layout::Ntchw, 2, 3),
        _ => return None,
    };
    let size = length(rows + 1).zip(length(rows)).map(|(width, height)| [width, height]);
    let takes_bytes = port.element == Element::Byte || scales_bytes(&port.name, graph);
    Some(Picture { name: port.name.clone(), layout, channels: length(channels)?, size, takes_bytes })
}

/// Whether the first operator behind an input divides it by a hundred or more, as by 127.5 or 255: it takes bytes.
fn scales_bytes(input: &str, graph: &GraphProto) -> bool {
    let weights: BTreeMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut value = input;
    for _ in 0..4 {
        let Some(node) = only_consumer(value, graph) else { return false };
        let other = node.input.iter().find(|name| *name != value);
        let number = other.and_then(|name| scalar(weights.get(name.as_str())?));
        match (node.op_type.as_str(), number) {
            ("Mul", Some(number)) => return number.abs() < 0.02,
            ("Div", Some(number)) => return number.abs() > 100.0,
            ("Sub" | "Add", Some(number)) if number.abs() > 100.0 => return true,
            ("Transpose" | "Cast" | "Identity" | "Reshape", _) => {}
            _ => return false,
        }
        let Some(output) = node.output.first() else { return false };
        value = output;
    }
    false
}

fn only_consumer<'a>(value: &str, graph: &'a GraphProto) -> Option<&'a NodeProto> {
    let mut consumers = graph.node.iter().filter(|node| node.input.iter().any(|input| input == value));
    consumers.next().filter(|_| consumers.next().is_none())
}

/// The number of a tensor that has one.
fn scalar(tensor: &TensorProto) -> Option<f32> {
    match (&tensor.raw_data, &tensor.float_data[..]) {
        (_, [number]) => Some(*number),
        (Some(raw), _) => raw.as_slice().try_into().ok().map(f32::from_le_bytes),
        _ => None,
    }
}

/// Whether an output may be an input's next value: as long on every side whose length is told, and not a lone number.
fn is_next(input: &Port, output: &Port) -> bool {
    let (Some(from), Some(to)) = (&output.shape, &input.shape) else { return false };
    let alike = |(from, to): (&Side, &Side)| match (from.length(), to.length()) {
        (Some(from), Some(to)) => from == to,
        _ => true,
    };
    let wide = to.iter().filter_map(Side::length).any(|length| length > 1);
    input.element == output.element && from.len() == to.len() && wide && from.iter().zip(to).all(alike)
}
