//! Numbers that go into a graph and come out of it.

use crate::graph::Element;

/// Numbers with their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its sides.
    pub shape: Vec<usize>,
    /// Its numbers, the last side's first.
    pub numbers: Numbers,
}

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 32-bit floats.
    Float(Vec<f32>),
    /// 32-bit whole numbers.
    Int(Vec<i32>),
    /// Bytes.
    Byte(Vec<u8>),
    /// Signed bytes.
    SignedByte(Vec<i8>),
}

impl Tensor {
    /// A tensor of floats.
    pub fn floats(shape: Vec<usize>, numbers: Vec<f32>) -> Self {
        Self { shape, numbers: Numbers::Float(numbers) }
    }

    /// Its numbers as floats, whatever they are.
    pub fn into_floats(self) -> Vec<f32> {
        match self.numbers {
            Numbers::Float(numbers) => numbers,
            Numbers::Int(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
            Numbers::Byte(numbers) => numbers.into_iter().map(f32::from).collect(),
            Numbers::SignedByte(numbers) => numbers.into_iter().map(f32::from).collect(),
        }
    }

    /// Floats as the elements that a graph takes.
    pub fn of_element(element: Element, shape: Vec<usize>, floats: Vec<f32>) -> Self {
        let numbers = match element {
            Element::Float => Numbers::Float(floats),
            Element::Int => Numbers::Int(floats.into_iter().map(|number| number as i32).collect()),
            Element::Byte => Numbers::Byte(floats.into_iter().map(|number| number as u8).collect()),
            Element::SignedByte => Numbers::SignedByte(floats.into_iter().map(|number| number as i8).collect()),
        };
        Self { shape, numbers }
    }
}
