//! The parts of a look that differ from weather to weather; `weather` has the table.

use super::colour::Rgb;
use super::texture::Texture;

/// The lower and the upper end of what is drawn.
pub(super) type Span = (f32, f32);

/// Everything that a weather decides. The rest of a look is drawn alike in every weather.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Share of the demonstrations for training that show it; 0 holds it back for tests.
    pub training_share: f32,
    pub sky: Sky,
    pub precipitation: Precipitation,
    /// Kinds of ground beside the road.
    pub grounds: &'static [Ground],
    /// Spread of red and of blue of a ground against its green, as a share.
    pub ground_tint: f32,
    /// Colour of all leaves; `None` leaves them green.
    pub leaves: Option<Rgb>,
    /// Dust or snow on the whole road.
    pub dust: Option<Dust>,
    /// Colour of the strip between the wheel tracks of a gravel road; `None` leaves it to grass and dirt.
    pub strip: Option<Rgb>,
    /// By how much wheel tracks are darker than the rest of the road.
    pub dark_tracks: f32,
    /// Wetness of the road, where it rains: 0 dry, 1 shining.
    pub wetness: Option<Span>,
    /// Whether ground, leaves and what lies on the road have any colours in place of those above.
    pub any_colours: bool,
    /// Paint on roads of two lanes.
    pub painted: bool,
}

/// The sky, and with it all light but the headlights'.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sky {
    /// Sun, cloud, overcast and low sun in a varied mix.
    Day,
    /// Closed cloud with a little haze.
    Overcast { brightness: Span, haze_per_m: Span },
    /// Closed cloud down to the ground.
    Fog { brightness: Span, fog_per_m: Span },
    /// No light but the moon's and the headlights'.
    Night,
}

/// Rain or snow between camera and road.
#[derive(Clone, Copy, Debug)]
pub(super) enum Precipitation {
    None,
    Streaks,
    Flakes,
}

/// A kind of ground: its reflectance and the texture of its grain.
pub(super) type Ground = (Rgb, Texture);

/// Dust, slush or the like that has settled on a road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dust {
    pub colour: Rgb,
    /// Share of the road's own colour that it hides.
    pub share: Span,
}
