//! The pictures of one recording as a policy sees them, kept as far as there is room: a training goes over them many
//! times, and decoding costs as much as learning.

use lane_frame::{RgbImage, Size};
use lane_policy::preprocess::fit;
use lane_policy::weights::RecordedView;
use lane_recording::{Recording, SideCamera};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes of pictures that all recordings of a training keep: 60,000 of 120x48. Others are read each time.
const MOST_BYTES: usize = 1 << 30;

/// Room for pictures that several recordings share.
#[derive(Debug)]
pub(super) struct Room(AtomicUsize);

impl Room {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(MOST_BYTES)))
    }

    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn holds(&self, bytes: usize) -> bool {
        self.0.load(Ordering::Relaxed) >= bytes
    }
}

/// A camera of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Camera {
    Center,
    Side(SideCamera),
}

impl Camera {
    pub const SIDES: [Self; 2] = [Self::Side(SideCamera::Left), Self::Side(SideCamera::Right)];

    fn place(self) -> usize {
        match self {
            Self::Center => 0,
            Self::Side(SideCamera::Left) => 1,
            Self::Side(SideCamera::Right) => 2,
        }
    }
}

type Kept = OnceLock<Option<Arc<RgbImage>>>;

/// All pictures of a recording, each resized to a policy's input when it is first asked for.
#[derive(Debug)]
pub(super) struct Frames {
    recording: Arc<Recording>,
    /// The part of each picture that is seen; the recording's own view where there is none.
    view: Option<RecordedView>,
    size: Size,
    room: Arc<Room>,
    /// By camera and entry.
    kept: [Vec<Kept>; 3],
}

impl Frames {
    pub fn new(recording: Recording, view: Option<RecordedView>, size: Size, room: Arc<Room>) -> Self {
        let entries = recording.len();
        let kept = std::array::from_fn(|_| (0..entries).map(|_| OnceLock::new()).collect());
        Self { recording: Arc::new(recording), view, size, room, kept }
    }

    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The part of each picture that is seen, where it is not the recording's own view.
    pub fn view(&self) -> Option<&RecordedView> {
        self.view.as_ref()
    }

    /// Reads all pictures, if there is room for them: those of the centre camera in their order, which is the fast one in a
    /// video.
    pub fn read_ahead(&self, with_sides: bool) {
        let cameras = if with_sides { 3 } else { 1 };
        let bytes = 3 * self.size.pixels();
        if !self.room.holds(cameras * self.recording.len() * bytes) {
            return;
        }
        let (recording, view, size) = (Arc::clone(&self.recording), self.view.clone(), self.size);
        let fitted = self.recording.stream_prepared(0..self.recording.len(), move |sample| {
            fit(&sample.frame.image, crop(&recording, view.as_ref(), &sample.frame.image), size)
        });
        for (kept, picture) in self.kept[Camera::Center.place()].iter().zip(fitted) {
            if self.room.take(bytes) {
                kept.get_or_init(|| picture.ok().map(Arc::new));
            }
        }
        if with_sides {
            let read = |i| Camera::SIDES.map(|camera| self.picture(camera, i));
            (0..self.recording.len()).into_par_iter().for_each(|i| drop(read(i)));
        }
    }

    /// Size of the pictures that the policy sees.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Whether a picture can be used.
    pub fn has(&self, camera: Camera, i: usize) -> bool {
        self.picture(camera, i).is_some()
    }

    /// Some pictures in time order as the policy sees them; `None` where one cannot be used.
    pub fn pictures(&self, camera: Camera, entries: Range<usize>) -> Option<Vec<Arc<RgbImage>>> {
        self.recording.in_turn(|| entries.map(|i| self.picture(camera, i)).collect())
    }

    /// A picture as the policy sees it; `None` where it cannot be used.
    fn picture(&self, camera: Camera, i: usize) -> Option<Arc<RgbImage>> {
        let kept = &self.kept[camera.place()][i];
        if let Some(picture) = kept.get() {
            return picture.clone();
        }
        let picture = self.read(camera, i).map(Arc::new);
        if self.room.take(3 * self.size.pixels()) {
            return kept.get_or_init(|| picture).clone();
        }
        picture
    }

    fn read(&self, camera: Camera, i: usize) -> Option<RgbImage> {
        let image = match camera {
            Camera::Center => self.recording.sample(i).ok()?.frame.image,
            Camera::Side(side) => self.recording.side_picture(i, side)?,
        };
        Some(fit(&image, crop(&self.recording, self.view.as_ref(), &image), self.size))
    }
}

/// The part of a picture that is seen.
fn crop(recording: &Recording, view: Option<&RecordedView>, image: &RgbImage) -> [u32; 4] {
    view.map_or_else(|| recording.view_of(image).crop, |view| view.crop_px(Size::new(image.width(), image.height())))
}
