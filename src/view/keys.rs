//! The key table: which key does what. The help window and the hints at the foot of the window are made from it, so
//! they cannot disagree with what the keys do.

use egui::{Event, Key, Modifiers};

/// A part of the program that has the window to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceName {
    /// Policies drive a simulated road.
    Drive,
    /// Policies watch a recording.
    Replay,
    /// A policy learns.
    Train,
    /// Policies are judged.
    Audit,
}

impl PlaceName {
    /// The places in the order of the header.
    pub const ALL: [Self; 4] = [Self::Drive, Self::Replay, Self::Train, Self::Audit];

    /// The name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drive => "Drive",
            Self::Replay => "Replay",
            Self::Train => "Train",
            Self::Audit => "Audit",
        }
    }

    /// What one does there, in one line.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Drive => "Policies drive the same simulated road at the same time, each in a car of its own",
            Self::Replay => "Policies watch a recorded drive, beside what the human did",
            Self::Train => "Train a policy on the simulator or on recordings",
            Self::Audit => "Judge policies: drive, disturb, look inside, and write a report",
        }
    }
}

/// The part of the screen that a screenshot saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shot {
    /// The pictures with all that lies over them.
    Pictures,
    /// The pictures alone, as the cameras gave them.
    Cameras,
    /// The whole window.
    Window,
}

/// An action that a key, or a click on its hint, asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Run, or hold the present moment.
    PlayOrPause,
    /// One frame on, or back where the number is negative.
    Step(i32),
    /// This many seconds on, or back.
    Skip(f64),
    /// To the first moment.
    Start,
    /// To the last moment that is known.
    End,
    /// To the next crash, gap, intervention or spoiled frame.
    NextEvent,
    /// To the one before.
    PreviousEvent,
    /// Marks this moment.
    Bookmark,
    /// To the next bookmark.
    NextBookmark,
    /// Five seconds before the last crash.
    BeforeCrash,
    /// Sets the start of the range, then its end and plays it over and over, then forgets it.
    Loop,
    /// Back to the first moment, with everything as it was.
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
    /// The same procedure on randomised weights beside the map, or not.
    Randomised,
    /// A second map beside the first, or not.
    Beside,
    /// Next scale of the saliency colours.
    NextScale,
    /// Slower than before.
    Slower,
    /// Faster than before.
    Faster,
    /// As fast as the frames were taken.
    NormalSpeed,
    /// Shows or hides the panel of settings.
    Setup,
    /// Shows or hides the panel of neurons.
    Inside,
    /// Holds the chosen neuron at its value, or lets it go.
    Hold,
    /// Cuts the synapse under the pointer, or mends it.
    Cut,
    /// Takes back the last change to the neurons.
    Undo,
    /// Goes on without the undisturbed twin.
    EndBranch,
    /// The policy whose neurons are shown and whose car the keys A and D steer, from 0.
    Focus(usize),
    /// Goes to another place.
    Go(PlaceName),
    /// Asks for a recording.
    Open,
    /// Dark or light ground.
    Theme,
    /// Larger or smaller text and pictures; 0 for the usual size.
    Zoom(i32),
    /// The whole screen, or a window.
    Fullscreen,
    /// Saves what is shown.
    Screenshot(Shot),
    /// Asks what to export: a picture, a film, a table.
    Export,
    /// Show or hide the key table.
    Help,
    /// End the program.
    Quit,
}

impl Action {
    /// True where a key that is held down acts again and again.
    fn repeats(self) -> bool {
        matches!(self, Self::Step(_) | Self::Skip(_) | Self::Zoom(_))
    }
}

/// A group of rows in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Where one is on the time line.
    Time,
    /// What is driven.
    World,
    /// Maps and neurons.
    Attention,
    /// The window itself.
    Window,
}

impl Group {
    /// The groups in the order of the help.
    pub const ALL: [Self; 4] = [Self::Time, Self::World, Self::Attention, Self::Window];

    /// The heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::World => "Drive",
            Self::Attention => "Attention and neurons",
            Self::Window => "Window",
        }
    }
}

