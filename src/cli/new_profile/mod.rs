//! Adding a profile, for `init` and `profile add`. In reading order: `key` (the key, from flags, standard
//! input or a hidden prompt, and its file), `check` (the free check at the service), `add` (storing both).

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod key;
