//! Convolution with bias and ReLU, forward and backward, on plain slices. Images are height x width x channel, so that
//! a row of a filter window is one contiguous run and output channels are the SIMD lanes.
//!
//! All three passes are the same outer-product sum, [`accumulate`]: a block of results is held in registers while the
//! kernel walks along the sum. No patch matrix is built. Frames of a batch run in parallel; partial weight gradients
//! are added in frame order, so that results do not depend on the number of threads.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Size of one convolution layer: square kernel, same stride and zero padding in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Rows of the input.
    pub in_height: usize,
    /// Columns of the input.
    pub in_width: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Filters.
    pub out_channels: usize,
    /// Side of the filter window.
    pub kernel: usize,
    /// Step of the filter window.
    pub stride: usize,
    /// Rows and columns of zeros on every side of the input.
    pub padding: usize,
}

impl ConvShape {
    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        (self.in_height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        (self.in_width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Numbers in one input image.
    pub fn in_len(&self) -> usize {
        self.in_height * self.in_width * self.in_channels
    }

    /// Numbers in one output image.
    pub fn out_len(&self) -> usize {
        self.out_height() * self.out_width() * self.out_channels
    }

    /// Numbers in one filter.
    pub fn window_len(&self) -> usize {
        self.kernel * self.kernel * self.in_channels
    }

    /// Numbers in one row of a filter.
    fn run_len(&self) -> usize {
        self.kernel * self.in_channels
    }

    /// Output channels rounded up to whole vectors of 16: the widest register of any supported machine.
    fn lanes(&self) -> usize {
        self.out_channels.next_multiple_of(LANES)
    }
}

/// Channels are padded to this many, a whole number of vectors on every instruction set.
const LANES: usize = 16;

/// Results in a block of a narrow row. Full blocks hold 12 vectors of results, which leaves registers for the operands
/// on machines that have 16 of them and keeps both multipliers of a core busy for the latency of one addition.
const SMALL_BLOCK: usize = 3;

/// Starts of blocks that cover `0..length`; the last one is moved back to fit.
///
/// # Panics
/// If a block is longer than the whole.
fn block_starts(length: usize, block: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(block).map(move |start| start.min(length - block))
}

/// Frames per partial weight gradient. Fixed, so that the order of additions is the same on any machine.
const FRAMES_PER_PART: usize = 8;

/// `relu(conv(input, weight) + bias)` for a batch.
///
/// # Shapes
/// - input: `[batch, in_height, in_width, in_channels]`
/// - weight: `[kernel, kernel, in_channels, out_channels]`, bias: `[out_channels]`
/// - returns: `[batch, out_height, out_width, out_channels]`
///
/// # Panics
/// If a slice has another length than the shapes say.
pub fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    assert_eq!(input.len() % shape.in_len(), 0, "input is whole images of {shape:?}");
    assert_eq!(weight.len(), shape.window_len() * shape.out_channels, "weight fits {shape:?}");
    let weight = pad_rows(weight, shape.out_channels, shape.lanes());
    let bias = pad_rows(bias, shape.out_channels, shape.lanes());
    let batch = input.len() / shape.in_len();
    let mut output = vec![0.0; batch * shape.out_len()];
    output.par_chunks_mut(shape.out_len()).zip(input.par_chunks(shape.in_len())).for_each(|(output, input)| {
        let input = pad_image(input, shape.in_width, shape.in_channels, shape.padding);
        let job = Forward { shape, input: &input, weight: &weight, bias: &bias, output };
        pulp::Arch::new().dispatch(job);
    });
    output
}

/// Gradients of a layer, for a gradient of its output.
pub struct ConvGradients {
    /// `[batch, in_height, in_width, in_channels]`, if asked for.
    pub input: Option<Vec<f32>>,
    /// `[kernel, kernel, in_channels, out_channels]`
    pub weight: Vec<f32>,
    /// `[out_channels]`
    pub bias: Vec<f32>,
}

/// Gradients of [`forward`]: `output` is what it returned and tells where the ReLU was open.
///
/// # Panics
/// If a slice has another length than the shapes say.
pub fn backward(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    output: &[f32],
    d_output: &[f32],
    wants_d_input: bool,
) -> ConvGradients {
    let batch = input.len() / shape.in_len();
    assert_eq!(output.len(), batch * shape.out_len(), "output is of the same batch");
    assert_eq!(d_output.len(), output.len(), "one gradient per output");
    let transposed = wants_d_input.then(|| TransposedWeight::new(shape, weight));
    let parts: Vec<Part> = (0..batch.div_ceil(FRAMES_PER_PART))
        .into_par_iter()
        .map(|part| {
            let mut sum = Part::new(shape, wants_d_input);
            for frame in part * FRAMES_PER_PART..batch.min((part + 1) * FRAMES_PER_PART) {
                let input = &input[frame * shape.in_len()..(frame + 1) * shape.in_len()];
                let outputs = frame * shape.out_len()..(frame + 1) * shape.out_len();
                let outputs = [&output[outputs.clone()], &d_output[outputs]];
                sum.add_frame(shape, input, outputs, transposed.as_ref());
            }
            sum
        })
        .collect();
    let mut weight = vec![0.0; shape.window_len() * shape.lanes()];
    let mut bias = vec![0.0; shape.lanes()];
    let mut d_input = wants_d_input.then(|| Vec::with_capacity(batch * shape.in_len()));
    for part in parts {
        add_to(&mut weight, &part.weight);
        add_to(&mut bias, &part.bias);
        if let Some(all) = &mut d_input {
            all.extend_from_slice(&part.input);
        }
    }
    bias.truncate(shape.out_channels);
    ConvGradients { input: d_input, weight: unpad_rows(&weight, shape.out_channels, shape.lanes()), bias }
}

fn add_to(sum: &mut [f32], part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// Gradient before the ReLU, channels padded to whole vectors, and its sum over pixels added to the bias gradient.
struct ThroughRelu<'a> {
    channels: usize,
    output: &'a [f32],
    d_output: &'a [f32],
    d_sum: &'a mut [f32],
    d_bias: &'a mut [f32],
}

impl WithSimd for ThroughRelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (d_sum, _) = S::as_mut_simd_f32s(self.d_sum);
        let (d_bias, _) = S::as_mut_simd_f32s(self.d_bias);
        let zero = simd.splat_f32s(0.0);
        let pixels = self.output.chunks_exact(self.channels).zip(self.d_output.chunks_exact(self.channels));
        for (d_sum, (output, d_output)) in d_sum.chunks_exact_mut(d_bias.len()).zip(pixels) {
            let values = output.chunks(S::F32_LANES).zip(d_output.chunks(S::F32_LANES));
            for ((d_sum, d_bias), (output, d_output)) in d_sum.iter_mut().zip(d_bias.iter_mut()).zip(values) {
                let open = simd.greater_than_f32s(simd.partial_load_f32s(output), zero);
                *d_sum = simd.select_f32s(open, simd.partial_load_f32s(d_output), zero);
                *d_bias = simd.add_f32s(*d_bias, *d_sum);
            }
        }
    }
}