/// One row of the key table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Keys that do it.
    pub keys: &'static [Key],
    /// The keys that must be held with them.
    pub modifiers: Modifiers,
    /// The keys as they are written on screen.
    pub label: &'static str,
    /// The action they ask for.
    pub action: Action,
    /// Their effect in words, for the key table.
    pub text: &'static str,
    /// The same in one or two words for the foot of the window; `None` for keys that are not listed there.
    pub hint: Option<&'static str>,
    /// The part of the help that lists it.
    pub group: Group,
}

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

/// Every key of the window, in the order of the help.
pub const BINDINGS: [Binding; 53] = {
    use Action as A;
    use Group::{Attention, Time, Window, World};
    [
        row(Time, NONE, &[Key::Space], "Space", A::PlayOrPause, "Play or pause; at the end, start again").hint("play"),
        row(Time, NONE, &[Key::Period], ".", A::Step(1), "One frame on").hint("step"),
        row(Time, NONE, &[Key::Comma], ",", A::Step(-1), "One frame back"),
        row(Time, NONE, &[Key::ArrowRight], "Right", A::Skip(1.0), "One second on"),
        row(Time, NONE, &[Key::ArrowLeft], "Left", A::Skip(-1.0), "One second back"),
        row(Time, SHIFT, &[Key::ArrowRight], "Shift Right", A::Skip(10.0), "Ten seconds on"),
        row(Time, SHIFT, &[Key::ArrowLeft], "Shift Left", A::Skip(-10.0), "Ten seconds back"),
        row(Time, NONE, &[Key::Home], "Home", A::Start, "First frame"),
        row(Time, NONE, &[Key::End], "End", A::End, "Last frame, of a drive the last one driven"),
        row(Time, NONE, &[Key::N], "N", A::NextEvent, "Next crash, gap, spoiled frame or large disagreement")
            .hint("event"),
        row(Time, SHIFT, &[Key::N], "Shift N", A::PreviousEvent, "The one before"),
        row(Time, NONE, &[Key::J], "J", A::BeforeCrash, "Five seconds before the last crash"),
        row(Time, NONE, &[Key::B], "B", A::Bookmark, "Set a bookmark here, or take it away"),
        row(Time, NONE, &[Key::T], "T", A::NextBookmark, "Next bookmark"),
        row(Time, NONE, &[Key::L], "L", A::Loop, "Loop: start of the range here, then its end, then none"),
        row(Time, NONE, &[Key::OpenBracket], "[", A::Slower, "Half the speed").hint("slower"),
        row(Time, NONE, &[Key::CloseBracket], "]", A::Faster, "Twice the speed").hint("faster"),
        row(Time, NONE, &[Key::Backspace], "Backspace", A::NormalSpeed, "Normal speed: as the frames were taken"),
        row(World, NONE, &[Key::R], "R", A::Reset, "Reset: back to the first frame").hint("reset"),
        row(World, NONE, &[Key::PageDown], "Page Down", A::NextRoad, "Next road, or next drive of a recording")
            .hint("next road"),
        row(
            World,
            NONE,
            &[Key::Plus, Key::Equals],
            "+",
            A::MoreNoise,
            "More image noise: variance 0, 0.05, 0.1, 0.2, 0.3",
        )
        .hint("noise"),
        row(World, NONE, &[Key::Minus], "-", A::LessNoise, "Less image noise").hint("noise"),
        row(World, NONE, &[Key::E], "E", A::EndBranch, "Go on without the undisturbed twin"),
        row(Attention, NONE, &[Key::O], "O", A::Overlay, "Saliency over the picture on or off").hint("overlay"),
        row(Attention, NONE, &[Key::M], "M", A::NextMethod, "Next saliency method").hint("method"),
        row(Attention, NONE, &[Key::C], "C", A::NextScale, "Next scale of the saliency colours").hint("scale"),
        row(Attention, NONE, &[Key::U], "U", A::Randomised, "Control: the map of randomised weights beside the map"),
        row(Attention, NONE, &[Key::P], "P", A::Beside, "A second method beside the first, on every policy"),
        row(Attention, NONE, &[Key::I], "I", A::Inside, "Show or hide the neurons").hint("inside"),
        row(Attention, NONE, &[Key::H], "H", A::Hold, "Hold the chosen neuron at its value, or let it go"),
        row(Attention, NONE, &[Key::X], "X", A::Cut, "Cut the synapse under the pointer, or mend it"),
        row(Attention, NONE, &[Key::Z], "Z", A::Undo, "Take the last change to the neurons back"),
        row(Window, NONE, &[Key::Tab], "Tab", A::Setup, "Show or hide the setup: policies, world, attention, cause")
            .hint("setup"),
        row(Window, NONE, &[Key::Num1], "1", A::Focus(0), "Look into the first policy; A and D steer its car"),
        row(Window, NONE, &[Key::Num2], "2", A::Focus(1), "The second"),
        row(Window, NONE, &[Key::Num3], "3", A::Focus(2), "The third"),
        row(Window, NONE, &[Key::Num4], "4", A::Focus(3), "The fourth"),
        row(Window, CTRL, &[Key::Num1], "Ctrl 1", A::Go(PlaceName::Drive), "Drive"),
        row(Window, CTRL, &[Key::Num2], "Ctrl 2", A::Go(PlaceName::Replay), "Replay"),
        row(Window, CTRL, &[Key::Num3], "Ctrl 3", A::Go(PlaceName::Train), "Train"),
        row(Window, CTRL, &[Key::Num4], "Ctrl 4", A::Go(PlaceName::Audit), "Audit"),
        row(Window, CTRL, &[Key::O], "Ctrl O", A::Open, "Open a recording"),
        row(Window, NONE, &[Key::S], "S", A::Screenshot(Shot::Pictures), "Save the pictures with what lies over them"),
        row(Window, SHIFT, &[Key::S], "Shift S", A::Screenshot(Shot::Cameras), "Save the pictures alone"),
        row(Window, CTRL_SHIFT, &[Key::S], "Ctrl Shift S", A::Screenshot(Shot::Window), "Save the whole window"),
        row(Window, CTRL, &[Key::E], "Ctrl E", A::Export, "Export a picture, a film, or the signals as a table")
            .hint("export"),
        row(Window, CTRL, &[Key::L], "Ctrl L", A::Theme, "Light or dark"),
        row(Window, CTRL, &[Key::Plus, Key::Equals], "Ctrl +", A::Zoom(1), "Larger"),
        row(Window, CTRL, &[Key::Minus], "Ctrl -", A::Zoom(-1), "Smaller"),
        row(Window, CTRL, &[Key::Num0], "Ctrl 0", A::Zoom(0), "The usual size"),
        row(Window, NONE, &[Key::F, Key::F11], "F or F11", A::Fullscreen, "The whole screen, or a window"),
        row(Window, NONE, &[Key::F1, Key::Questionmark], "F1 or ?", A::Help, "Show or hide this table").hint("keys"),
        row(Window, NONE, &[Key::Escape, Key::Q], "Esc or Q", A::Quit, "Quit; Esc closes what lies open first"),
    ]
};

