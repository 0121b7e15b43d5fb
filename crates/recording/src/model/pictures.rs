//! The source of a recording's pictures: files of its folder, or frames of a video or container.

use std::fmt::{self, Debug};

use lane_frame::{RgbImage, Size};

/// The picture of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PictureRef {
    /// A file, relative to the recording's folder.
    File(String),
    /// A frame of a video, or a message of a container.
    Frame {
        /// Number of the video or topic in the recording, from 0.
        stream: u32,
        /// Position in it, from 0, in the order in which the frames are shown.
        index: u32,
    },
}

impl fmt::Display for PictureRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Frame { index, .. } => write!(f, "frame {index}"),
        }
    }
}

/// The pictures of one recording, read in any order, and fast in order. Errors say in words what is wrong with the
/// one picture.
pub(crate) trait Pictures: Send + Sync + Debug {
    /// Decodes a picture.
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String>;

    /// Size of a picture, by its header.
    fn size(&self, picture: &PictureRef) -> Result<Size, String>;

    /// Size of a picture that is there from its first byte to its last, judged without decoding it.
    fn check(&self, picture: &PictureRef) -> Result<Size, String> {
        self.size(picture)
    }

    /// The picture as the JPEG that it is stored as; `None` where it is stored in another way.
    fn jpeg(&self, _picture: &PictureRef) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    /// True if pictures are fast only one after the other, by one reader: those of a video.
    fn are_sequential(&self) -> bool {
        false
    }
}
