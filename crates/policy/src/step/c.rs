//! A step as a header in C: arrays and loops, for where there is no runtime and no memory to give out.

use super::{Node, Operation, Program, Shape, Value, walk};
use crate::Policy;
use anyhow::Context as _;
use std::fmt::Write as _;

/// One step of a policy as the text of a C99 header of its own: `NAME_step(self, image, elapsed)` returns the curvature in
/// 1/m, left positive, and keeps the state in `self`, which `NAME_reset` sets to the start. The picture has three planes,
/// red first, in 0 to 1. It allocates nothing; all scratch memory lies in `self`.
///
/// # Errors
/// When the policy's parameters are not those of its kind.
pub fn c_header(policy: &Policy) -> anyhow::Result<String> {
    let program = walk::program(policy)?;
    let name = policy.kind().to_string().replace('-', "_");
    let name = format!("liquid_lane_{name}");
    let layout = Scratch::new(&program);
    let size = policy.input_size();
    let guard = name.to_uppercase();
    let mut states = String::new();
    for (state, before, _) in &program.states {
        let _ = writeln!(states, "    float {state}[{}]; /* zero at the start of a drive */", program.len(*before));
    }
    let mut text = format!(
        "/* One step of the lane-keeping policy {}, written by liquid-lane {}. C99, no allocation; needs libm.\n\
         \x20  image: 3 planes (red, green, blue) of {} rows of {} pixels in 0 to 1; elapsed: seconds since the frame before.\n\
         \x20  The result is the path curvature in 1/m, left positive. */\n\
         #ifndef {guard}_H\n#define {guard}_H\n\n#include <math.h>\n#include <string.h>\n\n\
         #define {guard}_WIDTH {}\n#define {guard}_HEIGHT {}\n\n\
         typedef struct {{\n{states}    float scratch[{}];\n}} {name};\n\n\
         static void {name}_reset({name} *self) {{ memset(self, 0, sizeof *self); }}\n\n",
        policy.kind(),
        env!("CARGO_PKG_VERSION"),
        size.height,
        size.width,
        size.width,
        size.height,
        layout.length,
    );
    text += &FUNCTIONS.replace("NAME", &name);
    let mut arrays = Arrays { name: name.clone(), written: Vec::new(), text: String::new() };
    let mut body = String::new();
    for (number, node) in program.nodes.iter().enumerate() {
        let line = statement(&program, &layout, &mut arrays, Value(number), node, &name);
        if !line.is_empty() {
            let _ = writeln!(body, "    {line} /* {} */", node.name);
        }
    }
    text += &arrays.text;
    let command = layout.place(&program, &arrays, program.command.context("a step has a command")?);
    let _ = writeln!(text, "\nstatic float {name}_step({name} *self, const float *image, float elapsed) {{");
    text += "    float *s = self->scratch;\n    float command;\n    (void)elapsed;\n";
    text += &body;
    let _ = writeln!(text, "    command = {command}[0];");
    for (state, _, after) in &program.states {
        let (from, length) = (layout.place(&program, &arrays, *after), program.len(*after));
        let _ = writeln!(text, "    memcpy(self->{state}, {from}, {length} * sizeof(float));");
    }
    let _ = writeln!(text, "    return command;\n}}\n\n#endif");
    Ok(text)
}

/// What the steps call.
const FUNCTIONS: &str = r"static void NAME_whiten(float *y, const float *x, int n) {
    double mean = 0.0, variance = 0.0;
    float least = 1.0f / sqrtf((float)n), deviation;
    int i;
    for (i = 0; i < n; i++) mean += x[i];
    mean /= n;
    for (i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
    deviation = (float)sqrt(variance / n);
    if (deviation < least) deviation = least;
    for (i = 0; i < n; i++) y[i] = (x[i] - (float)mean) / deviation;
}

