//! Wirings of ncps: `{"format": …, "wirings": [{"kind", "args", "input_dim", …}]}`, `args` being those of the ncps class
//! and synapses `[source, target, polarity]`.

use serde_json::{Map, Value, json};

use super::{Problem, compare_lists, fields, list, short, whole};
use lane_policy::wiring::{Layer, NcpShape, Synapse, Wiring, WiringError, WiringSpec};

/// Builds every wiring of the file and returns how many values were compared.
///
/// # Errors
/// The first value that differs, and any kind, argument or field of an unknown name.
pub fn check_wirings(json: &Value) -> Result<usize, Problem> {
    let cases = fields(json, "the file")?.get("wirings").ok_or_else(|| missing("wirings"))?;
    let mut compared = 0;
    for (place, case) in list(cases, "wirings")?.iter().enumerate() {
        compared += check_case(case).map_err(|problem| problem.at(&format!("wirings[{place}]")))?;
    }
    if compared == 0 { Err(Problem::Damaged("there are no wirings".into())) } else { Ok(compared) }
}

fn missing(name: &str) -> Problem {
    Problem::Damaged(format!("{name} is missing"))
}

/// Counts that contradict each other describe no wiring.
fn refused(error: WiringError) -> Problem {
    Problem::Damaged(error.to_string())
}

fn check_case(case: &Value) -> Result<usize, Problem> {
    let case = fields(case, "a case")?;
    for needed in ["kind", "args", "input_dim", "adjacency", "sensory_adjacency"] {
        if !case.contains_key(needed) {
            return Err(missing(needed));
        }
    }
    let spec = spec(case)?;
    let wiring = Wiring::build(&spec).map_err(refused)?;
    let shape = spec.ncp_shape().map_err(refused)?;
    let mut compared = 0;
    for (name, stored) in case {
        compared += match name.as_str() {
            "kind" | "args" | "input_dim" => 0,
            "units" => compare_count(stored, wiring.units(), name)?,
            "output_dim" => compare_count(stored, wiring.motor(), name)?,
            "synapses" => compare_count(stored, wiring.synapses().len(), name)?,
            "sensory_synapses" => compare_count(stored, wiring.sensory_synapses().len(), name)?,
            "layers" => compare_layers(stored, &wiring, shape.is_some())?,
            "derived" => compare_derived(stored, shape)?,
            "adjacency" => compare_lists(stored, &triplets(wiring.synapses()), name)?,
            "sensory_adjacency" => compare_lists(stored, &triplets(wiring.sensory_synapses()), name)?,
            _ => return Err(Problem::NotRun(format!("{name} is no field that is known"))),
        };
    }
    Ok(compared)
}

/// The spec of a wiring as fixtures name it: `{"kind", "args", "input_dim"}`, `args` being those of the ncps class.
///
/// # Errors
/// What is missing, or is not known under its name.
pub fn spec_of(case: &Value) -> Result<WiringSpec, Problem> {
    let case = fields(case, "a wiring")?;
    match ["kind", "args", "input_dim"].into_iter().find(|needed| !case.contains_key(*needed)) {
        Some(needed) => Err(missing(needed)),
        None => spec(case),
    }
}

/// The spec that ncps' class and its arguments stand for.
fn spec(case: &Map<String, Value>) -> Result<WiringSpec, Problem> {
    let sensory = count(&case["input_dim"], "input_dim")?;
    let mut args = Arguments { args: fields(&case["args"], "args")?, read: Vec::new() };
    let spec = match case["kind"].as_str() {
        Some("NCP") => ncp(&mut args, sensory)?,
        Some("AutoNCP") => WiringSpec::AutoNcp {
            sensory,
            units: args.count("units")?,
            motor: args.count("output_size")?,
            sparsity: args.number("sparsity_level", 0.5)?,
            seed: args.seed32("seed")?,
        },
        Some("FullyConnected") => WiringSpec::FullyConnected {
            sensory,
            units: args.count("units")?,
            motor: args.outputs()?,
            seed: args.seed64("erev_init_seed")?,
            self_connections: args.flag("self_connections", true)?,
        },
        Some("Random") => WiringSpec::Random {
            sensory,
            units: args.count("units")?,
            motor: args.outputs()?,
            sparsity: args.number("sparsity_level", 0.0)?,
            seed: args.seed64("random_seed")?,
        },
        _ => return Err(Problem::NotRun(format!("{} is no kind of wiring that is known", short(&case["kind"])))),
    };
    args.refuse_unread()?;
    Ok(spec)
}

fn ncp(args: &mut Arguments<'_>, sensory: usize) -> Result<WiringSpec, Problem> {
    let shape = NcpShape {
        sensory,
        inter: args.count("inter_neurons")?,
        command: args.count("command_neurons")?,
        motor: args.count("motor_neurons")?,
        sensory_fanout: args.count("sensory_fanout")?,
        inter_fanout: args.count("inter_fanout")?,
        recurrent_command_synapses: args.count("recurrent_command_synapses")?,
        motor_fanin: args.count("motor_fanin")?,
    };
    Ok(WiringSpec::Ncp { shape, seed: args.seed32("seed")? })
}

/// Arguments of an ncps class. One that is left out or null has ncps' default.
struct Arguments<'a> {
    args: &'a Map<String, Value>,
    read: Vec<&'static str>,
}

