//! The pictures of one topic, each loaded when it is asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Container;
use super::index::{Camera, PictureKind};
use crate::media::picture;
use crate::media::video::{CodedFrames, Video};
use crate::model::pictures::{PictureRef, Pictures};
use lane_frame::{RgbImage, Size};

/// A topic's pictures.
pub(super) struct MessagePictures {
    messages: Arc<Messages>,
    /// The frames of a topic of video, opened when the first is asked for.
    video: Mutex<Option<Result<Video, String>>>,
}

/// The messages that hold them.
struct Messages {
    container: Arc<dyn Container>,
    camera: Camera,
}

impl Messages {
    fn message(&self, index: usize) -> Result<Vec<u8>, String> {
        let message = self.camera.messages.get(index).ok_or("no such message")?;
        self.container.message(message.place)
    }

    /// The bytes of a picture, as they lie in its message.
    fn bytes(&self, index: usize) -> Result<Vec<u8>, String> {
        self.camera.codec.picture(&self.message(index)?)
    }

    fn raw<T>(
        &self,
        index: usize,
        look: impl FnOnce(super::raw_picture::RawPicture) -> Result<T, String>,
    ) -> Result<T, String> {
        let message = self.message(index)?;
        let data = self.camera.codec.picture(&message)?;
        look(self.camera.codec.raw_picture(&message, &data)?)
    }
}

impl CodedFrames for Arc<Messages> {
    fn load(&mut self, position: usize) -> Result<Vec<u8>, String> {
        self.bytes(position)
    }
}

impl MessagePictures {
    pub fn new(container: Arc<dyn Container>, camera: Camera) -> Self {
        Self { messages: Arc::new(Messages { container, camera }), video: Mutex::new(None) }
    }

    fn kind(&self) -> PictureKind {
        self.messages.camera.kind
    }

    fn with_video<T>(&self, work: impl FnOnce(&mut Video) -> Result<T, String>) -> Result<T, String> {
        let mut video = self.video.lock().unwrap_or_else(PoisonError::into_inner);
        match video.get_or_insert_with(|| self.open_video()) {
            Ok(video) => work(video),
            Err(reason) => Err(reason.clone()),
        }
    }

    fn open_video(&self) -> Result<Video, String> {
        let camera = &self.messages.camera;
        let format = camera.codec.text(&self.messages.message(0)?, "format").unwrap_or_default();
        Video::of_messages(&format, camera.messages.len(), Box::new(Arc::clone(&self.messages)))
    }
}

fn index_of(picture: &PictureRef) -> Result<usize, String> {
    match *picture {
        PictureRef::Frame { stream: 0, index } => Ok(index as usize),
        _ => Err("no picture of this topic".to_owned()),
    }
}

impl fmt::Debug for MessagePictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessagePictures")
            .field("container", &self.messages.container)
            .field("topic", &self.messages.camera.topic)
            .finish_non_exhaustive()
    }
}

impl Pictures for MessagePictures {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        let index = index_of(picture)?;
        match self.kind() {
            PictureKind::Compressed => picture::decode(&self.messages.bytes(index)?),
            PictureKind::Raw => self.messages.raw(index, |raw| raw.rgb()),
            PictureKind::Video => self.with_video(|video| video.frame(index)),
        }
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        let index = index_of(picture)?;
        match self.kind() {
            PictureKind::Compressed => picture::header_size(&self.messages.bytes(index)?),
            PictureKind::Raw => self.messages.raw(index, |raw| raw.size()),
            PictureKind::Video => self.with_video(|video| video.check(index).map(|()| video.size())),
        }
    }

    fn check(&self, picture: &PictureRef) -> Result<Size, String> {
        if self.kind() != PictureKind::Compressed {
            return self.size(picture);
        }
        let file = self.messages.bytes(index_of(picture)?)?;
        picture::check_whole(&file)?;
        picture::header_size(&file)
    }

    fn jpeg(&self, picture: &PictureRef) -> Result<Option<Vec<u8>>, String> {
        if self.kind() != PictureKind::Compressed {
            return Ok(None);
        }
        let file = self.messages.bytes(index_of(picture)?)?;
        picture::check_whole(&file)?;
        Ok((image::guess_format(&file).ok() == Some(image::ImageFormat::Jpeg)).then_some(file))
    }

    fn are_sequential(&self) -> bool {
        self.kind() == PictureKind::Video
    }
}
