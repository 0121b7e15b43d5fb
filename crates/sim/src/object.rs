//! One upright thing beside a road.

use super::colour::Rgb;
use super::sprite::{Sprite, sprites};

/// The kind of an object; the number chooses among the pictures of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Broadleaf(u8),
    Conifer(u8),
    Bush(u8),
    Pole,
    Post,
    House(u8),
}

/// One upright object that turns its picture to the camera.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub kind: Kind,
    /// Place on the plane and along the road.
    pub x: f32,
    pub y: f32,
    pub s: f32,
    /// From the lane centre, left positive.
    pub offset: f32,
    pub height_m: f32,
    pub width_m: f32,
    /// Reflectance of both materials.
    pub albedo: [Rgb; 2],
}

impl Object {
    pub(super) fn sprite(&self) -> &'static Sprite {
        match self.kind {
            Kind::Broadleaf(i) => &sprites().broadleaf[i as usize],
            Kind::Conifer(i) => &sprites().conifer[i as usize],
            Kind::Bush(i) => &sprites().bush[i as usize],
            Kind::Pole => &sprites().pole,
            Kind::Post => &sprites().post,
            Kind::House(i) => &sprites().house[i as usize],
        }
    }
}
