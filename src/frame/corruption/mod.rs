//! Placeholder.
use super::RgbImage;
/// What spoils an image, and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corruption {
    /// 1 to 5.
    pub severity: u8,
}
impl Corruption {
    /// Spoils an image.
    pub fn apply(&self, _image: &mut RgbImage, _seed: u64, _tick: u64) {}
}
