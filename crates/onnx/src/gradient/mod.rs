//! Gradients of a graph. The forward pass is the runtime's own, which is asked for every value in between: there is no
//! second opinion of what an operator computes. The way back goes by a rule for each operator ([`rules`]).

mod probe;
mod rules;
#[cfg(test)]
mod tests;

use crate::engine::Engine;
use crate::graph::Graph;
use crate::proto::{GraphProto, NodeProto};
use crate::tensor::Tensor;
use crate::watch::Limits;
use crate::weights;
use rules::{Call, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use probe::check;

/// The way back from an output of a graph to one of its inputs.
#[derive(Debug)]
pub(crate) struct Backward {
    engine: Engine,
    /// Names of the graph's inputs, in its order.
    inputs: Vec<String>,
    output: String,
    /// Operators between input and output, in the order in which they run.
    steps: Vec<Step>,
    /// Values that are asked of the runtime.
    asked: Vec<String>,
    /// Weights of the operators.
    weights: BTreeMap<String, Tensor>,
    /// Names of values that are others under a second name, and those.
    second_names: BTreeMap<String, String>,
}

/// One operator on the way.
#[derive(Debug)]
struct Step {
    node: NodeProto,
    rule: Rule,
    /// Which of its inputs depend on the graph's input.
    wanted: Vec<bool>,
}

/// A value and the gradient with respect to it.
pub(crate) struct WithGradient {
    pub value: Tensor,
    pub gradient: Vec<f32>,
}

impl Backward {
    /// Finds the way between an input and an output.
    ///
    /// # Errors
    /// When an operator on it has no rule, naming it and its node, or the runtime does not give what lies in between.
    pub fn new(graph: &Graph, input: &str, output: &str, limits: Limits) -> Result<Self, String> {
        let proto = graph.proto();
        let steps = steps(proto, input, output)?;
        let (weights, second_names) = (weights::by_name(proto), second_names(proto));
        let used = steps.iter().flat_map(|step| step.node.input.iter().chain(&step.node.output));
        let used: BTreeSet<&str> =
            used.map(|name| first_name(&second_names, name)).filter(|name| !name.is_empty()).collect();
        let inputs: Vec<String> = graph.inputs().iter().map(|port| port.name.clone()).collect();
        let is_there = |name: &str| weights.contains_key(name) || inputs.iter().any(|input| input == name);
        let asked: Vec<String> = used.iter().filter(|name| !is_there(name)).map(|name| (*name).to_owned()).collect();
        let weights = weights.iter().filter(|(name, _)| used.contains(*name));
        let weights = weights.map(|(name, weights)| ((*name).to_owned(), weights.clone())).collect();
        let engine = Engine::load(graph, &asked, limits).map_err(|error| format!("{error:#}"))?;
        Ok(Self { engine, inputs, output: output.to_owned(), steps, asked, weights, second_names })
    }

    /// The output of one run, and a value's gradient of the sum of output times weight, where `weigh` gives a weight for
    /// each number of the output.
    ///
    /// # Errors
    /// When the graph cannot be run, or a rule does not hold for it; in one line.
    pub fn run(
        &self,
        inputs: Vec<Tensor>,
        weigh: impl FnOnce(&Tensor) -> Result<Vec<f32>, String>,
        of: &str,
    ) -> Result<(Tensor, WithGradient), String> {
        let asked: Vec<&str> = self.asked.iter().map(String::as_str).collect();
        let fed = self.inputs.iter().cloned().zip(inputs.iter().cloned());
        let mut values: BTreeMap<String, Tensor> = fed.collect();
        values.extend(self.asked.iter().cloned().zip(self.engine.run(inputs, &asked)?));
        let output = values.get(first_name(&self.second_names, &self.output)).ok_or("the output is not there")?.clone();
        let seed = weigh(&output)?;
        // The rules trust shapes that the runtime has accepted.
        let back = catch_unwind(AssertUnwindSafe(|| self.back(&values, seed)));
        let mut gradients = back.map_err(|_| "a rule for gradients gave up on it".to_owned())??;
        let value = values
            .remove(first_name(&self.second_names, of))
            .ok_or_else(|| format!("there is no value `{of}` on the way"))?;
        let gradient = gradients.remove(of).unwrap_or_else(|| vec![0.0; value.shape.iter().product()]);
        Ok((output, WithGradient { value, gradient }))
    }

    /// The gradient of every value on the way.
    fn back(&self, values: &BTreeMap<String, Tensor>, seed: Vec<f32>) -> Result<BTreeMap<String, Vec<f32>>, String> {
        let value = |name: &String| {
            let name = first_name(&self.second_names, name);
            values.get(name).or_else(|| self.weights.get(name))
        };
        let mut gradients = BTreeMap::from([(self.output.clone(), seed)]);
        for Step { node, rule, wanted } in self.steps.iter().rev() {
            let call = Call {
                node,
                inputs: node.input.iter().map(value).collect(),
                outputs: node.output.iter().map(value).collect(),
                gradients: node.output.iter().map(|name| gradients.get(name).map(Vec::as_slice)).collect(),
                wanted: wanted.clone(),
            };
            if call.gradients.iter().all(Option::is_none) {
                continue;
            }
            let of_inputs = rule(&call).map_err(|why| no_gradient(node, &why))?;
            for (at, gradient) in of_inputs.into_iter().filter(|(at, _)| wanted.get(*at) == Some(&true)) {
                let length = value(&node.input[at]).map(|value| value.shape.iter().product::<usize>());
                if length != Some(gradient.len()) {
                    return Err(no_gradient(node, "its rule gives another shape"));
                }
                match gradients.get_mut(&node.input[at]) {
                    Some(sums) => sums.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient),
                    None => drop(gradients.insert(node.input[at].clone(), gradient)),
                }
            }
        }
        Ok(gradients)
    }
}

