//! Parts of a picture, from the simulator's exact masks, and how much of a map lies on each.

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
    /// See [`Masks::outline`].
    Outline,
}

/// A region of fewer pixels is left out of a frame: its share would be chance.
const LEAST_PIXELS: usize = 10;

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
            Self::Outline => masks.outline(),
        };
        (pixels.iter().filter(|inside| **inside).count() >= LEAST_PIXELS).then_some(pixels)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::Size;

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
}
