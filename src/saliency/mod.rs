//! Attribution of a policy's steering to its input. One procedure serves every policy, so that a difference between two
//! maps is a difference between two networks.

pub mod gradient;
pub mod map;
pub mod visual_backprop;

/// The procedures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Where the encoder's activity is, back-projected. It never sees the head: it shows what the encoder learned to
    /// emit, not what the neurons attend to.
    VisualBackProp,
    /// How the steering would change with each pixel of this frame, through encoder and head.
    InputGradient,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Method {
    /// Every method, in the order in which a key press goes through them.
    pub const ALL: [Self; 2] = [Self::VisualBackProp, Self::InputGradient];

    /// The name on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::VisualBackProp => "VisualBackProp",
            Self::InputGradient => "Input gradient",
        }
    }

    /// The one after it, in a circle.
    pub fn next(self) -> Self {
        match self {
            Self::VisualBackProp => Self::InputGradient,
            Self::InputGradient => Self::VisualBackProp,
        }
    }
}
