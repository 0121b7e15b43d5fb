//! Enums whose variants have names.

/// Makes an enum of named variants: the names are those of files, command lines and messages alike. `$what` is the word
/// for one of them in messages.
macro_rules! named {
    ($(#[$meta:meta])* $what:literal $enum:ident { $($(#[$attribute:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $($(#[$attribute])* #[serde(rename = $name)] $variant,)*
        }

        impl $enum {
            /// All of them, in the order in which they are shown.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in files and on command lines; ncps writes an underscore for a hyphen.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                let wanted = name.replace('_', "-");
                Self::ALL.into_iter().find(|variant| variant.name() == wanted).ok_or_else(|| {
                    let known = Self::ALL.map(Self::name).join(", ");
                    format!(concat!("there is no ", $what, " `{}`; choose one of {}"), name, known)
                })
            }
        }
    };
}

pub(crate) use named;
