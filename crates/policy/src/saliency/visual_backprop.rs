//! VisualBackProp (Bojarski et al. 2018) by the three procedures that Lechner et al. 2020 left behind: Algorithm 7 of
//! the paper, and what its released scripts do instead, one way under recurrent heads and another under the CNN. All go
//! from the deepest feature map to the image, multiplying one channel mean per layer. Here each serves every policy,
//! because maps can be compared only if one procedure made them.

use super::map::{Attribution, SaliencyMap};
use super::plane::Plane;
use super::{Cost, Procedure, Situation};
use crate::conv::{ConvShape, FeatureMap};
use crate::encoder::EncoderKind;
use lane_frame::Size;

/// Algorithm 7 of the paper.
pub(super) const ALGORITHM_7: Procedure = Procedure {
    name: "VisualBackProp",
    short: "Alg. 7",
    cost: Cost::Quick,
    map: |situation| visual_backprop(situation.policy.kind().encoder(), &situation.seen.maps()).into(),
};

/// The script for recurrent heads.
pub(super) const RECURRENT_SCRIPT: Procedure = Procedure {
    name: "VisualBackProp, RNN script",
    short: "RNN",
    cost: Cost::Quick,
    map: |situation| enlarged(released_recurrent(situation.seen.image(), &situation.seen.maps()), situation),
};

/// The script for the CNN.
pub(super) const CONVOLUTIONAL_SCRIPT: Procedure = Procedure {
    name: "VisualBackProp, CNN script",
    short: "CNN",
    cost: Cost::Quick,
    map: |situation| enlarged(released_convolutional(&situation.seen.maps()), situation),
};

fn enlarged(plane: Plane, situation: &Situation<'_>) -> Attribution {
    let size = situation.policy.input_size();
    SaliencyMap { size, values: plane.at_size(size) }.into()
}

/// Algorithm 7: each product is enlarged by a transposed convolution with all-ones weights, down to the image. In units
/// of the product of mean activities.
///
/// # Shapes
/// - maps: one per convolution of `encoder`, from the image on
pub fn visual_backprop(encoder: EncoderKind, maps: &[FeatureMap<'_>]) -> SaliencyMap {
    let shapes = encoder.shapes();
    let mut relevance: Option<Vec<f32>> = None;
    for (map, shape) in maps.iter().zip(&shapes).rev() {
        let mean = Plane::channel_mean(map, None).values;
        let relevant = match relevance {
            None => mean,
            Some(above) => above.iter().zip(&mean).map(|(above, mean)| above * mean).collect(),
        };
        relevance = Some(spread(&relevant, shape));
    }
    let Size { width, height } = encoder.input_size();
    SaliencyMap { size: Size { width, height }, values: relevance.unwrap_or_default() }
}

/// The script for recurrent heads: every channel divided by its maximum, bilinear enlargement, and the whitened image
/// multiplied in as one more layer, so that what is bright in the picture is bright in the map. 0 to 1, at image size.
///
/// # Shapes
/// - whitened: the picture; maps: one per convolution, from the image on
pub fn released_recurrent(whitened: FeatureMap<'_>, maps: &[FeatureMap<'_>]) -> Plane {
    let layers = std::iter::once(&whitened).chain(maps);
    let means: Vec<Plane> = layers.map(|layer| Plane::channel_mean(layer, Some(&one_per_maximum(layer)))).collect();
    product_upwards(&means)
}

/// The script for the CNN: plain means, bilinear enlargement, and no further down than the first feature map. 0 to 1,
/// at that map's size.
///
/// # Shapes
/// As [`released_recurrent`].
pub fn released_convolutional(maps: &[FeatureMap<'_>]) -> Plane {
    let means: Vec<Plane> = maps.iter().map(|map| Plane::channel_mean(map, None)).collect();
    product_upwards(&means)
}

/// Keeps silent channels from dividing by 0, as in the released script.
const ABOVE_MAXIMUM: f32 = 1e-4;

/// `1 / (maximum + 1e-4)` of each channel.
fn one_per_maximum(layer: &FeatureMap<'_>) -> Vec<f32> {
    let mut most = vec![f32::NEG_INFINITY; layer.channels];
    for place in layer.rows().flat_map(|row| row.chunks_exact(layer.channels)) {
        most.iter_mut().zip(place).for_each(|(most, value)| *most = most.max(*value));
    }
    most.iter().map(|most| 1.0 / (most + ABOVE_MAXIMUM)).collect()
}

/// The deepest mean, enlarged to the layer below and multiplied by its mean, again and again; then from 0 to 1.
fn product_upwards(means: &[Plane]) -> Plane {
    let deepest_first = means.iter().rev().cloned();
    let product = deepest_first.reduce(|above, mean| above.enlarged(mean.height, mean.width).times(&mean));
    product.map_or_else(|| unreachable!("an encoder has layers"), Plane::min_max)
}

/// Transposed convolution with all-ones weights: every output pixel gives its value to each input pixel of its window,
/// first along its row, then across rows.
fn spread(output: &[f32], shape: &ConvShape) -> Vec<f32> {
    let mut input = vec![0.0; shape.in_height * shape.in_width];
    let mut along_row = vec![0.0; shape.in_width];
    for (y, row) in output.chunks_exact(shape.out_width()).enumerate() {
        along_row.fill(0.0);
        for (x, value) in row.iter().enumerate() {
            along_row[window(x, shape, shape.in_width)].iter_mut().for_each(|pixel| *pixel += value);
        }
        let rows = window(y, shape, shape.in_height);
        for pixels in input.chunks_exact_mut(shape.in_width).take(rows.end).skip(rows.start) {
            pixels.iter_mut().zip(&along_row).for_each(|(pixel, value)| *pixel += value);
        }
    }
    input
}

/// The input rows or columns under one output row or column.
fn window(at: usize, shape: &ConvShape, limit: usize) -> std::ops::Range<usize> {
    let start = at * shape.stride;
    start.saturating_sub(shape.padding)..(start + shape.kernel - shape.padding).min(limit)
}
