//! The colours of a video: a stream states the range and the matrix of its samples in its sequence parameters. Without
//! such a note the range is limited and the matrix that of BT.601, as players take it for small videos.

use rusty_h265::ps::{Sps, Vui};
use yuv::{
    YuvGrayImage, YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv400_to_rgb, yuv420_to_rgb, yuv422_to_rgb,
    yuv444_to_rgb,
};

use crate::media::picture::check_size;
use lane_frame::RgbImage;

/// Range and matrix of a stream's samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colours {
    range: YuvRange,
    matrix: Matrix,
}

/// The matrix by its code, the same in H.264, H.265, AV1 and MP4 (ITU-T H.273, table 4).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Matrix {
    Known(YuvStandardMatrix),
    /// One that is not of brightness and two differences of colour.
    Other(u8),
}

/// Columns and rows of a picture for each sample of colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chroma {
    /// No colour at all.
    None,
    Half,
    HalfColumns,
    Full,
}

impl Colours {
    /// Of a stream that says nothing.
    pub const UNSTATED: Self = Self { range: YuvRange::Limited, matrix: Matrix::Known(YuvStandardMatrix::Bt601) };

    /// By the flag of the range and the code of the matrix.
    pub fn by_code(is_full_range: bool, code: u8) -> Self {
        let range = if is_full_range { YuvRange::Full } else { YuvRange::Limited };
        let matrix = match code {
            1 => Matrix::Known(YuvStandardMatrix::Bt709),
            4 => Matrix::Known(YuvStandardMatrix::Fcc),
            7 => Matrix::Known(YuvStandardMatrix::Smpte240),
            9 | 10 => Matrix::Known(YuvStandardMatrix::Bt2020),
            // 5 and 6 are BT.601; 2 is "unspecified", and 3 is reserved.
            2 | 3 | 5 | 6 => Matrix::Known(YuvStandardMatrix::Bt601),
            other => Matrix::Other(other),
        };
        Self { range, matrix }
    }

    /// Of an H.265 stream; `None` where it says nothing.
    pub fn of_hevc(sps: &Sps) -> Option<Self> {
        let of_vui = |vui: &Vui| {
            // The parser leaves 0, the code of RGB, where the stream has no code.
            let code = if vui.colour_primaries == 0 && vui.matrix_coeffs == 0 { 2 } else { vui.matrix_coeffs };
            Self::by_code(vui.video_full_range_flag, code)
        };
        sps.vui.as_ref().map(of_vui)
    }

    /// The picture of three planes, each with the bytes of a row.
    pub fn rgb(
        self,
        chroma: Chroma,
        [y, u, v]: [(&[u8], u32); 3],
        (width, height): (u32, u32),
    ) -> Result<RgbImage, String> {
        let matrix = match self.matrix {
            Matrix::Known(matrix) => matrix,
            Matrix::Other(code) => return Err(format!("colours of matrix {code} of ITU-T H.273 are not read")),
        };
        let size = check_size((width, height))?;
        let mut image = RgbImage::new(size.width, size.height);
        let stride = 3 * size.width;
        let planes = YuvPlanarImage {
            y_plane: y.0,
            y_stride: y.1,
            u_plane: u.0,
            u_stride: u.1,
            v_plane: v.0,
            v_stride: v.1,
            width,
            height,
        };
        match chroma {
            Chroma::None => {
                let grey = YuvGrayImage { y_plane: y.0, y_stride: y.1, width, height };
                yuv400_to_rgb(&grey, image.as_mut(), stride, self.range, matrix)
            }
            Chroma::Half => yuv420_to_rgb(&planes, image.as_mut(), stride, self.range, matrix),
            Chroma::HalfColumns => yuv422_to_rgb(&planes, image.as_mut(), stride, self.range, matrix),
            Chroma::Full => yuv444_to_rgb(&planes, image.as_mut(), stride, self.range, matrix),
        }
        .map_err(|error| error.to_string())?;
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_samples_are_other_colours_by_another_range_and_matrix() {
        // Of BT.709 at limited range: pure red has Y 63, Cb 102, Cr 240 (ITU-R BT.709, table 3, items 3.2 to 3.5).
        let planes = [(&[63; 4][..], 2), (&[102][..], 1), (&[240][..], 1)];
        let red = |colours: Colours| colours.rgb(Chroma::Half, planes, (2, 2)).unwrap().get_pixel(0, 0).0;
        let [r, g, b] = red(Colours::by_code(false, 1));
        assert!(r > 252 && g < 3 && b < 3, "{r} {g} {b}");
        assert_ne!(red(Colours::UNSTATED), [r, g, b]);
        let white =
            |is_full| Colours::by_code(is_full, 1).rgb(Chroma::None, [(&[235; 4], 2), (&[], 0), (&[], 0)], (2, 2));
        assert_eq!([true, false].map(|is_full| white(is_full).unwrap().get_pixel(1, 1).0), [[235; 3], [255; 3]]);
        assert!(Colours::by_code(false, 8).rgb(Chroma::Half, planes, (2, 2)).unwrap_err().contains("matrix 8"));
    }
}
