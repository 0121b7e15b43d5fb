//! Numbers out of tensors.

use burn::tensor::Tensor;

/// The numbers of a tensor of 32-bit floats.
///
/// # Panics
/// If it holds another type: no tensor of a cell does.
pub fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    match data.try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("a cell computes in f32: {error:?}"),
    }
}
