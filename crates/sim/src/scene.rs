//! The parts of a world that one picture is painted from.

use super::light::Light;
use super::object::Object;
use super::road::Road;
use super::section::{CrossSection, Markings};
use super::shadow::ShadowGrid;
use super::surface::Surface;
use super::terrain::Terrain;

/// The world's own parts or their stand-ins, without what is left out.
pub(super) struct Scene<'a> {
    pub road: &'a Road,
    pub section: &'a CrossSection,
    pub light: &'a Light,
    /// The light that the sky is painted by.
    pub sky: &'a Light,
    pub surface: &'a Surface,
    pub terrain: &'a Terrain,
    pub markings: Option<&'a Markings>,
    pub objects: Option<&'a [Object]>,
    pub shadows: Option<&'a ShadowGrid>,
}
