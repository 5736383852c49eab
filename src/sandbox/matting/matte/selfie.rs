//! MediaPipe's selfie segmentation: small, fast, finds people near the camera. Shipped.

use rten::Model;
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use super::Segmenter;
use crate::sandbox::engine::EngineError;
use crate::sandbox::matting::image::{Plane, Resizer, SmallImage};

static SQUARE: &[u8] = include_bytes!("../../assets/selfie_segmentation.onnx");
static LANDSCAPE: &[u8] = include_bytes!("../../assets/selfie_segmentation_landscape.onnx");

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Input of 256x256.
    Square,
    /// Input of 256x144: about half the work, for wide frames.
    Landscape,
}

impl Shape {
    fn size(self) -> (usize, usize) {
        match self {
            Self::Square => (256, 256),
            Self::Landscape => (256, 144),
        }
    }
}

/// The network, loaded; shared between jobs.
pub(crate) struct SelfieNetwork {
    model: Model,
    shape: Shape,
}

impl SelfieNetwork {
    /// Loads the shipped weights.
    pub(crate) fn load(shape: Shape) -> Result<Self, EngineError> {
        let weights = match shape {
            Shape::Square => SQUARE,
            Shape::Landscape => LANDSCAPE,
        };
        let model = Model::load_static_slice(weights)
            .map_err(EngineError::because("Loading the selfie model failed"))?;
        Ok(Self { model, shape })
    }

    /// The size of its input and output.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.shape.size()
    }

    /// Probability of "person" for a picture of exactly [`SelfieNetwork::size`].
    pub(crate) fn infer(&self, picture: &SmallImage) -> Result<Plane, EngineError> {
        let (width, height) = self.size();
        let pixels = width * height;
        let mut planar = vec![0.0f32; pixels * 3];
        for (at, pixel) in picture.data.chunks_exact(3).enumerate() {
            planar[at] = pixel[0];
            planar[pixels + at] = pixel[1];
            planar[2 * pixels + at] = pixel[2];
        }
        let failed = |error: String| EngineError(format!("Inference failed: {error}"));
        let input = NdTensorView::from_data([1, 3, height, width], planar.as_slice());
        let output: NdTensor<f32, 4> = self
            .model
            .run_one(input.into(), None)
            .map_err(|error| failed(error.to_string()))?
            .try_into()
            .map_err(|_| failed("unexpected output".to_owned()))?;
        if output.shape() != [1, 1, height, width] {
            return Err(failed("unexpected output shape".to_owned()));
        }
        Ok(Plane { width, height, data: output.into_data() })
    }
}

/// Selfie segmentation of whole frames.
pub(crate) struct Selfie<'n> {
    network: &'n SelfieNetwork,
    shrink: Resizer,
    grow: Resizer,
}

impl<'n> Selfie<'n> {
    /// For frames whose working size is `working`.
    pub(crate) fn new(network: &'n SelfieNetwork, working: (usize, usize)) -> Self {
        Self {
            network,
            shrink: Resizer::new(working, network.size()),
            grow: Resizer::new(network.size(), working),
        }
    }
}

impl Segmenter for Selfie<'_> {
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        let mask = self.network.infer(&self.shrink.picture(small))?;
        Ok(self.grow.plane(&mask))
    }
}