/// Gradients summed over a few frames, in order.
struct Part {
    weight: Vec<f32>,
    bias: Vec<f32>,
    input: Vec<f32>,
}

impl Part {
    fn new(shape: &ConvShape, wants_d_input: bool) -> Self {
        let input = if wants_d_input { Vec::with_capacity(FRAMES_PER_PART * shape.in_len()) } else { Vec::new() };
        Self { weight: vec![0.0; shape.window_len() * shape.lanes()], bias: vec![0.0; shape.lanes()], input }
    }

    fn add_frame(
        &mut self,
        shape: &ConvShape,
        input: &[f32],
        [output, d_output]: [&[f32]; 2],
        transposed: Option<&TransposedWeight>,
    ) {
        let simd = pulp::Arch::new();
        let mut d_sum = vec![0.0; shape.out_height() * shape.out_width() * shape.lanes()];
        let (channels, d_bias) = (shape.out_channels, &mut self.bias[..]);
        simd.dispatch(ThroughRelu { channels, output, d_output, d_sum: &mut d_sum, d_bias });
        let padded = pad_image(input, shape.in_width, shape.in_channels, shape.padding);
        simd.dispatch(WeightGradient { shape, input: &padded, d_sum: &d_sum, d_weight: &mut self.weight });
        if let Some(transposed) = transposed {
            self.input.extend_from_slice(&transposed.input_gradient(shape, &d_sum));
        }
    }
}

