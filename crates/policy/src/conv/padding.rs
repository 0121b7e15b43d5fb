//! Zeros around images, so that the kernels meet no edges.

use std::borrow::Cow;

/// Adds a border of zeros.
pub(super) fn pad_image(image: &[f32], width: usize, channels: usize, padding: usize) -> Cow<'_, [f32]> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_of_zeros_surrounds_the_image() {
        let padded = pad_image(&[1.0, 2.0, 3.0, 4.0], 2, 1, 1);
        let expected = [[0.0; 4], [0.0, 1.0, 2.0, 0.0], [0.0, 3.0, 4.0, 0.0], [0.0; 4]];
        assert_eq!(padded, expected.concat());
    }
}