/// What Identity gives has a second name: exporters share weights by it, and the runtime gives no value twice.
fn second_names(graph: &GraphProto) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for node in graph.node.iter().filter(|node| node.op_type == "Identity") {
        if let ([input], [output]) = (&node.input[..], &node.output[..]) {
            let first = first_name(&names, input).to_owned();
            names.insert(output.clone(), first);
        }
    }
    names
}

fn first_name<'a>(second_names: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    second_names.get(name).map_or(name, String::as_str)
}

fn no_gradient(node: &NodeProto, why: &str) -> String {
    format!("operator `{}` of node `{}` has no gradient: {why}", node.op_type, node.name)
}

/// The operators whose outputs depend on the input and lead to the output.
fn steps(graph: &GraphProto, input: &str, output: &str) -> Result<Vec<Step>, String> {
    let mut reached = BTreeSet::from([input]);
    let depends = |node: &&NodeProto, reached: &BTreeSet<&str>| {
        rules::passes_on(node) && node.input.iter().any(|input| reached.contains(input.as_str()))
    };
    for node in &graph.node {
        if depends(&node, &reached) {
            reached.extend(node.output.iter().map(String::as_str).filter(|name| !name.is_empty()));
        }
    }
    let mut needed = BTreeSet::from([output]);
    let mut steps = Vec::new();
    for node in graph.node.iter().rev() {
        if !depends(&node, &reached) || !node.output.iter().any(|output| needed.contains(output.as_str())) {
            continue;
        }
        let known = if crate::proto::is_own(&node.domain) { rules::rule(&node.op_type) } else { None };
        let rule = known.ok_or_else(|| no_gradient(node, "there is no rule for it"))?;
        let wanted: Vec<bool> = node.input.iter().map(|input| reached.contains(input.as_str())).collect();
        let on_the_way = node.input.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        needed.extend(on_the_way.map(|(input, _)| input.as_str()));
        steps.push(Step { node: node.clone(), rule, wanted });
    }
    steps.reverse();
    match steps.is_empty() {
        true => Err("the output does not depend on the picture".into()),
        false => Ok(steps),
    }
}