/// Filters rearranged for the gradient of the input: one stride-1 filter per phase of the stride, taps reversed.
struct TransposedWeight {
    /// Shape of the stride-1 convolutions over the gradient of the output.
    inner: ConvShape,
    /// Per phase (row phase, then column phase): `[taps, taps, out lanes, in lanes]`.
    phases: Vec<Vec<f32>>,
}

impl TransposedWeight {
    fn new(shape: &ConvShape, weight: &[f32]) -> Self {
        let taps = shape.kernel.div_ceil(shape.stride);
        let (stride, padding) = (shape.stride, taps - 1);
        // Phase (r, c) of the padded input: rows r, r + stride, ...; the first of them meets output row 0 with its last tap.
        let rows = (shape.in_height + 2 * shape.padding).div_ceil(stride);
        let columns = (shape.in_width + 2 * shape.padding).div_ceil(stride);
        let inner = ConvShape {
            in_height: rows - taps + 1,
            in_width: columns - taps + 1,
            in_channels: shape.lanes(),
            out_channels: shape.in_channels,
            kernel: taps,
            stride: 1,
            padding,
        };
        let phases = (0..stride * stride)
            .map(|phase| Self::phase(shape, weight, &inner, [phase / stride, phase % stride]))
            .collect();
        Self { inner, phases }
    }

    fn phase(shape: &ConvShape, weight: &[f32], inner: &ConvShape, [row, column]: [usize; 2]) -> Vec<f32> {
        let (taps, lanes, in_lanes) = (inner.kernel, shape.lanes(), inner.lanes());
        let mut flipped = vec![0.0; taps * taps * lanes * in_lanes];
        for (tap, flipped) in flipped.chunks_exact_mut(lanes * in_lanes).enumerate() {
            let ky = row + (taps - 1 - tap / taps) * shape.stride;
            let kx = column + (taps - 1 - tap % taps) * shape.stride;
            if ky >= shape.kernel || kx >= shape.kernel {
                continue;
            }
            for channel in 0..shape.in_channels {
                for filter in 0..shape.out_channels {
                    let from = ((ky * shape.kernel + kx) * shape.in_channels + channel) * shape.out_channels + filter;
                    flipped[filter * in_lanes + channel] = weight[from];
                }
            }
        }
        flipped
    }

    fn input_gradient(&self, shape: &ConvShape, d_sum: &[f32]) -> Vec<f32> {
        let inner = &self.inner;
        let d_sum = fit_image(d_sum, [shape.out_height(), shape.out_width()], inner);
        let d_sum = pad_image(&d_sum, inner.in_width, inner.in_channels, inner.padding);
        let no_bias = vec![0.0; inner.lanes()];
        let mut d_input = vec![0.0; shape.in_len()];
        let mut phase_output = vec![0.0; inner.out_len()];
        for (phase, weight) in self.phases.iter().enumerate() {
            let job = Forward { shape: inner, input: &d_sum, weight, bias: &no_bias, output: &mut phase_output };
            pulp::Arch::new().dispatch(Linear(job));
            scatter_phase(shape, inner, &phase_output, [phase / shape.stride, phase % shape.stride], &mut d_input);
        }
        d_input
    }
}

