//! VisualBackProp (Bojarski et al. 2018) as in Lechner et al. 2020, Algorithm 7: the channel means of the rectified
//! feature maps, deepest first, each enlarged to the size of the layer below by a transposed convolution with all-ones
//! weights and multiplied by that layer's mean. Alike for every policy; the published scripts used two procedures.

use super::map::SaliencyMap;
use crate::frame::Size;
use crate::policy::conv::ConvShape;
use crate::policy::encoder::EncoderKind;
use crate::policy::to_vec;
use burn::tensor::Tensor;

/// The map of the first frame of a batch, in units of the product of mean activities.
///
/// # Shapes
/// - maps: one `[batch, rows, columns, filters]` per convolution of `encoder`, from the image on
pub fn visual_backprop(encoder: EncoderKind, maps: &[Tensor<4>]) -> SaliencyMap {
    let shapes = encoder.shapes();
    let mut relevance: Option<Vec<f32>> = None;
    for (map, shape) in maps.iter().zip(&shapes).rev() {
        let mean = channel_mean(map);
        let relevant = match relevance {
            None => mean,
            Some(above) => above.iter().zip(&mean).map(|(above, mean)| above * mean).collect(),
        };
        relevance = Some(spread(&relevant, shape));
    }
    let Size { width, height } = encoder.input_size();
    SaliencyMap { size: Size { width, height }, values: relevance.unwrap_or_default() }
}

/// Mean over filters of the first frame: `[rows · columns]`.
fn channel_mean(map: &Tensor<4>) -> Vec<f32> {
    let [_, _, _, filters] = map.dims();
    let first = to_vec(map.clone().narrow(0, 0, 1));
    first.chunks_exact(filters).map(|pixel| pixel.iter().sum::<f32>() / filters as f32).collect()
}

/// Transposed convolution with all-ones weights: every output pixel gives its value to each input pixel of its window.
fn spread(output: &[f32], shape: &ConvShape) -> Vec<f32> {
    let mut input = vec![0.0; shape.in_height * shape.in_width];
    for (y, row) in output.chunks_exact(shape.out_width()).enumerate() {
        for in_y in window(y, shape, shape.in_height) {
            for (x, value) in row.iter().enumerate() {
                for pixel in &mut input[in_y * shape.in_width..][window(x, shape, shape.in_width)] {
                    *pixel += value;
                }
            }
        }
    }
    input
}

/// The input rows or columns under one output row or column.
fn window(at: usize, shape: &ConvShape, limit: usize) -> std::ops::Range<usize> {
    let start = at * shape.stride;
    start.saturating_sub(shape.padding)..(start + shape.kernel - shape.padding).min(limit)
}
