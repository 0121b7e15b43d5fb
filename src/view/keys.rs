//! The key table: which key does what. The help window and the hints at the foot of the window are made from it, so
//! they cannot disagree with what the keys do.

use egui::Key;

/// An action that a key, or a click on its hint, asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run, or hold the present moment.
    PlayOrPause,
    /// One frame on while paused.
    Step,
    /// Back to the first moment.
    Reset,
    /// Another road, or the next drive of a recording.
    NextRoad,
    /// More image noise.
    MoreNoise,
    /// Less image noise.
    LessNoise,
    /// Saliency over the picture on or off.
    Overlay,
    /// Next saliency procedure.
    NextMethod,
    /// Next scale of the saliency colours.
    NextScale,
    /// Slower than before.
    Slower,
    /// Faster than before.
    Faster,
    /// As fast as the frames were taken.
    NormalSpeed,
    /// Dark or light ground.
    Theme,
    /// Save what the window shows.
    Screenshot,
    /// Show or hide the key table.
    Help,
    /// End the program.
    Quit,
}

/// One row of the key table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Keys that do it.
    pub keys: &'static [Key],
    /// The keys as they are written on screen.
    pub label: &'static str,
    /// The action they ask for.
    pub action: Action,
    /// Their effect in words, for the key table.
    pub text: &'static str,
    /// The same in one or two words for the foot of the window; `None` for keys that are not listed there.
    pub hint: Option<&'static str>,
}

/// Every key of the window, in the order of the help.
pub const BINDINGS: [Binding; 16] = [
    row(&[Key::Space], "Space", Action::PlayOrPause, "Play or pause; at the end, start again", Some("play")),
    row(&[Key::Period], ".", Action::Step, "One frame on, while paused", Some("step")),
    row(&[Key::R], "R", Action::Reset, "Reset: back to the first frame", Some("reset")),
    row(&[Key::N], "N", Action::NextRoad, "Next road, or next drive of a recording", Some("next road")),
    row(
        &[Key::Plus, Key::Equals],
        "+",
        Action::MoreNoise,
        "More image noise: variance 0, 0.05, 0.1, 0.2, 0.3",
        Some("noise"),
    ),
    row(&[Key::Minus], "-", Action::LessNoise, "Less image noise", Some("noise")),
    row(&[Key::O], "O", Action::Overlay, "Saliency over the picture on or off", Some("overlay")),
    row(&[Key::M], "M", Action::NextMethod, "Next saliency method", Some("method")),
    row(&[Key::C], "C", Action::NextScale, "Next scale of the saliency colours", Some("scale")),
    row(&[Key::OpenBracket], "[", Action::Slower, "Half the speed", Some("slower")),
    row(&[Key::CloseBracket], "]", Action::Faster, "Twice the speed", Some("faster")),
    row(&[Key::Backspace], "Backspace", Action::NormalSpeed, "Normal speed: as the frames were taken", None),
    row(&[Key::L], "L", Action::Theme, "Light or dark", None),
    row(&[Key::S], "S", Action::Screenshot, "Save what you see as a PNG in out/", None),
    row(&[Key::F1, Key::Questionmark], "F1 or ?", Action::Help, "Show or hide this table", Some("keys")),
    row(&[Key::Escape, Key::Q], "Esc or Q", Action::Quit, "Quit; Esc closes this table first", None),
];

const fn row(
    keys: &'static [Key],
    label: &'static str,
    action: Action,
    text: &'static str,
    hint: Option<&'static str>,
) -> Binding {
    Binding { keys, label, action, text, hint }
}

/// The action of this key, if it has one.
pub fn action_of(key: Key) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The actions of the keys in these input events, in their order. Keys held with Ctrl, Alt or Cmd belong to others.
pub fn actions_in(events: &[egui::Event]) -> Vec<Action> {
    events
        .iter()
        .filter_map(|event| match event {
            egui::Event::Key { key, pressed: true, repeat, modifiers, .. } => {
                let action = action_of(*key)?;
                let free = !modifiers.command && !modifiers.ctrl && !modifiers.alt;
                (free && (!repeat || action == Action::Step)).then_some(action)
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_and_no_action_has_two_rows() {
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
        for (place, key) in keys.iter().enumerate() {
            assert!(!keys[..place].contains(key), "{key:?} is bound twice");
        }
        for (place, binding) in BINDINGS.iter().enumerate() {
            assert!(BINDINGS[..place].iter().all(|other| other.action != binding.action), "{:?}", binding.action);
        }
    }

    #[test]
    fn the_table_holds_the_keys_that_the_design_asks_for() {
        for (key, action) in [
            (Key::Space, Action::PlayOrPause),
            (Key::R, Action::Reset),
            (Key::N, Action::NextRoad),
            (Key::Plus, Action::MoreNoise),
            (Key::Minus, Action::LessNoise),
            (Key::O, Action::Overlay),
            (Key::Escape, Action::Quit),
            (Key::F1, Action::Help),
            (Key::Questionmark, Action::Help),
            (Key::Period, Action::Step),
            (Key::Backspace, Action::NormalSpeed),
        ] {
            assert_eq!(action_of(key), Some(action), "{key:?}");
        }
    }

    #[test]
    fn a_held_key_acts_once_and_a_key_with_ctrl_not_at_all() {
        let press =
            |repeat, modifiers| egui::Event::Key { key: Key::N, physical_key: None, pressed: true, repeat, modifiers };
        let events = [press(false, egui::Modifiers::NONE), press(true, egui::Modifiers::NONE)];
        assert_eq!(actions_in(&events), [Action::NextRoad]);
        assert_eq!(actions_in(&[press(false, egui::Modifiers::CTRL)]), []);
    }
}
