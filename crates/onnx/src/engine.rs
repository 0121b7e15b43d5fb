//! The runtime: a graph ready to run, on threads of its own, for no longer and with no more memory than is allowed.

use crate::graph::{Element, Graph, Port, Side};
use crate::proto::ValueInfoProto;
use crate::sizes::Sizes;
use crate::tensor::{Numbers, Tensor};
use crate::watch::{Limits, Stopped, Watch};
use anyhow::{anyhow, bail};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A graph that can be run. Copies share it; each run has a thread, of which there are as many as runs at a time.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    model: Arc<Model>,
    inputs: Vec<(NodeId, Port)>,
    limits: Limits,
    sizes: Sizes,
    /// Shapes of inputs with which the graph is known to stay within its limits.
    fitting: Mutex<Vec<Vec<Vec<usize>>>>,
    idle: Mutex<Vec<Worker>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("model", &self.shared.model).finish()
    }
}

impl Engine {
    /// Makes a graph ready, with these values in between as outputs besides its own.
    ///
    /// # Errors
    /// When it has an operator that is not supported, naming it and its node, or takes too long or too much memory.
    pub fn load(graph: &Graph, in_between: &[String], limits: Limits) -> anyhow::Result<Self> {
        let mut graph = graph.clone();
        graph.add_outputs(in_between.iter().map(|name| ValueInfoProto { name: name.clone(), r#type: None }));
        let bytes = graph.to_bytes();
        let load = move || {
            let mut options = ModelOptions::with_all_ops();
            options.prepack_weights(true);
            options.load(bytes).map_err(|error| (error.node().map(str::to_owned), one_line(&error.to_string())))
        };
        let (given, answer) = sync_channel(1);
        std::thread::Builder::new().name("onnx load".into()).spawn(move || {
            let loaded = catch_unwind(AssertUnwindSafe(load));
            // Nobody waits for it if it took too long.
            drop(given.send(loaded.unwrap_or_else(|_| Err((None, "the runtime gave up on it".into())))));
        })?;
        let model = match Watch::new(limits).wait(&answer) {
            Ok(Ok(model)) => Arc::new(model),
            Ok(Err((node, why))) => bail!(graph.refusal(node.as_deref(), &why)),
            Err(stopped) => bail!("making the graph ready {stopped}"),
        };
        let port = |port: &Port| {
            let id = model.find_node(&port.name).ok_or_else(|| anyhow!("input `{}` is lost", port.name))?;
            Ok((id, port.clone()))
        };
        let inputs = graph.inputs().iter().map(port).collect::<anyhow::Result<Vec<_>>>()?;
        let sizes = Sizes::new(graph.proto());
        let (fitting, idle) = (Mutex::default(), Mutex::default());
        Ok(Self { shared: Arc::new(Shared { model, inputs, limits, sizes, fitting, idle }) })
    }

    /// Refuses inputs with which the graph would take more memory than it may, as far as shapes tell.
    fn check_sizes(&self, inputs: &[Tensor]) -> Result<(), String> {
        let Shared { inputs: ports, limits, sizes, fitting, .. } = &*self.shared;
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape.clone()).collect();
        let mut fitting = fitting.lock().unwrap_or_else(PoisonError::into_inner);
        if !fitting.contains(&shapes) {
            let named = ports.iter().zip(&shapes).map(|((_, port), shape)| (port.name.as_str(), shape.as_slice()));
            sizes.check(named, limits.bytes)?;
            fitting.push(shapes);
        }
        Ok(())
    }

    /// Runs the graph: its inputs in its order, and the values that are asked for by their names.
    ///
    /// # Errors
    /// When an input does not fit, an operator fails, or it takes too long or too much memory; in one line.
    pub fn run(&self, inputs: Vec<Tensor>, outputs: &[&str]) -> Result<Vec<Tensor>, String> {
        let Shared { model, inputs: ports, limits, idle, .. } = &*self.shared;
        if inputs.len() != ports.len() {
            return Err(format!("expected {} inputs, got {}", ports.len(), inputs.len()));
        }
        self.check_sizes(&inputs)?;
        let with_id = |((id, port), tensor): (&(NodeId, Port), Tensor)| {
            check(port, &tensor)?;
            Ok((*id, into_value(tensor)?))
        };
        let inputs = ports.iter().zip(inputs).map(with_id).collect::<Result<Vec<_>, String>>()?;
        let id = |name: &&str| model.find_node(name).ok_or_else(|| format!("there is no value `{name}` in the graph"));
        let outputs = outputs.iter().map(id).collect::<Result<Vec<_>, String>>()?;
        let worker = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = worker.map_or_else(|| Worker::start(Arc::clone(model)), Ok)?;
        let (reply, answer) = sync_channel(1);
        let asked = worker.jobs.send(Job { inputs, outputs, reply });
        asked.map_err(|_| "the runtime's thread has ended".to_owned())?;
        match Watch::new(*limits).wait(&answer) {
            Ok(values) => {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                values?.into_iter().map(from_value).collect()
            }
            // The thread that cannot be stopped is left to itself.
            Err(stopped @ Stopped::Died) => Err(stopped.to_string()),
            Err(stopped) => Err(format!("running the graph {stopped}")),
        }
    }
}

/// A tensor as the runtime takes it.
fn into_value(tensor: Tensor) -> Result<Value, String> {
    let shape = tensor.shape.as_slice();
    let misfit = |error: &dyn std::fmt::Display| format!("numbers and shape {shape:?} do not fit: {error}");
    match tensor.numbers {
        Numbers::Float(numbers) => Value::from_shape(shape, numbers).map_err(|error| misfit(&error)),
        Numbers::Int(numbers) => Value::from_shape(shape, numbers).map_err(|error| misfit(&error)),
        Numbers::Byte(numbers) => Value::from_shape(shape, numbers).map_err(|error| misfit(&error)),
        Numbers::SignedByte(numbers) => Value::from_shape(shape, numbers).map_err(|error| misfit(&error)),
    }
}

/// What the runtime gives as a tensor.
fn from_value(value: Value) -> Result<Tensor, String> {
    Ok(match value {
        Value::FloatTensor(tensor) => {
            Tensor { shape: tensor.shape().to_vec(), numbers: Numbers::Float(tensor.into_data()) }
        }
        Value::Int32Tensor(tensor) => {
            Tensor { shape: tensor.shape().to_vec(), numbers: Numbers::Int(tensor.into_data()) }
        }
        Value::UInt8Tensor(tensor) => {
            Tensor { shape: tensor.shape().to_vec(), numbers: Numbers::Byte(tensor.into_data()) }
        }
        Value::Int8Tensor(tensor) => {
            Tensor { shape: tensor.shape().to_vec(), numbers: Numbers::SignedByte(tensor.into_data()) }
        }
        _ => return Err("an output is a sequence; expected tensors".into()),
    })
}

fn check(port: &Port, tensor: &Tensor) -> Result<(), String> {
    let element = match tensor.numbers {
        Numbers::Float(_) => Element::Float,
        Numbers::Int(_) => Element::Int,
        Numbers::Byte(_) => Element::Byte,
        Numbers::SignedByte(_) => Element::SignedByte,
    };
    let fits = |sides: &Vec<Side>| {
        let pairs = sides.iter().zip(&tensor.shape);
        sides.len() == tensor.shape.len()
            && pairs.clone().all(|(side, got)| side.length().is_none_or(|side| side == *got))
    };
    if element == port.element && port.shape.as_ref().is_none_or(fits) {
        return Ok(());
    }
    Err(format!("input {port}: got {element} {:?}", tensor.shape))
}

/// One run.
struct Job {
    inputs: Vec<(NodeId, Value)>,
    outputs: Vec<NodeId>,
    reply: SyncSender<Result<Vec<Value>, String>>,
}

/// A thread that runs a graph, one job after the other.
struct Worker {
    jobs: Sender<Job>,
}

impl Worker {
    fn start(model: Arc<Model>) -> Result<Self, String> {
        let (jobs, receiver) = channel();
        let thread = std::thread::Builder::new().name("onnx".into());
        let work = move || {
            // The runtime's own pool, entered once: a run from within it passes no more threads.
            let pool = Arc::new(ThreadPool::with_num_threads(1));
            let inside = Arc::clone(&pool);
            pool.run(move || serve(&model, &receiver, &inside));
        };
        thread.spawn(work).map_err(|error| format!("no thread for the runtime: {error}"))?;
        Ok(Self { jobs })
    }
}

fn serve(model: &Model, jobs: &Receiver<Job>, pool: &Arc<ThreadPool>) {
    for Job { inputs, outputs, reply } in jobs {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let inputs = inputs.into_iter().map(|(id, value)| (id, value.into())).collect();
        let run = AssertUnwindSafe(|| model.run(inputs, &outputs, Some(options)));
        let values = catch_unwind(run).map_err(|_| "the runtime gave up on it".to_owned());
        let values = values.and_then(|values| values.map_err(|error| one_line(&error.to_string())));
        // Nobody waits for it if it took too long.
        drop(reply.send(values));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
