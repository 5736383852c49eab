//! Robust Video Matting (`MobileNetV3`): finds people, hair included, and remembers what it has
//! seen. Its weights are under the GPL and are fetched by the user, never shipped; see
//! [`super::install`].

use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::Segmenter;
use super::install;
use crate::sandbox::engine::EngineError;
use crate::sandbox::matting::image::{Plane, SmallImage};

/// How often the first frame is shown before it counts: the network starts without a memory, and
/// its first answers are its worst.
const WARM_UP: usize = 3;

/// The network, loaded; shared between jobs, each of which has its own memory.
pub(crate) struct RvmNetwork {
    model: Model,
    inputs: [NodeId; 6],
    outputs: [NodeId; 5],
}

impl RvmNetwork {
    /// Loads the weights from `folder`, after checking that they are the known ones.
    pub(crate) fn load(folder: &Path) -> Result<Self, EngineError> {
        const FAILED: &str = "Loading Robust Video Matting failed";
        let weights = install::checked_weights(folder)?;
        let model = Model::load(weights).map_err(EngineError::because(FAILED))?;
        let node = |name: &str| model.node_id(name).map_err(EngineError::because(FAILED));
        let inputs = [
            node("src")?,
            node("r1i")?,
            node("r2i")?,
            node("r3i")?,
            node("r4i")?,
            node("downsample_ratio")?,
        ];
        let outputs = [node("pha")?, node("r1o")?, node("r2o")?, node("r3o")?, node("r4o")?];
        Ok(Self { model, inputs, outputs })
    }
}

/// One job's use of the network. Frames must come in order.
pub(crate) struct Rvm {
    network: Arc<RvmNetwork>,
    memory: Option<[Value; 4]>,
    /// The shorter side, in pixels, at which the network works inside.
    inside: f32,
}

impl Rvm {
    /// Works inside at about `inside` pixels of the shorter side.
    pub(crate) fn new(network: Arc<RvmNetwork>, inside: f32) -> Self {
        Self { network, memory: None, inside }
    }

    fn infer(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        let (width, height) = (small.width, small.height);
        let failed =
            |error: &dyn std::fmt::Display| EngineError(format!("Inference failed: {error}"));
        let mut planar = vec![0.0f32; width * height * 3];
        let (red, rest) = planar.split_at_mut(width * height);
        let (green, blue) = rest.split_at_mut(width * height);
        for (((pixel, red), green), blue) in
            small.data.chunks_exact(3).zip(red).zip(green).zip(blue)
        {
            (*red, *green, *blue) = (pixel[0], pixel[1], pixel[2]);
        }
        let source = NdTensor::from_data([1, 3, height, width], planar);
        let ratio = (self.inside / width.min(height) as f32).min(1.0);
        let blank = || Value::from(NdTensor::<f32, 4>::zeros([1, 1, 1, 1]));
        let [r1, r2, r3, r4] =
            self.memory.take().unwrap_or_else(|| [blank(), blank(), blank(), blank()]);
        let values = [
            source.into(),
            r1.into(),
            r2.into(),
            r3.into(),
            r4.into(),
            NdTensor::from_data([1], vec![ratio]).into(),
        ];
        let inputs = self.network.inputs.into_iter().zip(values).collect();
        let [alpha, r1, r2, r3, r4] = self
            .network
            .model
            .run_n(inputs, self.network.outputs, None)
            .map_err(|error| failed(&error))?;
        self.memory = Some([r1, r2, r3, r4]);
        let alpha: NdTensor<f32, 4> = alpha.try_into().map_err(|_| failed(&"unexpected output"))?;
        if alpha.shape() != [1, 1, height, width] {
            return Err(failed(&"unexpected output shape"));
        }
        Ok(Plane { width, height, data: alpha.into_data() })
    }
}

impl Segmenter for Rvm {
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        if self.memory.is_none() {
            for _ in 1..WARM_UP {
                self.infer(small)?;
            }
        }
        self.infer(small)
    }
}
