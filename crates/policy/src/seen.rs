//! A picture as a policy sees it: whitened, and through its encoder. On the processor without tensors: what the encoder
//! needs is packed once, and each picture uses the memory of the one before.

use super::conv::{FeatureMap, Layer, Pass, PatchedPass};
use super::preprocess::{whiten, whiten_into};
use super::{Policy, to_vec};
use burn::tensor::{Device, Tensor, TensorData};
use lane_frame::{RgbImage, Size};
use std::sync::{Arc, Mutex, PoisonError};

/// Looks at one picture after the other with the encoder of a policy. A copy shares what it saw last.
#[derive(Clone, Debug)]
pub struct Eye {
    size: Size,
    layers: Arc<[Layer]>,
    /// A policy on a device that has no kernels of ours.
    elsewhere: Option<(Policy, Device)>,
    last: Option<Arc<Seen>>,
}

/// What an encoder makes of a picture.
#[derive(Debug)]
pub struct Seen {
    size: Size,
    bytes: Vec<u8>,
    /// `[height, width, 3]`
    whitened: Vec<f32>,
    deviation: f32,
    pass: Pass,
    /// Memory for passes of other pictures, which the next map uses again: as many as a map has at once, at most 32.
    spare: Mutex<Vec<Pass>>,
}

impl Eye {
    /// The eye of a policy that is on this device.
    pub fn new(policy: &Policy, device: &Device) -> Self {
        let has_kernels = super::conv_op::has_kernels(device);
        Self {
            size: policy.input_size(),
            layers: policy.network.encoder.layers(policy.kind.encoder()),
            elsewhere: (!has_kernels).then(|| (policy.clone(), device.clone())),
            last: None,
        }
    }

    /// What it sees in a picture. The same picture again is not looked at again.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn look(&mut self, image: &RgbImage) -> Arc<Seen> {
        let last = self.last.take().filter(|last| last.size == self.size);
        let seen = match last {
            Some(last) if last.bytes == *image.as_raw() => last,
            Some(mut last) => match Arc::get_mut(&mut last) {
                Some(seen) => {
                    self.fill(seen, image);
                    last
                }
                None => self.seen(image),
            },
            None => self.seen(image),
        };
        self.last = Some(Arc::clone(&seen));
        seen
    }

    /// What it sees in a picture, unless it remembers it in memory of its own.
    ///
    /// # Panics
    /// As [`Eye::look`].
    pub fn glance(&self, image: &RgbImage) -> Arc<Seen> {
        let last = self.last.as_ref().filter(|last| last.bytes == *image.as_raw());
        last.map_or_else(|| self.seen(image), Arc::clone)
    }

    fn seen(&self, image: &RgbImage) -> Arc<Seen> {
        let pass = Pass::new(Arc::clone(&self.layers));
        let spare = Mutex::default();
        let mut seen = Seen { size: self.size, bytes: Vec::new(), whitened: Vec::new(), deviation: 0.0, pass, spare };
        self.fill(&mut seen, image);
        Arc::new(seen)
    }

    fn fill(&self, seen: &mut Seen, image: &RgbImage) {
        let Size { width, height } = self.size;
        assert_eq!(image.dimensions(), (width, height), "the policy takes {} pixels", self.size);
        seen.bytes.clone_from(image.as_raw());
        seen.deviation = whiten_into(&seen.bytes, &mut seen.whitened);
        let rows = seen.whitened.chunks_exact(3 * width as usize);
        seen.pass.image_rows_mut().zip(rows).for_each(|(row, whitened)| row.copy_from_slice(whitened));
        match &self.elsewhere {
            None => seen.pass.run(),
            Some((policy, device)) => {
                let maps = policy.encode(whiten(&[image], self.size, device));
                seen.pass.set_maps(&maps.into_iter().map(to_vec).collect::<Vec<_>>());
            }
        }
    }
}

impl Seen {
    /// The whitened picture, `[height, width, 3]`.
    pub fn whitened(&self) -> &[f32] {
        &self.whitened
    }

    /// The whitened picture as a batch of one, `[1, height, width, 3]`.
    pub fn input(&self, device: &Device) -> Tensor<4> {
        let shape = [1, self.size.height as usize, self.size.width as usize, 3];
        Tensor::from_data(TensorData::new(self.whitened.clone(), shape), device)
    }

    /// Standard deviation of the picture on the [0, 1] scale, as used.
    pub fn deviation(&self) -> f32 {
        self.deviation
    }

    /// Every rectified feature map, from the picture on.
    pub fn maps(&self) -> Vec<FeatureMap<'_>> {
        self.pass.maps()
    }

    /// The whitened picture itself as the first of all maps.
    pub fn image(&self) -> FeatureMap<'_> {
        self.pass.image()
    }

    /// The last map, which the head sees, `[rows, columns, filters]`.
    pub fn last(&self) -> &[f32] {
        self.pass.last()
    }

    /// The last map as a batch of one, `[1, rows, columns, filters]`.
    pub fn last_map(&self, device: &Device) -> Tensor<4> {
        let [rows, columns, filters] = self.last_shape();
        Tensor::from_data(TensorData::new(self.last().to_vec(), [1, rows, columns, filters]), device)
    }

    /// Rows, columns and filters of the last map.
    pub fn last_shape(&self) -> [usize; 3] {
        self.pass.last_shape()
    }

    /// The layers with what they made of the picture.
    pub(crate) fn pass(&self) -> &Pass {
        &self.pass
    }

    /// A pass through the same layers, of whatever picture: to be written.
    pub(crate) fn spare_pass(&self) -> Pass {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| self.pass.blank())
    }

    /// Keeps passes for the next who asks for a spare one.
    pub(crate) fn keep_spare(&self, passes: impl IntoIterator<Item = Pass>) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).extend(passes);
    }

    /// Holes in the picture, one after the other, without a whole pass for each.
    pub(crate) fn patched_pass(&self) -> PatchedPass<'_> {
        PatchedPass::new(&self.pass)
    }
}
