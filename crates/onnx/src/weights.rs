//! Weights and constants of a graph as numbers.

use crate::proto::{GraphProto, NodeProto, TensorProto, data_type};
use crate::tensor::{Numbers, Tensor};
use std::collections::BTreeMap;

/// Every weight and constant of a graph by its name, of the types that operators here calculate with.
pub(crate) fn by_name(graph: &GraphProto) -> BTreeMap<&str, Tensor> {
    let weights = graph.initializer.iter().filter_map(|weights| Some((weights.name.as_str(), tensor(weights)?)));
    let constants = graph.node.iter().filter(|node| node.op_type == "Constant");
    let constants = constants.filter_map(|node| Some((node.output.first()?.as_str(), constant(node)?)));
    weights.chain(constants).collect()
}

fn constant(node: &NodeProto) -> Option<Tensor> {
    let attribute = node.attribute.first()?;
    Some(match attribute.name.as_str() {
        "value" => tensor(attribute.t.as_ref()?)?,
        "value_float" => Tensor::floats(vec![], vec![attribute.f?]),
        "value_floats" => Tensor::floats(vec![attribute.floats.len()], attribute.floats.clone()),
        "value_int" => whole(vec![], [attribute.i?].into_iter()),
        "value_ints" => whole(vec![attribute.ints.len()], attribute.ints.iter().copied()),
        _ => return None,
    })
}

/// Numbers beyond 32 bits are as far as those go, as in the runtime.
fn whole(shape: Vec<usize>, numbers: impl Iterator<Item = i64>) -> Tensor {
    let numbers = numbers.map(|number| number.clamp(i32::MIN.into(), i32::MAX.into()) as i32);
    Tensor { shape, numbers: Numbers::Int(numbers.collect()) }
}

fn tensor(weights: &TensorProto) -> Option<Tensor> {
    let shape = weights.dims.iter().map(|side| usize::try_from(*side).ok()).collect::<Option<Vec<_>>>()?;
    let raw = weights.raw_data.as_deref();
    Some(match weights.data_type {
        data_type::FLOAT => Tensor::floats(shape, elements(raw, &weights.float_data, f32::from_le_bytes)),
        data_type::DOUBLE => {
            let numbers = elements(raw, &weights.double_data, f64::from_le_bytes);
            Tensor::floats(shape, numbers.into_iter().map(|number| number as f32).collect())
        }
        data_type::FLOAT16 => {
            let told: Vec<u16> = weights.int32_data.iter().map(|bits| *bits as u16).collect();
            let bits = elements(raw, &told, u16::from_le_bytes);
            Tensor::floats(shape, bits.into_iter().map(of_half).collect())
        }
        data_type::INT64 => whole(shape, elements(raw, &weights.int64_data, i64::from_le_bytes).into_iter()),
        data_type::INT32 => {
            whole(shape, elements(raw, &weights.int32_data, i32::from_le_bytes).into_iter().map(i64::from))
        }
        data_type::BOOL => {
            let told: Vec<u8> = weights.int32_data.iter().map(|number| *number as u8).collect();
            whole(shape, elements(raw, &told, u8::from_le_bytes).into_iter().map(i64::from))
        }
        _ => return None,
    })
}

/// Elements from their bytes, or as they are.
fn elements<T: Copy, const N: usize>(raw: Option<&[u8]>, told: &[T], of_bytes: fn([u8; N]) -> T) -> Vec<T> {
    match raw {
        Some(raw) => raw.as_chunks::<N>().0.iter().map(|bytes| of_bytes(*bytes)).collect(),
        None => told.to_vec(),
    }
}

/// A float of 16 bits: one of sign, five of exponent, ten of fraction.
fn of_half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_numpy() {
        // np.array([1, -2, 65504, 6e-8, 0.1], "f2").view("u2")
        for (bits, expected) in
            [(15360, 1.0), (49152, -2.0), (31743, 65504.0), (1, 5.960_464_5e-8), (11878, 0.099_975_586)]
        {
            assert_eq!(of_half(bits), expected);
        }
    }

    #[test]
    fn an_end_as_far_as_64_bits_go_is_as_far_as_32_do() {
        let told = TensorProto {
            data_type: data_type::INT64,
            dims: vec![1],
            int64_data: vec![i64::MAX],
            ..TensorProto::default()
        };
        assert_eq!(tensor(&told).unwrap().numbers, Numbers::Int(vec![i32::MAX]));
    }
}
