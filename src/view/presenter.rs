//! Getting the buffer onto a window: through a real graphics adapter (pixels) where there is one, by the processor
//! (softbuffer) otherwise. On a software adapter softbuffer is several times faster than pixels.

use super::raster::Raster;
use anyhow::{Context as _, anyhow};
use pixels::wgpu::DeviceType;
use pixels::{Pixels, SurfaceTexture};
use std::num::NonZeroU32;
use std::sync::Arc;
use winit::window::Window;

type SoftSurface = softbuffer::Surface<Arc<Window>, Arc<Window>>;

/// The two ways to show the buffer.
pub enum Presenter {
    /// A graphics adapter.
    Gpu(Box<Pixels<'static>>),
    /// The processor.
    Cpu(SoftSurface),
}

impl Presenter {
    /// The fastest that works here.
    ///
    /// # Errors
    /// When neither works, with the reason of the processor's.
    pub fn new(window: &Arc<Window>) -> anyhow::Result<Self> {
        match on_gpu(window) {
            Some(pixels) => Ok(Self::Gpu(Box::new(pixels))),
            None => on_cpu(window).map(Self::Cpu),
        }
    }

    /// Shows the buffer, which has the window's size. When the graphics adapter fails, the processor takes over.
    ///
    /// # Errors
    /// When the processor's way fails too.
    pub fn present(&mut self, window: &Arc<Window>, raster: &Raster) -> anyhow::Result<()> {
        if let Self::Gpu(pixels) = self {
            if present_on_gpu(pixels, raster).is_ok() {
                return Ok(());
            }
            *self = Self::Cpu(on_cpu(window)?);
        }
        match self {
            Self::Cpu(surface) => present_on_cpu(surface, raster),
            Self::Gpu(_) => Ok(()),
        }
    }
}

fn on_gpu(window: &Arc<Window>) -> Option<Pixels<'static>> {
    let size = window.inner_size();
    let (width, height) = (size.width.max(1), size.height.max(1));
    let pixels = Pixels::new(width, height, SurfaceTexture::new(width, height, Arc::clone(window))).ok()?;
    (pixels.adapter().get_info().device_type != DeviceType::Cpu).then_some(pixels)
}

fn on_cpu(window: &Arc<Window>) -> anyhow::Result<SoftSurface> {
    let reason = |error| anyhow!("cannot draw into the window: {error}");
    let context = softbuffer::Context::new(Arc::clone(window)).map_err(reason)?;
    softbuffer::Surface::new(&context, Arc::clone(window)).map_err(reason)
}

fn present_on_gpu(pixels: &mut Pixels<'static>, raster: &Raster) -> anyhow::Result<()> {
    let size = raster.size();
    if pixels.frame().len() != raster.rgba().len() || pixels.texture().width() != size.width {
        pixels.resize_surface(size.width, size.height)?;
        pixels.resize_buffer(size.width, size.height)?;
    }
    pixels.frame_mut().copy_from_slice(raster.rgba());
    Ok(pixels.render()?)
}

fn present_on_cpu(surface: &mut SoftSurface, raster: &Raster) -> anyhow::Result<()> {
    let reason = |error| anyhow!("cannot draw into the window: {error}");
    let sides = NonZeroU32::new(raster.size().width).zip(NonZeroU32::new(raster.size().height));
    let (width, height) = sides.context("a window without area")?;
    surface.resize(width, height).map_err(reason)?;
    let mut buffer = surface.buffer_mut().map_err(reason)?;
    for (target, pixel) in buffer.iter_mut().zip(raster.rgba().chunks_exact(4)) {
        *target = u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]]);
    }
    buffer.present().map_err(reason)
}
