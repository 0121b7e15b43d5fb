//! One step of a whole policy as a list of plain operations, from which files for other programs are written: an ONNX
//! graph, and a header in C. What a policy computes is walked through once, in `walk`.
//!
//! A step takes the picture in 0 to 1, channel by channel, the state and the seconds since the frame before, and gives
//! the commanded curvature in 1/m, left positive, and the next state.

mod c;
mod onnx;
#[cfg(test)]
mod tests;
mod walk;

pub use c::c_header;
pub use onnx::onnx_graph;

/// Rows of numbers, or the planes of a map, for each sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Channels, rows, columns.
    Map([usize; 3]),
    /// As many numbers.
    Row(usize),
}

impl Shape {
    /// Numbers of a sample.
    fn len(self) -> usize {
        match self {
            Self::Map(sides) => sides.iter().product(),
            Self::Row(length) => length,
        }
    }
}

/// A value of a [`Program`], by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value(usize);

/// What makes a value of others.
#[derive(Clone, Debug, PartialEq)]
enum Operation {
    /// Comes from outside.
    Input,
    /// Always the same.
    Constant(Vec<f32>),
    /// `(x − mean) / max(sd, 1/√n)` over the whole map.
    Whiten,
    /// Filters `[filters, channels, kernel, kernel]`, then at 0 where it is negative.
    ConvRelu {
        weight: Vec<f32>,
        bias: Vec<f32>,
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    /// A map as a row, channel by channel.
    Flatten,
    /// `W·x + b`, `W` row by row.
    Dense {
        weight: Vec<f32>,
        bias: Option<Vec<f32>>,
    },
    /// The numbers at these places.
    Gather(Vec<usize>),
    /// The numbers from this place on, as many as the value has.
    Slice(usize),
    /// One behind the other.
    Concat,
    Add,
    Sub,
    Mul,
    Div,
    Tanh,
    Sigmoid,
    Relu,
    Exp,
    Abs,
    Erf,
    /// Between minus and plus this.
    Clip(f32),
}

/// A value, what makes it, and of what.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    shape: Shape,
    operation: Operation,
    of: Vec<Value>,
}

/// A step: nodes in the order in which they run.
#[derive(Debug, Default)]
struct Program {
    nodes: Vec<Node>,
    /// The picture.
    image: Option<Value>,
    /// States by name, each with the value that is the next one.
    states: Vec<(String, Value, Value)>,
    /// Seconds since the frame before, where there is a memory.
    elapsed: Option<Value>,
    /// Curvature in 1/m.
    command: Option<Value>,
}

impl Program {
    fn node(&self, value: Value) -> &Node {
        &self.nodes[value.0]
    }

    fn len(&self, value: Value) -> usize {
        self.node(value).shape.len()
    }

    fn push(&mut self, name: &str, shape: Shape, operation: Operation, of: &[Value]) -> Value {
        let taken = |name: &str| self.nodes.iter().any(|node| node.name == name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
        self.nodes.push(Node { name: free, shape, operation, of: of.to_vec() });
        Value(self.nodes.len() - 1)
    }

    fn input(&mut self, name: &str, shape: Shape) -> Value {
        self.push(name, shape, Operation::Input, &[])
    }

    fn constant(&mut self, name: &str, numbers: Vec<f32>) -> Value {
        self.push(name, Shape::Row(numbers.len()), Operation::Constant(numbers), &[])
    }

    fn dense(&mut self, name: &str, x: Value, weight: Vec<f32>, bias: Option<Vec<f32>>) -> Value {
        let outputs = weight.len() / self.len(x).max(1);
        self.push(name, Shape::Row(outputs), Operation::Dense { weight, bias }, &[x])
    }

    fn gather(&mut self, name: &str, x: Value, places: Vec<usize>) -> Value {
        self.push(name, Shape::Row(places.len()), Operation::Gather(places), &[x])
    }

    fn slice(&mut self, name: &str, x: Value, start: usize, length: usize) -> Value {
        self.push(name, Shape::Row(length), Operation::Slice(start), &[x])
    }

    fn concat(&mut self, name: &str, parts: &[Value]) -> Value {
        let length = parts.iter().map(|part| self.len(*part)).sum();
        self.push(name, Shape::Row(length), Operation::Concat, parts)
    }

    /// Two values number by number; a lone number goes with each.
    fn both(&mut self, name: &str, operation: Operation, x: Value, y: Value) -> Value {
        let length = self.len(x).max(self.len(y));
        self.push(name, Shape::Row(length), operation, &[x, y])
    }

    fn each(&mut self, name: &str, operation: Operation, x: Value) -> Value {
        let shape = self.node(x).shape;
        self.push(name, shape, operation, &[x])
    }

    /// A value times a number.
    fn scaled(&mut self, name: &str, x: Value, factor: f32) -> Value {
        let factor = self.constant(&format!("{name}.factor"), vec![factor]);
        self.both(name, Operation::Mul, x, factor)
    }
}
