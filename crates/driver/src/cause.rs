//! Parts of the scene that can be taken out of a moment, to see what they do to the steering.

use lane_sim::{Asphalt, Factors, Roadside};

/// A part of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Trees, bushes, poles, posts and houses with their shadows.
    Objects,
    /// Paint on the road.
    Paint,
    /// Grain, stains, tracks and patches of the road: it becomes one colour.
    Asphalt,
    /// Shadows on the ground.
    Shadows,
    /// Clouds, sun, hills: the sky becomes one colour.
    Sky,
    /// Everything off the road: the ground becomes one colour, and nothing stands on it.
    OffRoad,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Objects, Self::Paint, Self::Asphalt, Self::Shadows, Self::Sky, Self::OffRoad];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Objects => "roadside objects",
            Self::Paint => "paint",
            Self::Asphalt => "asphalt texture",
            Self::Shadows => "shadows",
            Self::Sky => "sky",
            Self::OffRoad => "all off the road",
        }
    }

    /// A scene of these factors without it.
    pub fn taken_out_of(self, factors: Factors) -> Factors {
        match self {
            Self::Objects => Factors { objects: false, ..factors },
            Self::Paint => Factors { markings: false, ..factors },
            Self::Asphalt => Factors { asphalt: Asphalt::Plain, ..factors },
            Self::Shadows => Factors { shadows: false, ..factors },
            Self::Sky => Factors { sky: false, ..factors },
            Self::OffRoad => Factors { roadside: Roadside::Plain, ..factors },
        }
    }

    /// The whole scene without it.
    pub fn factors(self) -> Factors {
        self.taken_out_of(Factors::default())
    }
}
