//! Where outputs are written. In reading order: `output_path`, the name; `output_target`, proof that
//! it can be written; `own_outputs`, outputs that the ledger does not have.

pub(crate) mod output_path;
pub(crate) mod output_target;
pub(crate) mod own_outputs;