impl<'a> Arguments<'a> {
    fn given(&mut self, name: &'static str) -> Option<&'a Value> {
        self.read.push(name);
        self.args.get(name).filter(|value| !value.is_null())
    }

    fn count(&mut self, name: &'static str) -> Result<usize, Problem> {
        count(self.given(name).ok_or_else(|| missing(&format!("args.{name}")))?, name)
    }

    /// `output_dim`: by default every neuron is an output.
    fn outputs(&mut self) -> Result<usize, Problem> {
        match self.given("output_dim") {
            Some(value) => count(value, "output_dim"),
            None => self.count("units"),
        }
    }

    fn seed32(&mut self, name: &'static str) -> Result<u32, Problem> {
        let seed = self.given(name).map_or(Ok(22_222), |value| whole(value, name))?;
        u32::try_from(seed).map_err(|_| Problem::Damaged(format!("{name} {seed} exceeds {}", u32::MAX)))
    }

    fn seed64(&mut self, name: &'static str) -> Result<u64, Problem> {
        self.given(name).map_or(Ok(1111), |value| whole(value, name))
    }

    fn number(&mut self, name: &'static str, default: f64) -> Result<f64, Problem> {
        self.given(name).map_or(Ok(default), |value| {
            value.as_f64().ok_or_else(|| Problem::Damaged(format!("{name} is {}, expected a number", short(value))))
        })
    }

    fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, Problem> {
        self.given(name).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| Problem::Damaged(format!("{name} is {}, expected true or false", short(value))))
        })
    }

    fn refuse_unread(&self) -> Result<(), Problem> {
        match self.args.keys().find(|name| !self.read.contains(&name.as_str())) {
            Some(name) => Err(Problem::NotRun(format!("args.{name} is no argument of this wiring"))),
            None => Ok(()),
        }
    }
}

fn count(json: &Value, name: &str) -> Result<usize, Problem> {
    usize::try_from(whole(json, name)?).map_err(|problem| Problem::Damaged(format!("{name}: {problem}")))
}

fn triplets(synapses: &[Synapse]) -> Vec<Value> {
    synapses.iter().map(|synapse| json!(synapse)).collect()
}

fn compare_count(stored: &Value, computed: usize, name: &str) -> Result<usize, Problem> {
    match count(stored, name)? {
        stored if stored == computed => Ok(1),
        stored => Err(Problem::Differs(format!("{name} is {stored}, computed {computed}"))),
    }
}

/// Neuron ids per layer; ncps gives a wiring without layers as a single one.
fn compare_layers(stored: &Value, wiring: &Wiring, layered: bool) -> Result<usize, Problem> {
    let ids = if layered {
        Layer::ALL.map(|layer| wiring.ids(layer)).to_vec()
    } else {
        std::iter::once(0..wiring.units()).collect()
    };
    let ids: Vec<Value> = ids.into_iter().map(|ids| json!(ids.collect::<Vec<_>>())).collect();
    compare_lists(stored, &ids, "layers")
}

/// The counts that ncps keeps of an NCP.
fn compare_derived(stored: &Value, shape: Option<NcpShape>) -> Result<usize, Problem> {
    let stored = fields(stored, "derived")?;
    for (name, stored) in stored {
        let shape =
            shape.as_ref().ok_or_else(|| Problem::NotRun(format!("derived.{name}: the wiring has no layers")))?;
        let computed = match name.as_str() {
            "num_inter_neurons" => shape.inter,
            "num_command_neurons" => shape.command,
            "num_motor_neurons" => shape.motor,
            "sensory_fanout" => shape.sensory_fanout,
            "inter_fanout" => shape.inter_fanout,
            "recurrent_command_synapses" => shape.recurrent_command_synapses,
            "motor_fanin" => shape.motor_fanin,
            _ => return Err(Problem::NotRun(format!("derived.{name} is no count that is known"))),
        };
        compare_count(stored, computed, &format!("derived.{name}"))?;
    }
    Ok(stored.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Value {
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/wirings.json")))
            .unwrap()
    }

    // Wirings: ncps 1.0.1 on numpy 2.4.6, all four kinds.
    #[test]
    fn wirings_are_those_of_ncps_bit_for_bit() {
        let file = golden();
        assert_eq!(file["wirings"].as_array().map(Vec::len), Some(25), "all cases of the file");
        let synapses = |name: &str| -> usize {
            file["wirings"].as_array().unwrap().iter().map(|case| case[name].as_array().unwrap().len()).sum()
        };
        let compared = check_wirings(&file).unwrap();
        assert!(compared > 3 * (synapses("adjacency") + synapses("sensory_adjacency")), "{compared} values");
    }

    #[test]
    fn one_flipped_synapse_is_named() {
        let mut file = golden();
        let polarity = file["wirings"][22]["sensory_adjacency"][5][2].as_i64().unwrap();
        file["wirings"][22]["sensory_adjacency"][5][2] = json!(-polarity);
        let message = check_wirings(&file).unwrap_err().to_string();
        assert!(message.starts_with("wirings[22]: sensory_adjacency[5] is "), "{message}");
    }

    #[test]
    fn what_is_not_known_was_not_run() {
        for (place, value) in [("/kind", json!("Hopfield")), ("/args/temperature", json!(1)), ("/colour", json!(2))] {
            let mut file = golden();
            let (parent, name) = place.rsplit_once('/').unwrap();
            file["wirings"][0].pointer_mut(parent).unwrap()[name] = value;
            let problem = check_wirings(&file).unwrap_err();
            assert!(matches!(problem, Problem::NotRun(_)), "{problem}");
        }
    }

    #[test]
    fn a_missing_synapse_list_is_refused() {
        let mut file = golden();
        file["wirings"][3].as_object_mut().unwrap().remove("adjacency");
        assert_eq!(check_wirings(&file), Err(Problem::Damaged("wirings[3]: adjacency is missing".into())));
    }
}