/// Cuts or zero-fills rows and columns at the end: with a stride, the last ones of the input may meet no output.
fn fit_image(image: &[f32], [height, width]: [usize; 2], to: &ConvShape) -> Vec<f32> {
    let channels = to.in_channels;
    let mut fitted = vec![0.0; to.in_len()];
    let run = width.min(to.in_width) * channels;
    for row in 0..height.min(to.in_height) {
        let (target, source) = (row * to.in_width * channels, row * width * channels);
        fitted[target..target + run].copy_from_slice(&image[source..source + run]);
    }
    fitted
}

/// Writes one phase of the padded input's gradient to the pixels of the input that it belongs to.
fn scatter_phase(shape: &ConvShape, inner: &ConvShape, phase: &[f32], [row, column]: [usize; 2], d_input: &mut [f32]) {
    let channels = shape.in_channels;
    let unpadded = |at: usize, offset: usize, limit: usize| {
        (at * shape.stride + offset).checked_sub(shape.padding).filter(|at| *at < limit)
    };
    for y in 0..inner.out_height() {
        let Some(in_y) = unpadded(y, row, shape.in_height) else { continue };
        for x in 0..inner.out_width() {
            let Some(in_x) = unpadded(x, column, shape.in_width) else { continue };
            let source = (y * inner.out_width() + x) * channels;
            let target = (in_y * shape.in_width + in_x) * channels;
            d_input[target..target + channels].copy_from_slice(&phase[source..source + channels]);
        }
    }
}

/// Copies rows of `from` numbers into rows of `to` numbers, zero-filled.
fn pad_rows(rows: &[f32], from: usize, to: usize) -> Vec<f32> {
    let mut padded = vec![0.0; rows.len() / from * to];
    for (padded, row) in padded.chunks_exact_mut(to).zip(rows.chunks_exact(from)) {
        padded[..from].copy_from_slice(row);
    }
    padded
}

fn unpad_rows(rows: &[f32], to: usize, from: usize) -> Vec<f32> {
    rows.chunks_exact(from).flat_map(|row| &row[..to]).copied().collect()
}

/// Adds a border of zeros.
fn pad_image(image: &[f32], width: usize, channels: usize, padding: usize) -> std::borrow::Cow<'_, [f32]> {
    if padding == 0 {
        return image.into();
    }
    let (run, padded_run) = (width * channels, (width + 2 * padding) * channels);
    let height = image.len() / run;
    let mut padded = vec![0.0; (height + 2 * padding) * padded_run];
    for (row, source) in image.chunks_exact(run).enumerate() {
        let start = (row + padding) * padded_run + padding * channels;
        padded[start..start + run].copy_from_slice(source);
    }
    padded.into()
}

/// One padded image through one layer.
struct Forward<'a> {
    shape: &'a ConvShape,
    input: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.run::<S, true>(simd);
    }
}

/// The same without the ReLU.
struct Linear<'a>(Forward<'a>);

impl WithSimd for Linear<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.run::<S, false>(simd);
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn run<S: Simd, const RELU: bool>(self, simd: S) {
        let shape = self.shape;
        let vectors = shape.lanes() / S::F32_LANES;
        let (weight, _) = S::as_simd_f32s(self.weight);
        let (bias, _) = S::as_simd_f32s(self.bias);
        let in_row = (shape.in_width + 2 * shape.padding) * shape.in_channels;
        for (y, row) in self.output.chunks_exact_mut(shape.out_width() * shape.out_channels).enumerate() {
            let mut first = 0;
            // Passes over the output channels: as many vectors at a time as one block of registers takes.
            while first < vectors {
                let pass = pass_width(vectors - first);
                let columns = Columns {
                    shape,
                    weight,
                    bias,
                    vectors,
                    first,
                    in_row,
                    input: &self.input[y * shape.stride * in_row..],
                };
                match pass {
                    4 => columns.run::<S, 4, 3, RELU>(simd, row),
                    3 => columns.run::<S, 3, 4, RELU>(simd, row),
                    2 => columns.run::<S, 2, 6, RELU>(simd, row),
                    _ => columns.run::<S, 1, 12, RELU>(simd, row),
                }
                first += pass;
            }
        }
    }
}