const fn row(
    group: Group,
    modifiers: Modifiers,
    keys: &'static [Key],
    label: &'static str,
    action: Action,
    text: &'static str,
) -> Binding {
    Binding { keys, modifiers, label, action, text, hint: None, group }
}

impl Binding {
    const fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Shift is part of how some signs are typed: `+` and `?`.
    fn matches(&self, key: Key, modifiers: Modifiers) -> bool {
        let typed_with_shift = matches!(key, Key::Plus | Key::Questionmark);
        self.keys.contains(&key)
            && !modifiers.alt
            && modifiers.command == self.modifiers.command
            && (typed_with_shift || modifiers.shift == self.modifiers.shift)
    }
}

/// The action of this key, if it has one.
pub fn action_of(key: Key, modifiers: Modifiers) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.matches(key, modifiers)).map(|binding| binding.action)
}

/// Takes the key presses of the table out of these input events, and gives their actions in their order.
pub fn take_actions(events: &mut Vec<Event>) -> Vec<Action> {
    let mut actions = Vec::new();
    events.retain(|event| {
        let Event::Key { key, pressed: true, repeat, modifiers, .. } = event else { return true };
        let Some(action) = action_of(*key, *modifiers) else { return true };
        actions.extend((!repeat || action.repeats()).then_some(action));
        false
    });
    actions
}

/// The keys by which a person steers a car.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wheel {
    left: bool,
    right: bool,
    straight: bool,
}

