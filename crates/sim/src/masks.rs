//! The thing that every pixel shows, from the same ray as its colour.

use lane_frame::Size;

/// Bit flags per pixel, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masks {
    /// Size of the picture they belong to.
    pub size: Size,
    /// One byte of flags per pixel.
    pub bits: Vec<u8>,
}

impl Masks {
    /// Asphalt or gravel, paint included.
    pub const ROAD: u8 = 1;
    /// The lane driven in; on a single track all of the road.
    pub const OWN_LANE: u8 = 2;
    /// Mostly covered by paint, however worn.
    pub const MARKING: u8 = 4;
    /// A tree, bush, pole, post or house hides what is behind it: no other flag is set.
    pub const OBJECT: u8 = 8;
    /// Above the horizon, far hills included.
    pub const SKY: u8 = 16;
    /// Bare strip between road and verge.
    pub const SHOULDER: u8 = 32;

    /// No flag set anywhere.
    pub fn new(size: Size) -> Self {
        Self { size, bits: vec![0; size.pixels()] }
    }

    /// Share of the picture with any of the flags of `bit`, 0 to 1.
    pub fn share(&self, bit: u8) -> f32 {
        self.bits.iter().filter(|bits| **bits & bit != 0).count() as f32 / self.bits.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_counts_pixels_with_any_of_the_flags() {
        let mut masks = Masks::new(Size::new(4, 1));
        masks.bits = vec![Masks::ROAD | Masks::MARKING, Masks::SKY, 0, Masks::ROAD];
        assert_eq!(masks.share(Masks::ROAD), 0.5);
        assert_eq!(masks.share(Masks::ROAD | Masks::SKY), 0.75);
    }
}