/// Vectors of one pass.
fn pass_width(left: usize) -> usize {
    if left == 5 { 3 } else { left.min(4) }
}

/// One output row, for some vectors of output channels.
struct Columns<'a, V> {
    shape: &'a ConvShape,
    /// From the first input row under this output row on.
    input: &'a [f32],
    weight: &'a [V],
    bias: &'a [V],
    vectors: usize,
    first: usize,
    in_row: usize,
}

impl<V: Copy> Columns<'_, V> {
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const VECTORS: usize, const PIXELS: usize, const RELU: bool>(
        &self,
        simd: S,
        row: &mut [f32],
    ) {
        let width = self.shape.out_width();
        // Blocks may overlap at the end of the row: the same pixel is then written twice, with the same value.
        if width >= PIXELS {
            block_starts(width, PIXELS).for_each(|x| self.block::<S, VECTORS, PIXELS, RELU>(simd, row, x));
        } else if width >= SMALL_BLOCK {
            block_starts(width, SMALL_BLOCK).for_each(|x| self.block::<S, VECTORS, SMALL_BLOCK, RELU>(simd, row, x));
        } else {
            (0..width).for_each(|x| self.block::<S, VECTORS, 1, RELU>(simd, row, x));
        }
    }

    #[inline(always)]
    fn block<S: Simd<f32s = V>, const VECTORS: usize, const PIXELS: usize, const RELU: bool>(
        &self,
        simd: S,
        row: &mut [f32],
        x: usize,
    ) {
        let shape = self.shape;
        let step = shape.stride * shape.in_channels;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
        for sum in &mut sums {
            sum.copy_from_slice(&self.bias[self.first..self.first + VECTORS]);
        }
        for ky in 0..shape.kernel {
            let input = &self.input[ky * self.in_row + x * step..];
            let weight = &self.weight[ky * shape.run_len() * self.vectors + self.first..];
            let walk = Walk { steps: shape.run_len(), block_stride: step, step_stride: 1, row_stride: self.vectors };
            accumulate(simd, &mut sums, input, weight, walk);
        }
        for (pixel, sum) in sums.iter().enumerate() {
            let start = (x + pixel) * shape.out_channels;
            let channel = self.first * S::F32_LANES;
            let output = &mut row[start + channel..start + shape.out_channels.min(channel + VECTORS * S::F32_LANES)];
            for (output, sum) in output.chunks_mut(S::F32_LANES).zip(sum) {
                let value = if RELU { simd.max_f32s(*sum, simd.splat_f32s(0.0)) } else { *sum };
                simd.partial_store_f32s(output, value);
            }
        }
    }
}

/// Adds one frame's gradient of the filters: the sum runs over output pixels.
struct WeightGradient<'a> {
    shape: &'a ConvShape,
    input: &'a [f32],
    d_sum: &'a [f32],
    d_weight: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.shape.lanes() / S::F32_LANES;
        let (d_sum, _) = S::as_simd_f32s(self.d_sum);
        let (d_weight, _) = S::as_mut_simd_f32s(self.d_weight);
        let mut first = 0;
        while first < vectors {
            let pass = pass_width(vectors - first);
            let taps = Taps { shape: self.shape, input: self.input, d_sum, vectors, first };
            match pass {
                4 => taps.run::<S, 4, 3>(simd, d_weight),
                3 => taps.run::<S, 3, 4>(simd, d_weight),
                2 => taps.run::<S, 2, 6>(simd, d_weight),
                _ => taps.run::<S, 1, 12>(simd, d_weight),
            }
            first += pass;
        }
    }
}

