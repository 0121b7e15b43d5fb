//! A wiring as a picture to print: a self-contained SVG with one row per layer, from the sensory inputs down to the motor
//! neurons. Excitatory and inhibitory synapses differ in colour (Okabe and Ito 2008, safe for the colour-blind) and in
//! their ends (arrow and dot, so they differ in black and white too); synapses within a layer are arcs below it.

mod lines;
mod page;

use super::{Layer, Synapse, Wiring};
use lines::Lines;
use page::{Cell, Page, Row};

const EXCITATORY: &str = "#0072b2";
const INHIBITORY: &str = "#d55e00";

/// Draws a wiring; `polar` says whether polarities mean anything for its cell.
pub fn svg(wiring: &Wiring, polar: bool) -> String {
    let page = Page::of(wiring);
    let lines = Lines::of(wiring, &page);
    let parts = [
        head(wiring, &page, &lines),
        legend(wiring, &lines, polar),
        lines.draw(),
        page.rows.iter().map(draw_row).collect(),
        "</svg>\n".into(),
    ];
    parts.concat()
}

fn head(wiring: &Wiring, page: &Page, lines: &Lines) -> String {
    let synapses = wiring.sensory_synapses().len() + wiring.synapses().len();
    let title = format!("{} inputs, {} neurons, {synapses} synapses", wiring.sensory(), wiring.units());
    let (width, height) = (page::WIDTH, page.height);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>Wiring: {title}</title>
<style>
text {{ font-family: Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #222; }}
.title {{ font-size: 22px; font-weight: bold; }}
.layer {{ font-size: 17px; font-weight: bold; }}
.note {{ font-size: 13px; fill: #555; }}
.id {{ text-anchor: middle; dominant-baseline: central; }}
.cell {{ fill: #fff; stroke: #222; }}
.e, .i {{ fill: none; stroke-width: {stroke:.2}; stroke-opacity: {opacity:.2}; }}
.e {{ stroke: {EXCITATORY}; }}
.i {{ stroke: {INHIBITORY}; }}
</style>
<defs>
<marker id="arrow" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="5.5" markerHeight="5.5" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 6 3 0 6z" fill="{EXCITATORY}"/></marker>
<marker id="dot" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse"><circle cx="3" cy="3" r="2.6" fill="{INHIBITORY}"/></marker>
</defs>
<rect width="{width}" height="{height}" fill="#fff"/>
<text class="title" x="24" y="40">{title}</text>
"##,
        stroke = lines.stroke_width(),
        opacity = lines.opacity(),
    )
}

/// What the lines mean and how many there are of each.
fn legend(wiring: &Wiring, lines: &Lines, polar: bool) -> String {
    let all = || wiring.sensory_synapses().iter().chain(wiring.synapses());
    let excitatory = all().filter(|synapse| synapse.polarity > 0).count();
    let within = wiring.synapses().iter().filter(|synapse| is_within_a_layer(wiring, synapse)).count();
    let inhibitory = all().count() - excitatory;
    let counts = if polar {
        vec![
            ("e", "arrow", "M24 66H60", format!("{excitatory} excitatory")),
            ("i", "dot", "M214 66H250", format!("{inhibitory} inhibitory")),
        ]
    } else {
        let words = "connections from layer to layer, without polarity; all within a layer, not drawn";
        vec![("e", "arrow", "M24 66H60", format!("{excitatory} {words}"))]
    };
    let mut text = String::new();
    for ((class, end, path, label), x) in counts.into_iter().zip([68, 258]) {
        text += &format!(
            r#"<path class="{class}" fill="none" style="stroke-width:2;stroke-opacity:1" marker-end="url(#{end})" d="{path}"/><text class="note" x="{x}" y="70.5">{label}</text>"#
        );
    }
    if polar {
        text +=
            &format!(r#"<text class="note" x="408" y="70.5">{within} of them recurrent: arcs within a layer</text>"#);
    }
    if let Some(step) = lines.left_out() {
        text += &format!(r#"<text class="note" x="720" y="70.5">too many to draw: about 1 of {step} is shown</text>"#);
    }
    text + "\n"
}

fn is_within_a_layer(wiring: &Wiring, synapse: &Synapse) -> bool {
    Layer::ALL
        .map(|layer| wiring.ids(layer))
        .iter()
        .any(|ids| ids.contains(&synapse.source) && ids.contains(&synapse.target))
}

/// A layer's label and cells: squares for inputs, circles for neurons.
fn draw_row(row: &Row) -> String {
    let mut text = format!(
        r#"<text class="layer" x="24" y="{:.1}">{}</text><text class="note" x="24" y="{:.1}">{}</text><text class="note" x="24" y="{:.1}">{}</text>"#,
        row.y - 9.0,
        row.name,
        row.y + 9.0,
        row.cells_note,
        row.y + 26.0,
        row.synapses_note,
    );
    for Cell { id, x, y, radius } in row.cells() {
        let stroke = (radius / 8.0).min(1.6);
        text += &match row.layer {
            Some(_) => {
                format!(r#"<circle class="cell" stroke-width="{stroke:.2}" cx="{x:.2}" cy="{y:.1}" r="{radius:.2}"/>"#)
            }
            None => format!(
                r#"<rect class="cell" stroke-width="{stroke:.2}" x="{:.2}" y="{:.2}" width="{side:.2}" height="{side:.2}"/>"#,
                x - radius,
                y - radius,
                side = 2.0 * radius,
            ),
        };
        if radius >= page::LEAST_RADIUS_WITH_ID {
            text += &format!(r#"<text class="id" font-size="{:.1}" x="{x:.2}" y="{y:.1}">{id}</text>"#, radius * 0.95);
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::{LANE_KEEPING_SEED, WiringSpec};
    use super::*;

    fn count(text: &str, what: &str) -> usize {
        text.matches(what).count()
    }

    fn fully_connected(sensory: usize, units: usize) -> Wiring {
        let spec = WiringSpec::FullyConnected { sensory, units, motor: 1, seed: 1, self_connections: true };
        Wiring::build(&spec).unwrap()
    }

    #[test]
    fn every_cell_and_every_synapse_is_drawn_once_and_counted() {
        let text = svg(&Wiring::lane_keeping(LANE_KEEPING_SEED), true);
        assert_eq!(count(&text, "<circle class=\"cell\""), 19);
        assert_eq!(count(&text, "<rect class=\"cell\""), 32);
        let [excitatory, inhibitory] = ["e", "i"].map(|class| count(&text, &format!("<path class=\"{class}\"")) - 1);
        assert_eq!(excitatory + inhibitory, 252, "one more of each explains the colour");
        assert!(text.contains(&format!("{excitatory} excitatory")), "the counts of the legend");
        assert!(text.contains(&format!("{inhibitory} inhibitory")), "the counts of the legend");
        for layer in ["Sensory", "Inter", "Command", "Motor"] {
            assert_eq!(count(&text, &format!(">{layer}</text>")), 1, "{layer}");
        }
    }

    #[test]
    fn without_polarity_nothing_excites_or_inhibits() {
        let text = svg(&Wiring::lane_keeping(LANE_KEEPING_SEED), false);
        assert!(!text.contains("excitatory") && !text.contains("inhibitory") && text.contains("without polarity"));
    }

    #[test]
    fn the_picture_needs_no_other_file_and_stays_on_its_page() {
        let text = svg(&fully_connected(9, 20), true);
        assert!(!text.contains("href") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        assert_eq!(count(&text, ">Command</text>"), 0, "a layer without neurons has no row");
    }

    #[test]
    fn a_large_wiring_is_thinned_out_and_says_so() {
        let text = svg(&fully_connected(100, 300), true);
        let lines = count(&text, "<path class=") - 2;
        // 120,000 synapses, one of six drawn; a hash does not choose exactly one of six.
        assert!((19_000..=21_000).contains(&lines), "{lines} lines");
        assert!(text.contains("about 1 of 6 is shown"));
    }
}
