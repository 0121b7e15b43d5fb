//! Enums whose variants have a word each, for the command line and for reports.

use std::fmt;

/// Gives an enum the table of its variants and their words: `ALL`, `name`, `Display` and `FromStr`. A variant that is
/// missing from the table does not compile.
macro_rules! named {
    ($what:literal, $enum:ident { $($variant:ident = $name:literal,)+ }) => {
        impl $enum {
            /// Every variant, in the order of the tables.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The word for it on the command line and in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let named = Self::ALL.into_iter().find(|variant| variant.name() == name);
                named.ok_or_else(|| $crate::UnknownName::new($what, name, &Self::ALL.map(Self::name)))
            }
        }
    };
}

pub(crate) use named;

/// A word that names no variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: Vec<&'static str>,
}

impl UnknownName {
    pub(crate) fn new(what: &'static str, name: &str, known: &[&'static str]) -> Self {
        Self { what, name: name.into(), known: known.into() }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} {:?}; known: {}", self.what, self.name, self.known.join(", "))
    }
}

impl std::error::Error for UnknownName {}
