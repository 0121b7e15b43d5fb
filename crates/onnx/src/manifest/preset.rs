//! Manifests of well-known pilots.

use toml::Table;

/// Makes the presets from the table of their names and what they say.
macro_rules! presets {
    ($($(#[$doc:meta])* $preset:ident = $name:literal, $text:literal;)*) => {
        /// Manifests of well-known pilots.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Preset {
            $($(#[$doc])* $preset,)*
        }

        impl Preset {
            /// Every preset.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$preset),*];

            /// Its word on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$preset => $name,)*
                }
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$preset => $text,)*
                }
            }
        }
    };
}

presets! {
    /// Behavioural cloning on Udacity's simulator: YUV, the sky and the bonnet cut off, a share of 25 degrees.
    Udacity = "udacity", r#"
        [input]
        colour = "yuv"
        scale = [127.5, -1.0]
        crop = [60, 0, 25, 0]
        of = [320, 160]
        [output]
        unit = "share"
        gain = 25.0
        positive = "right"
        wheelbase = 2.87
    "#;
    /// donkeycar's linear and recurrent pilots: a share of the servo's range, taken as 20 degrees as in its recordings.
    Donkeycar = "donkeycar", r#"
        [input]
        colour = "rgb"
        scale = [255.0, 0.0]
        [output]
        unit = "share"
        gain = 20.0
        positive = "right"
    "#;
    /// donkeycar's categorical pilot: the class of the largest of 15 numbers, from full left to full right.
    DonkeycarCategorical = "donkeycar-categorical", r#"
        [input]
        colour = "rgb"
        scale = [255.0, 0.0]
        [output]
        bins = [-1.0, 1.0]
        unit = "share"
        gain = 20.0
        positive = "right"
    "#;
    /// SullyChen's Autopilot: the lower 150 rows, radians of the steering wheel, of which a fifteenth is at the wheels.
    Sully = "sully", r#"
        [input]
        colour = "rgb"
        scale = [255.0, 0.0]
        crop = [106, 0, 0, 0]
        of = [455, 256]
        [output]
        unit = "radians"
        gain = 0.066666667
        positive = "right"
    "#;
    /// comma.ai's research model. What its output is no paper says; the viewer beside it (`view_steering_model.py` of
    /// commaai/research) takes it for tenths of a degree of the steering wheel, right positive, of a car with a ratio of 15.3
    /// and a wheelbase of 2.67 m.
    Comma = "comma", r#"
        [input]
        colour = "rgb"
        scale = [127.5, -1.0]
        [output]
        unit = "degrees"
        gain = 0.0065359477
        positive = "right"
        wheelbase = 2.67
    "#;
    /// Path curvature in 1/m, left positive, from pixels of 0 to 1: this program's own terms.
    Curvature = "curvature", r#"
        [input]
        colour = "rgb"
        scale = [255.0, 0.0]
        [output]
        unit = "curvature"
        gain = 1.0
        positive = "left"
    "#;
}

impl Preset {
    /// Its entries.
    pub(super) fn table(self) -> Table {
        super::parse(self.text()).unwrap_or_else(|error| unreachable!("a test reads every preset: {error}"))
    }
}

impl std::str::FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("there is no preset `{name}`; choose one of {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Manifest, overlay, parse};
    use super::*;

    #[test]
    fn every_preset_says_all_that_a_graph_does_not() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
            let mut table = preset.table();
            let of_graph = "[input]\nname = \"x\"\nlayout = \"nchw\"\nsize = [16, 8]\n[output]\nname = \"y\"\n";
            overlay(&mut table, parse(of_graph).unwrap());
            assert!(Manifest::from_table(table).is_ok(), "{}", preset.name());
        }
    }
}