static void NAME_conv_relu(float *y, const float *x, const float *w, const float *b, int filters, int channels, int rows,
                           int columns, int out_rows, int out_columns, int kernel, int stride, int padding) {
    int f, r, c, k, i, j;
    for (f = 0; f < filters; f++)
        for (r = 0; r < out_rows; r++)
            for (c = 0; c < out_columns; c++) {
                float sum = b[f];
                for (k = 0; k < channels; k++)
                    for (i = 0; i < kernel; i++)
                        for (j = 0; j < kernel; j++) {
                            int row = r * stride + i - padding, column = c * stride + j - padding;
                            if (row >= 0 && row < rows && column >= 0 && column < columns)
                                sum += w[((f * channels + k) * kernel + i) * kernel + j] *
                                       x[(k * rows + row) * columns + column];
                        }
                y[(f * out_rows + r) * out_columns + c] = sum > 0.0f ? sum : 0.0f;
            }
}

static void NAME_dense(float *y, const float *x, const float *w, const float *b, int outputs, int inputs) {
    int i, j;
    for (i = 0; i < outputs; i++) {
        float sum = b ? b[i] : 0.0f;
        for (j = 0; j < inputs; j++) sum += w[i * inputs + j] * x[j];
        y[i] = sum;
    }
}

";

/// Numbers that are always the same, each array once.
struct Arrays {
    name: String,
    written: Vec<(String, String)>,
    text: String,
}

impl Arrays {
    fn floats(&mut self, numbers: &[f32]) -> String {
        let numbers = numbers.iter().map(|number| format!("{number:e}f")).collect::<Vec<_>>();
        self.array("float", &numbers)
    }

    fn places(&mut self, places: &[usize]) -> String {
        let places = places.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.array("int", &places)
    }

    fn array(&mut self, kind: &str, numbers: &[String]) -> String {
        let joined = numbers.join(",");
        if let Some((name, _)) = self.written.iter().find(|(_, written)| *written == joined) {
            return name.clone();
        }
        let name = format!("{}_w{}", self.name, self.written.len());
        let lines = numbers.chunks(16).map(|chunk| chunk.join(",")).collect::<Vec<_>>().join(",\n    ");
        let _ = writeln!(self.text, "static const {kind} {name}[{}] = {{\n    {lines}}};", numbers.len());
        self.written.push((name.clone(), joined));
        name
    }
}

/// Where values lie in the scratch memory: a place is used again when its value is read for the last time.
struct Scratch {
    /// By number of the value; none for inputs, constants and what needs no place of its own.
    places: Vec<Option<usize>>,
    length: usize,
}

impl Scratch {
    fn new(program: &Program) -> Self {
        let mut last_use: Vec<usize> = (0..program.nodes.len()).collect();
        for (number, node) in program.nodes.iter().enumerate() {
            node.of.iter().for_each(|value| last_use[root(program, *value).0] = number);
        }
        let kept = program.states.iter().map(|(_, _, after)| *after).chain(program.command);
        kept.for_each(|value| last_use[root(program, value).0] = usize::MAX);
        let mut places: Vec<Option<usize>> = vec![None; program.nodes.len()];
        let mut used: Vec<(usize, usize, usize)> = Vec::new(); // start, end, value
        let mut length = 0;
        for (number, node) in program.nodes.iter().enumerate() {
            if matches!(node.operation, Operation::Input | Operation::Constant(_) | Operation::Flatten) {
                continue;
            }
            used.retain(|(.., value)| last_use[*value] >= number);
            used.sort_unstable();
            let size = node.shape.len();
            let mut start = 0;
            for (from, to, _) in &used {
                if start + size <= *from {
                    break;
                }
                start = start.max(*to);
            }
            used.push((start, start + size, number));
            length = length.max(start + size);
            places[number] = Some(start);
        }
        Self { places, length }
    }

    /// A value as an expression in C.
    fn place(&self, program: &Program, arrays: &Arrays, value: Value) -> String {
        let value = root(program, value);
        let node = program.node(value);
        match &node.operation {
            Operation::Input if node.name == "image" => "image".into(),
            Operation::Input if node.name == "elapsed" => "(&elapsed)".into(),
            Operation::Input => format!("self->{}", node.name),
            Operation::Constant(numbers) => {
                let joined = numbers.iter().map(|number| format!("{number:e}f")).collect::<Vec<_>>().join(",");
                let found = arrays.written.iter().find(|(_, written)| *written == joined);
                found.map(|(name, _)| name.clone()).unwrap_or_default()
            }
            _ => format!("(s + {})", self.places[value.0].unwrap_or_default()),
        }
    }
}