/// All taps of the filters, for some vectors of output channels.
struct Taps<'a, V> {
    shape: &'a ConvShape,
    input: &'a [f32],
    d_sum: &'a [V],
    vectors: usize,
    first: usize,
}

impl<V: Copy> Taps<'_, V> {
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const VECTORS: usize, const TAPS: usize>(&self, simd: S, d_weight: &mut [V]) {
        let run = self.shape.run_len();
        for ky in 0..self.shape.kernel {
            if run >= TAPS {
                let mut done = 0;
                for tap in block_starts(run, TAPS) {
                    self.block::<S, VECTORS, TAPS>(simd, d_weight, ky, tap, done);
                    done = tap + TAPS;
                }
            } else {
                (0..run).for_each(|tap| self.block::<S, VECTORS, 1>(simd, d_weight, ky, tap, tap));
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd<f32s = V>, const VECTORS: usize, const TAPS: usize>(
        &self,
        simd: S,
        d_weight: &mut [V],
        ky: usize,
        tap: usize,
        done: usize,
    ) {
        let shape = self.shape;
        let in_row = (shape.in_width + 2 * shape.padding) * shape.in_channels;
        let walk = Walk {
            steps: shape.out_width(),
            block_stride: 1,
            step_stride: shape.stride * shape.in_channels,
            row_stride: self.vectors,
        };
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; TAPS];
        for y in 0..shape.out_height() {
            let input = &self.input[(y * shape.stride + ky) * in_row + tap..];
            let d_sum = &self.d_sum[y * shape.out_width() * self.vectors + self.first..];
            accumulate(simd, &mut sums, input, d_sum, walk);
        }
        // Blocks may overlap at the end of the run: taps before `done` have had their sum.
        for (offset, sum) in sums.iter().enumerate().skip(done - tap) {
            let start = (ky * shape.run_len() + tap + offset) * self.vectors + self.first;
            for (total, sum) in d_weight[start..start + VECTORS].iter_mut().zip(sum) {
                *total = simd.add_f32s(*total, *sum);
            }
        }
    }
}

/// How [`accumulate`] walks along its two operands.
#[derive(Clone, Copy)]
struct Walk {
    /// Terms of the sum.
    steps: usize,
    /// Distance between the scalars of neighbouring results.
    block_stride: usize,
    /// Distance between the scalars of neighbouring terms.
    step_stride: usize,
    /// Distance between the vectors of neighbouring terms.
    row_stride: usize,
}

/// `sums[b][v] += Σ_r scalars[b · block_stride + r · step_stride] · vectors[r · row_stride + v]`
#[inline(always)]
#[allow(unsafe_code, reason = "bounds are asserted once, before the loop; checks inside it halve its speed")]
fn accumulate<S: Simd, const VECTORS: usize, const BLOCK: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; BLOCK],
    scalars: &[f32],
    vectors: &[S::f32s],
    walk: Walk,
) {
    let last = walk.steps - 1;
    assert!((BLOCK - 1) * walk.block_stride + last * walk.step_stride < scalars.len(), "scalars reach the last term");
    assert!(last * walk.row_stride + VECTORS <= vectors.len(), "vectors reach the last term");
    for step in 0..walk.steps {
        // SAFETY: step <= last, v < VECTORS and b < BLOCK, so both indices are within what was asserted above.
        let row: [S::f32s; VECTORS] =
            std::array::from_fn(|v| unsafe { *vectors.get_unchecked(step * walk.row_stride + v) });
        for (b, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let scalar = unsafe { *scalars.get_unchecked(b * walk.block_stride + step * walk.step_stride) };
            let scalar = simd.splat_f32s(scalar);
            for (sum, row) in sums.iter_mut().zip(row) {
                *sum = simd.mul_add_e_f32s(scalar, row, *sum);
            }
        }
    }
}
