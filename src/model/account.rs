//! Prices and credits.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::options::ModelName;

/// An amount of credits, possibly fractional.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Credits(pub f64);

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl std::ops::Add for Credits {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::iter::Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|c| c.0).sum())
    }
}

/// The parts of `GET /api/pricing` that estimates need.
#[derive(Debug, Clone, PartialEq)]
pub struct Pricing {
    /// Credits per minute of output, by model name.
    pub per_minute: BTreeMap<String, f64>,
    /// Unmodified response, stored with estimates so that they can be explained later.
    pub raw: serde_json::Value,
}

impl Pricing {
    /// Credits for `seconds` of output; `None` if the model has no price.
    pub fn estimate(&self, model: ModelName, seconds: f64) -> Option<Credits> {
        self.per_minute.get(model.as_str()).map(|rate| Credits(rate * seconds / 60.0))
    }

    /// Credits per second of output; `None` if the model has no price.
    pub fn credits_per_second(&self, model: ModelName) -> Option<f64> {
        self.estimate(model, 1.0).map(|credits| credits.0)
    }
}
