//! The functions of one number that cells are made of, and their derivatives.

use crate::lanes::Lanes;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu, sigmoid, silu};
use pulp::Simd;

/// LeCun's tanh: `1.7159·tanh(0.666·x)`.
const LECUN: [f32; 2] = [1.7159, 0.666];

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `1.7159·tanh(0.666·x)` (LeCun et al. 1998)
    LecunTanh,
    /// `max(x, 0)`
    Relu,
    /// `x·Φ(x)`
    Gelu,
    /// `x·σ(x)`
    Silu,
    /// `|x|`
    Abs,
    /// `e^x`
    Exp,
    /// `x` within these limits
    Clamp { low: f32, high: f32 },
}

impl Function {
    /// The function of each number.
    pub(super) fn of_tensor(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::LecunTanh => (x * LECUN[1]).tanh() * LECUN[0],
            Self::Relu => relu(x),
            Self::Gelu => gelu(x),
            Self::Silu => silu(x),
            Self::Abs => x.abs(),
            Self::Exp => x.exp(),
            Self::Clamp { low, high } => x.clamp(low, high),
        }
    }

    /// Whether the derivative is known from the result alone.
    pub(super) fn is_reversible(self) -> bool {
        matches!(self, Self::Sigmoid | Self::Tanh | Self::LecunTanh | Self::Relu | Self::Exp)
    }

    /// Hands `of` the function, so that its loop has no branch.
    #[inline(always)]
    pub(super) fn forward<S: Simd>(self, of: impl Each) {
        match self {
            Self::Sigmoid => of.each(|x| x.sigmoid::<S>()),
            Self::Tanh => of.each(|x| x.tanh::<S>()),
            Self::LecunTanh => of.each(|x| (x * LECUN[1]).tanh::<S>() * LECUN[0]),
            Self::Relu => of.each(|x| x.map(|x| if x < 0.0 { 0.0 } else { x })),
            Self::Gelu => of.each(|x| x * x.normal::<S>()),
            Self::Silu => of.each(|x| x * x.sigmoid::<S>()),
            Self::Abs => of.each(|x| x.map(f32::abs)),
            Self::Exp => of.each(|x| x.exp::<S>()),
            Self::Clamp { low, high } => of.each(|x| x.map(|x| x.clamp(low, high))),
        }
    }

    /// Hands `of` the derivative: from the result where the function is reversible, from the argument elsewhere.
    #[inline(always)]
    pub(super) fn derivative<S: Simd>(self, of: impl Each) {
        /// The standard normal density at 0.
        const DENSITY: f32 = 0.398_942_3;
        let one = Lanes::from(1.0);
        match self {
            Self::Sigmoid => of.each(|y| y * (one - y)),
            Self::Tanh => of.each(|y| one - y * y),
            Self::LecunTanh => of.each(|y| Lanes::from(LECUN[0] * LECUN[1]) - y * y * (LECUN[1] / LECUN[0])),
            Self::Relu => of.each(|y| y.map(|y| if y > 0.0 { 1.0 } else { 0.0 })),
            Self::Gelu => of.each(|x| x.normal::<S>() + x * (x * x * -0.5).exp::<S>() * DENSITY),
            Self::Silu => of.each(|x| {
                let gate = x.sigmoid::<S>();
                gate + x * gate * (one - gate)
            }),
            Self::Abs => of.each(|x| {
                x.map(|x| {
                    if x > 0.0 {
                        1.0
                    } else if x < 0.0 {
                        -1.0
                    } else {
                        0.0
                    }
                })
            }),
            Self::Exp => of.each(|y| y),
            Self::Clamp { low, high } => of.each(|x| x.map(|x| if x < low || x > high { 0.0 } else { 1.0 })),
        }
    }
}

/// A loop that applies what it is given to sixteen numbers at a time.
pub(super) trait Each {
    /// Runs it.
    fn each(self, function: impl Fn(Lanes) -> Lanes);
}
