//! Verdicts on whole files. `input` and `background` decide whether a file can be uploaded; `output` checks
//! a download against its input, and `opacity` decodes its pictures.

pub(crate) mod background;
pub(crate) mod input;
pub(crate) mod opacity;
pub(crate) mod output;
