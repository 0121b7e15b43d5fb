//! A policy as a state dict.

use super::Policy;
use super::interchange::{self, StateDict};

/// Encoder and features by their paths in PyTorch's layouts, the cell as [`interchange::export`] writes it.
pub fn state_dict(policy: &Policy) -> StateDict {
    let mut dict = policy.recurrent().map(|head| interchange::export(head.cell())).unwrap_or_default();
    for (path, array) in interchange::parameters_by_path(policy.network()) {
        if !path.starts_with("head.cell.") {
            dict.insert(path, array);
        }
    }
    dict
}
