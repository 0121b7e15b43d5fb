//! Filters as PyTorch keeps them, and as the kernels read them: filters side by side, padded to whole vectors.

use super::{ConvShape, WIDEST};

/// `[filters, channels, kernel, kernel]` to `[kernel, kernel, channels, lanes]`.
pub(super) fn pack(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
    let (taps, lanes) = (shape.kernel * shape.kernel, shape.lanes());
    let mut packed = vec![0.0; shape.window_len() * lanes];
    for (block, filters) in weight.chunks(WIDEST * shape.window_len()).enumerate() {
        let filters: Vec<&[f32]> = filters.chunks_exact(shape.window_len()).collect();
        for channel in 0..shape.in_channels {
            for tap in 0..taps {
                let side_by_side = &mut packed[(tap * shape.in_channels + channel) * lanes + block * WIDEST..];
                for (value, filter) in side_by_side.iter_mut().zip(&filters) {
                    *value = filter[channel * taps + tap];
                }
            }
        }
    }
    packed
}

/// Undoes [`pack`].
pub(super) fn unpack(shape: &ConvShape, packed: &[f32]) -> Vec<f32> {
    let (taps, lanes) = (shape.kernel * shape.kernel, shape.lanes());
    let mut weight = Vec::with_capacity(shape.window_len() * shape.out_channels);
    for (filter, channel) in (0..shape.out_channels).flat_map(|filter| (0..shape.in_channels).map(move |c| (filter, c)))
    {
        weight.extend((0..taps).map(|tap| packed[(tap * shape.in_channels + channel) * lanes + filter]));
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stand_side_by_side_and_come_back_unchanged() {
        let (in_channels, out_channels, kernel) = (2, WIDEST + 3, 2);
        let shape = ConvShape { in_height: 4, in_width: 4, in_channels, out_channels, kernel, stride: 1, padding: 0 };
        let weight: Vec<f32> = (0..shape.window_len() * out_channels).map(|i| i as f32).collect();
        let packed = pack(&shape, &weight);
        let lanes = shape.lanes();
        assert!((out_channels..=2 * WIDEST).contains(&lanes), "19 filters in whole vectors");
        // Tap (0, 1) of channel 1 of filter 17: the third row of eight.
        assert_eq!(packed[3 * lanes + 17], weight[(17 * 2 + 1) * 4 + 1]);
        assert!(packed[3 * lanes + out_channels..4 * lanes].iter().all(|beside| *beside == 0.0));
        assert_eq!(unpack(&shape, &packed), weight);
    }
}