/// Curvature in 1/m that A and D ask for: a bend of 25 m radius.
const HAND_CURVATURE_PER_M: f32 = 0.04;

impl Wheel {
    /// Sees the keys A, D and W pressed and let go among these events. Says whether any was.
    pub fn see(&mut self, events: &[Event]) -> bool {
        let before = *self;
        for event in events {
            let Event::Key { key, pressed, modifiers, .. } = event else { continue };
            let pressed = *pressed && !modifiers.any();
            match key {
                Key::A => self.left = pressed,
                Key::D => self.right = pressed,
                Key::W => self.straight = pressed,
                _ => {}
            }
        }
        *self != before
    }

    /// The curvature that the person wants, left positive; `None` while nobody holds the wheel.
    pub fn curvature_per_m(self) -> Option<f32> {
        let turn = f32::from(i8::from(self.left) - i8::from(self.right));
        (self.left || self.right || self.straight).then_some(turn * HAND_CURVATURE_PER_M)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_and_no_action_has_two_rows() {
        for (place, binding) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[..place] {
                let shares_key = binding.keys.iter().any(|key| other.matches(*key, binding.modifiers));
                assert!(!shares_key, "{} and {}", binding.label, other.label);
                assert_ne!(binding.action, other.action, "{}", binding.label);
            }
        }
    }

    #[test]
    fn the_table_holds_the_keys_that_users_of_other_tools_know() {
        for (key, modifiers, action) in [
            (Key::Space, NONE, Action::PlayOrPause),
            (Key::Period, NONE, Action::Step(1)),
            (Key::Comma, NONE, Action::Step(-1)),
            (Key::ArrowLeft, NONE, Action::Skip(-1.0)),
            (Key::ArrowRight, SHIFT, Action::Skip(10.0)),
            (Key::R, NONE, Action::Reset),
            (Key::N, NONE, Action::NextEvent),
            (Key::Plus, SHIFT, Action::MoreNoise),
            (Key::Minus, NONE, Action::LessNoise),
            (Key::Plus, CTRL, Action::Zoom(1)),
            (Key::Num0, CTRL, Action::Zoom(0)),
            (Key::F11, NONE, Action::Fullscreen),
            (Key::O, NONE, Action::Overlay),
            (Key::O, CTRL, Action::Open),
            (Key::Escape, NONE, Action::Quit),
            (Key::F1, NONE, Action::Help),
            (Key::Questionmark, SHIFT, Action::Help),
            (Key::Backspace, NONE, Action::NormalSpeed),
        ] {
            assert_eq!(action_of(key, modifiers), Some(action), "{key:?} {modifiers:?}");
        }
    }

    fn press(key: Key, repeat: bool, modifiers: Modifiers) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat, modifiers }
    }

    #[test]
    fn a_held_key_acts_once_unless_it_steps_and_keys_of_others_stay() {
        let mut events = vec![
            press(Key::R, false, NONE),
            press(Key::R, true, NONE),
            press(Key::Period, false, NONE),
            press(Key::Period, true, NONE),
            press(Key::R, false, CTRL),
        ];
        assert_eq!(take_actions(&mut events), [Action::Reset, Action::Step(1), Action::Step(1)]);
        assert_eq!(events, [press(Key::R, false, CTRL)], "Ctrl R is nobody's here");
    }

    #[test]
    fn a_person_steers_while_a_key_is_held_and_gives_back_when_it_is_let_go() {
        let mut wheel = Wheel::default();
        assert_eq!(wheel.curvature_per_m(), None);
        assert!(wheel.see(&[press(Key::A, false, NONE)]));
        assert!(wheel.curvature_per_m().unwrap() > 0.0, "left is positive");
        assert!(wheel.see(&[press(Key::D, false, NONE)]));
        assert_eq!(wheel.curvature_per_m(), Some(0.0));
        let let_go = |key| Event::Key { key, physical_key: None, pressed: false, repeat: false, modifiers: NONE };
        assert!(wheel.see(&[let_go(Key::A), let_go(Key::D)]));
        assert_eq!(wheel.curvature_per_m(), None);
        assert!(!wheel.see(&[press(Key::A, false, CTRL)]), "Ctrl A is nobody's here");
    }
}
