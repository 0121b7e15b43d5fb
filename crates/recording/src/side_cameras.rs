//! Pictures of the cameras to the left and right of the centre one, where a recording has them: their names differ from
//! the centre picture's in that one word, as in `IMG/center_….jpg` and `IMG/left_….jpg`.

use crate::Recording;
use crate::model::pictures::PictureRef;
use lane_frame::RgbImage;

/// A camera beside the centre one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideCamera {
    /// To the left of it.
    Left,
    /// To the right of it.
    Right,
}

impl SideCamera {
    const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

impl Recording {
    /// The picture of a side camera for entry `i`; `None` where there is none that can be used.
    ///
    /// # Panics
    /// If `i` is not below [`Recording::len`].
    pub fn side_picture(&self, i: usize, camera: SideCamera) -> Option<RgbImage> {
        let PictureRef::File(center) = &self.entry(i).picture else { return None };
        self.pictures.read(&PictureRef::File(side_name(center, camera)?)).ok()
    }
}

/// The name with its last `center` replaced.
fn side_name(center: &str, camera: SideCamera) -> Option<String> {
    let at = center.rfind("center")?;
    Some(format!("{}{}{}", &center[..at], camera.word(), &center[at + "center".len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_side_picture_has_the_centre_pictures_name_but_for_one_word() {
        let left = |name| side_name(name, SideCamera::Left);
        assert_eq!(left("IMG/center_2021.jpg").as_deref(), Some("IMG/left_2021.jpg"));
        assert_eq!(left("center/center_7.png").as_deref(), Some("center/left_7.png"));
        assert_eq!(left("IMG/7.jpg"), None);
    }

    #[test]
    fn side_pictures_are_read_where_they_are_and_none_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let name = |camera: &str| format!("{camera}_2021_05_24_15_48_52_843.png");
        for (camera, grey) in [("center", 1), ("left", 2)] {
            RgbImage::from_pixel(32, 16, image::Rgb([grey; 3])).save(dir.path().join(name(camera))).unwrap();
        }
        let row = format!("{},{},{},0.5,0.4,0,30\n", name("center"), name("left"), name("right"));
        fs::write(dir.path().join("driving_log.csv"), row).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        let grey = |camera| recording.side_picture(0, camera).map(|image| image.get_pixel(0, 0)[0]);
        assert_eq!((grey(SideCamera::Left), grey(SideCamera::Right)), (Some(2), None));
    }
}
