//! The thing that every pixel shows, from the same ray as its colour.

use lane_frame::Size;

/// The outline reaches as many pixels to both sides as the width is multiples of this.
const WIDTHS_PER_OUTLINE: u32 = 40;

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

    /// How many pixels the outline reaches to either side of the road's edge in a picture of this size.
    pub fn outline_reach(size: Size) -> usize {
        (size.width / WIDTHS_PER_OUTLINE).max(1) as usize
    }

    /// Which pixels lie near the edge of the road: within 1/40 of the picture's width, 3 pixels of 120, of both road and
    /// something else.
    pub fn outline(&self) -> Vec<bool> {
        let reach = Self::outline_reach(self.size);
        let road: Vec<bool> = self.bits.iter().map(|bits| bits & Self::ROAD != 0).collect();
        let elsewhere: Vec<bool> = road.iter().map(|road| !road).collect();
        let (road, elsewhere) = (grown(&road, self.size, reach), grown(&elsewhere, self.size, reach));
        road.iter().zip(elsewhere).map(|(road, elsewhere)| *road && elsewhere).collect()
    }

    /// Share of the picture with any of the flags of `bit`, 0 to 1.
    pub fn share(&self, bit: u8) -> f32 {
        self.bits.iter().filter(|bits| **bits & bit != 0).count() as f32 / self.bits.len().max(1) as f32
    }
}

/// Everything within `reach` rows and columns of what is marked.
fn grown(marked: &[bool], size: Size, reach: usize) -> Vec<bool> {
    let (width, height) = (size.width as usize, size.height as usize);
    let near = |at: usize, limit: usize| at.saturating_sub(reach)..(at + reach + 1).min(limit);
    let along: Vec<bool> =
        (0..marked.len()).map(|i| marked[i - i % width..][near(i % width, width)].contains(&true)).collect();
    (0..marked.len()).map(|i| near(i / width, height).any(|row| along[row * width + i % width])).collect()
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