/// A map as a row is the same numbers.
fn root(program: &Program, value: Value) -> Value {
    match program.node(value) {
        Node { operation: Operation::Flatten, of, .. } => root(program, of[0]),
        _ => value,
    }
}

fn statement(
    program: &Program,
    scratch: &Scratch,
    arrays: &mut Arrays,
    value: Value,
    node: &Node,
    name: &str,
) -> String {
    let length = node.shape.len();
    match &node.operation {
        Operation::Input | Operation::Flatten => return String::new(),
        Operation::Constant(numbers) => {
            arrays.floats(numbers);
            return String::new();
        }
        _ => {}
    }
    let of: Vec<String> = node.of.iter().map(|value| scratch.place(program, arrays, *value)).collect();
    let y = scratch.place(program, arrays, value);
    let each = |expression: &str| format!("for (int i = 0; i < {length}; i++) {y}[i] = {expression};");
    let x = |at: usize| match program.len(node.of[at]) {
        1 => format!("{}[0]", of[at]),
        _ => format!("{}[i]", of[at]),
    };
    match &node.operation {
        Operation::Input | Operation::Flatten | Operation::Constant(_) => String::new(),
        Operation::Whiten => format!("{name}_whiten({y}, {}, {length});", of[0]),
        Operation::ConvRelu { weight, bias, kernel, stride, padding } => {
            let (Shape::Map([channels, rows, columns]), Shape::Map([filters, out_rows, out_columns])) =
                (program.node(node.of[0]).shape, node.shape)
            else {
                return String::new();
            };
            let (weight, bias) = (arrays.floats(weight), arrays.floats(bias));
            format!(
                "{name}_conv_relu({y}, {}, {weight}, {bias}, {filters}, {channels}, {rows}, {columns}, {out_rows}, \
                 {out_columns}, {kernel}, {stride}, {padding});",
                of[0]
            )
        }
        Operation::Dense { weight, bias } => {
            let inputs = program.len(node.of[0]);
            let weight = arrays.floats(weight);
            let bias = bias.as_ref().map_or("0".into(), |bias| arrays.floats(bias));
            format!("{name}_dense({y}, {}, {weight}, {bias}, {length}, {inputs});", of[0])
        }
        Operation::Gather(places) => {
            let places = arrays.places(places);
            each(&format!("{}[{places}[i]]", of[0]))
        }
        Operation::Slice(start) => each(&format!("{}[i + {start}]", of[0])),
        Operation::Concat => {
            let mut start = 0;
            let parts = node.of.iter().zip(&of).map(|(value, from)| {
                let length = program.len(*value);
                start += length;
                format!("memcpy({y} + {}, {from}, {length} * sizeof(float));", start - length)
            });
            parts.collect::<Vec<_>>().join(" ")
        }
        Operation::Add => each(&format!("{} + {}", x(0), x(1))),
        Operation::Sub => each(&format!("{} - {}", x(0), x(1))),
        Operation::Mul => each(&format!("{} * {}", x(0), x(1))),
        Operation::Div => each(&format!("{} / {}", x(0), x(1))),
        Operation::Tanh => each(&format!("tanhf({})", x(0))),
        Operation::Sigmoid => each(&format!("1.0f / (1.0f + expf(-{}))", x(0))),
        Operation::Relu => each(&format!("{0} > 0.0f ? {0} : 0.0f", x(0))),
        Operation::Exp => each(&format!("expf({})", x(0))),
        Operation::Abs => each(&format!("fabsf({})", x(0))),
        Operation::Erf => each(&format!("erff({})", x(0))),
        Operation::Clip(most) => each(&format!("fminf(fmaxf({}, {:e}f), {most:e}f)", x(0), -most)),
    }
}
