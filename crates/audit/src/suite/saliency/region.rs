//! Parts of a picture, from the simulator's exact masks, and how much of a map lies on each.

use lane_frame::RgbImage;
use lane_frame::Size;
use lane_policy::saliency::map::SaliencyMap;
use lane_sim::Masks;
use serde::{Deserialize, Serialize};

/// A part of a picture. They overlap: the lane and its paint are on the road, the outline is in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Region {
    Road,
    Lane,
    Marking,
    /// All ground off the road, the shoulder included.
    Ground,
    Objects,
    Sky,
    /// What lies within 1/40 of the picture's width, 3 pixels of 120, of where the road begins.
    Outline,
}

/// A region of fewer pixels is left out of a frame: its share would be chance.
const LEAST_PIXELS: usize = 10;

/// The outline reaches as many pixels to both sides as the width is multiples of this.
const WIDTHS_PER_OUTLINE: u32 = 40;

impl Region {
    pub const ALL: [Self; 7] =
        [Self::Road, Self::Lane, Self::Marking, Self::Ground, Self::Objects, Self::Sky, Self::Outline];

    /// As a part of column names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Road => "road",
            Self::Lane => "lane",
            Self::Marking => "marking",
            Self::Ground => "ground",
            Self::Objects => "objects",
            Self::Sky => "sky",
            Self::Outline => "outline",
        }
    }

    /// For a reader.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Road => "road",
            Self::Lane => "own lane",
            Self::Marking => "paint",
            Self::Ground => "roadside ground",
            Self::Objects => "objects",
            Self::Sky => "sky",
            Self::Outline => "road outline",
        }
    }

    /// Which pixels belong to it; nothing where they are too few.
    pub fn pixels(self, masks: &Masks) -> Option<Vec<bool>> {
        let with = |bit: u8| masks.bits.iter().map(|bits| bits & bit != 0).collect::<Vec<_>>();
        let pixels = match self {
            Self::Road => with(Masks::ROAD),
            Self::Lane => with(Masks::OWN_LANE),
            Self::Marking => with(Masks::MARKING),
            Self::Ground => with(Masks::ROAD | Masks::OBJECT | Masks::SKY).iter().map(|other| !other).collect(),
            Self::Objects => with(Masks::OBJECT),
            Self::Sky => with(Masks::SKY),
            Self::Outline => outline(&with(Masks::ROAD), masks.size),
        };
        (pixels.iter().filter(|inside| **inside).count() >= LEAST_PIXELS).then_some(pixels)
    }
}

/// Pixels that are near both road and something else.
fn outline(road: &[bool], size: Size) -> Vec<bool> {
    let reach = (size.width / WIDTHS_PER_OUTLINE).max(1) as usize;
    let elsewhere: Vec<bool> = road.iter().map(|road| !road).collect();
    let (road, elsewhere) = (grown(road, size, reach), grown(&elsewhere, size, reach));
    road.iter().zip(elsewhere).map(|(road, elsewhere)| *road && elsewhere).collect()
}

/// Everything within `reach` rows and columns of what is marked.
fn grown(marked: &[bool], size: Size, reach: usize) -> Vec<bool> {
    let (width, height) = (size.width as usize, size.height as usize);
    let near = |at: usize, limit: usize| at.saturating_sub(reach)..(at + reach + 1).min(limit);
    let along: Vec<bool> =
        (0..marked.len()).map(|i| marked[i - i % width..][near(i % width, width)].contains(&true)).collect();
    (0..marked.len()).map(|i| near(i / width, height).any(|row| along[row * width + i % width])).collect()
}

/// Share of a map on some pixels over the share of a uniform map: 1 is no preference.
pub(super) fn times_uniform(map: &SaliencyMap, pixels: &[bool]) -> Option<f64> {
    let share = map.share_on(pixels.iter().copied())?;
    (share.of_uniform > 0.0).then(|| f64::from(share.of_map) / f64::from(share.of_uniform))
}

/// Whether the brightest pixel of a map is one of these, as 1 or 0: the pointing game.
pub(super) fn hit(map: &SaliencyMap, pixels: &[bool]) -> Option<f64> {
    map.mass()?;
    let brightest = map.values.iter().zip(pixels).reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(f64::from(u8::from(*brightest.1)))
}

/// Strength of the edges of a picture's brightness by Sobel's operator: what a map shows that knows no policy.
pub(super) fn edges(image: &RgbImage) -> SaliencyMap {
    let size = Size::new(image.width(), image.height());
    let grey: Vec<f32> = image
        .pixels()
        .map(|pixel| 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]))
        .collect();
    let (width, height) = (size.width as usize, size.height as usize);
    let mut values = vec![0.0; grey.len()];
    for row in 1..height.saturating_sub(1) {
        for column in 1..width.saturating_sub(1) {
            let at = |down: usize, right: usize| grey[(row + down - 1) * width + column + right - 1];
            let across = at(0, 2) + 2.0 * at(1, 2) + at(2, 2) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0);
            let down = at(2, 0) + 2.0 * at(2, 1) + at(2, 2) - at(0, 0) - 2.0 * at(0, 1) - at(0, 2);
            values[row * width + column] = (across * across + down * down).sqrt();
        }
    }
    SaliencyMap { size, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(80, 10);

    /// Road on the right half.
    fn masks() -> Masks {
        let bits = (0..SIZE.pixels()).map(|i| if i % 80 >= 40 { Masks::ROAD } else { 0 }).collect();
        Masks { size: SIZE, bits }
    }

    #[test]
    fn the_outline_reaches_equally_far_to_both_sides_of_the_road() {
        let outline = Region::Outline.pixels(&masks()).unwrap();
        for (i, inside) in outline.into_iter().enumerate() {
            assert_eq!(inside, (38..42).contains(&(i % 80)), "2 columns to each side of column 40: {i}");
        }
    }

    #[test]
    fn a_region_that_is_hardly_there_is_left_out() {
        assert!(Region::Marking.pixels(&masks()).is_none() && Region::Sky.pixels(&masks()).is_none());
    }

    #[test]
    fn a_map_on_the_road_alone_is_there_twice_as_dense_as_a_uniform_one_and_hits_it() {
        let road = Region::Road.pixels(&masks()).unwrap();
        let ground = Region::Ground.pixels(&masks()).unwrap();
        let mut values: Vec<f32> = road.iter().map(|road| f32::from(u8::from(*road))).collect();
        values[45] = 3.0;
        let map = SaliencyMap { size: SIZE, values };
        assert_eq!((times_uniform(&map, &road), times_uniform(&map, &ground)), (Some(2.0), Some(0.0)));
        assert_eq!((hit(&map, &road), hit(&map, &ground)), (Some(1.0), Some(0.0)));
        let blank = SaliencyMap { size: SIZE, values: vec![0.0; SIZE.pixels()] };
        assert_eq!((times_uniform(&blank, &road), hit(&blank, &road)), (None, None));
    }

    #[test]
    fn edges_are_where_the_brightness_changes() {
        let image = RgbImage::from_fn(80, 10, |x, _| image::Rgb([if x < 40 { 0 } else { 100 }; 3]));
        for (i, value) in edges(&image).values.iter().enumerate() {
            let (column, row) = (i % 80, i / 80);
            // 1 + 2 + 1 times the step, on both sides of it; no value at the picture's border.
            let expected = if (39..=40).contains(&column) && (1..9).contains(&row) { 400.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-3, "{column}, {row}: {value}");
        }
    }
}
