//! The pictures of a recording that lie in videos.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use super::codec::Video;
use crate::model::pictures::{PictureRef, Pictures};
use lane_frame::{RgbImage, Size};

/// Some videos, one of which is open at a time: a data set has hundreds.
pub(crate) struct VideoPictures {
    /// The path of each, or the reason why it cannot be read.
    videos: Vec<Result<PathBuf, String>>,
    open: Mutex<Option<(u32, Result<Video, String>)>>,
}

impl VideoPictures {
    pub fn new(videos: Vec<Result<PathBuf, String>>) -> Self {
        Self { videos, open: Mutex::new(None) }
    }

    fn with_frame<T>(
        &self,
        picture: &PictureRef,
        work: impl FnOnce(&mut Video, usize) -> Result<T, String>,
    ) -> Result<T, String> {
        let PictureRef::Frame { stream, index } = *picture else { return Err("no frame of a video".to_owned()) };
        let mut open = self.lock();
        if open.as_ref().is_none_or(|(number, _)| *number != stream) {
            *open = Some((stream, self.open(stream)));
        }
        match &mut *open {
            Some((_, Ok(video))) => work(video, index as usize),
            Some((_, Err(reason))) => Err(reason.clone()),
            None => Err("video is not open".to_owned()),
        }
    }

    fn open(&self, stream: u32) -> Result<Video, String> {
        let video = self.videos.get(stream as usize).ok_or("no such video")?;
        Video::open(video.as_ref().map_err(String::clone)?)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(u32, Result<Video, String>)>> {
        // Whoever panicked over a video has left it unfit for use: it is opened again.
        self.open.lock().unwrap_or_else(|poisoned| {
            let mut open = poisoned.into_inner();
            *open = None;
            open
        })
    }
}

impl fmt::Debug for VideoPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoPictures").field("videos", &self.videos).finish_non_exhaustive()
    }
}

impl Pictures for VideoPictures {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        self.with_frame(picture, Video::frame)
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        self.with_frame(picture, |video, index| video.check(index).map(|()| video.size()))
    }

    fn are_sequential(&self) -> bool {
        true
    }
}
