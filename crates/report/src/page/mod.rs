//! The report as one page: no script, no other file, light and dark, on screen and on paper.

mod answers;
mod number;
mod summary;
mod table;

use super::{Drawn, Report};
use crate::plot::Parts;
use crate::section::{Chart, Picture, Section};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// The page; `charts` are those of each section.
pub(super) fn html(report: &Report, charts: &[Vec<Drawn>]) -> String {
    let title = summary::title(&report.about);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (summary::header(&report.about))
                (answers::markup(&report.about.policies(), &report.sections))
                (summary::how(&report.about))
                (contents(report))
                main {
                    @for (section, charts) in report.sections.iter().zip(charts) { (self::section(section, charts)) }
                    (summary::subjects(&report.about.subjects))
                }
            }
        }
    };
    page.into_string()
}

fn contents(report: &Report) -> Markup {
    html! {
        nav id="contents" aria-labelledby="contents-title" {
            h2 id="contents-title" { "Contents" }
            ol {
                @for section in &report.sections {
                    li {
                        a href={ "#section-" (section.id) } { (section.title) }
                        @if !section.tables.is_empty() {
                            ul {
                                @for table in &section.tables {
                                    li { a href={ "#table-" (section.id) "-" (table.id) } { (table.title) } }
                                }
                            }
                        }
                    }
                }
                @if !report.about.subjects.is_empty() { li { a href="#trainings" { "Trainings audited" } } }
            }
        }
    }
}

fn section(section: &Section, charts: &[Drawn]) -> Markup {
    html! {
        section id={ "section-" (section.id) } aria-labelledby={ "title-" (section.id) } {
            h2 id={ "title-" (section.id) } { (section.title) }
            @for paragraph in &section.text { p { (paragraph) } }
            @if !section.verdicts.is_empty() {
                ul.verdicts { @for verdict in &section.verdicts { li { (verdict) } } }
            }
            @if !charts.is_empty() {
                div.charts {
                    @for (chart, drawn) in section.charts.iter().zip(charts) {
                        (self::chart(&section.id, chart, &drawn.parts))
                    }
                }
            }
            @for picture in &section.pictures { (self::picture(&section.id, picture)) }
            @for table in &section.tables { (table::markup(&section.id, table)) }
            p.top { a href="#contents" { "Back to the contents" } }
        }
    }
}

/// A panel wider than this has the width of the page to itself, in pixels.
const SMALL: f64 = 400.0;

/// A chart whose panels flow: side by side where they fit, below one another on a narrow screen.
fn chart(section: &str, chart: &Chart, parts: &Parts) -> Markup {
    let is_small = parts.panels.len() == 1 && parts.panel_width <= SMALL;
    html! {
        figure.chart.small[is_small] id={ "chart-" (section) "-" (chart.id) }
            style={ "--panel:" (parts.panel_width) "px" } {
            @if !parts.title.is_empty() { p.title { (parts.title) } }
            div.panels role="img" aria-label=(chart.caption) {
                @for panel in &parts.panels { div.panel { (PreEscaped(&panel.svg)) } }
            }
            @if !parts.legend.is_empty() {
                ul.legend { @for entry in &parts.legend { li { (PreEscaped(&entry.svg)) (entry.name) } } }
            }
            figcaption { (chart.caption) }
        }
    }
}

fn picture(section: &str, picture: &Picture) -> Markup {
    html! {
        figure.picture id={ "picture-" (section) "-" (picture.id) } {
            div.scroll {
                img src={ "data:image/png;base64," (BASE64.encode(&picture.png)) } alt=(picture.caption);
            }
            figcaption { (picture.caption) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn page() -> String {
        let report = sample::report();
        html(&report, &report.drawn().unwrap())
    }

    #[test]
    fn the_page_needs_no_other_file_and_no_script() {
        let page = page().replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for word in ["http", "<script", "<link", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("src=\"").count(), page.matches("src=\"data:image/png;base64,").count());
    }

    #[test]
    fn the_page_holds_every_table_chart_and_picture_under_its_own_id() {
        let (report, page) = (sample::report(), page());
        let verdicts = report.sections.iter().flat_map(|section| &section.verdicts).collect::<Vec<_>>();
        assert!(verdicts.len() == 1 && page.contains(&format!("<ul class=\"verdicts\"><li>{}</li></ul>", verdicts[0])));
        for section in &report.sections {
            assert!(page.contains(&format!("<section id=\"section-{}\"", section.id)));
            for table in &section.tables {
                assert_eq!(page.matches(&format!("id=\"table-{}-{}\"", section.id, table.id)).count(), 1);
            }
        }
        let shown = report.sections[0].charts[0].figure.parts().unwrap();
        assert_eq!(page.matches("<svg").count(), shown.panels.len() + shown.legend.len());
        assert!(page.contains("alt=\"A frame with &quot;its&quot; map.\""));
        assert!(page.contains("aria-label=\"Crashes per km, a dot each.\""));
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{ids:?}");
        for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(&target), "{target}");
        }
    }

    #[test]
    fn words_are_shown_as_they_are() {
        let page = page();
        assert!(page.contains("Driving &amp; crashes") && page.contains("&lt;b&gt;&amp;amp;&lt;/b&gt;"));
        assert!(page.contains("--out &lt;here&gt;") && !page.contains("<b>&amp;</b>"));
    }

    #[test]
    fn every_tone_of_a_chart_that_is_no_data_has_a_dark_one() {
        let report = sample::report();
        let svg = report.sections[0].charts[0].figure.svg().unwrap();
        let is_grey = |hex: &&str| {
            let channel = |at: usize| i32::from_str_radix(&hex[at..at + 2], 16).unwrap();
            (channel(1) - channel(3)).abs() + (channel(3) - channel(5)).abs() < 20
        };
        let tones = ["fill", "stroke"].map(|paint| {
            let opening = format!("{paint}=\"");
            let paints = svg.split(&opening).skip(1).filter_map(|rest| rest.split('"').next());
            let tones = paints.filter(|hex| hex.starts_with('#')).filter(is_grey);
            tones.map(|hex| format!("[{paint}=\"{hex}\"]")).collect::<Vec<_>>()
        });
        assert!(tones.iter().all(|tones| !tones.is_empty()));
        for tone in tones.iter().flatten() {
            assert!(STYLE.contains(tone.as_str()), "{tone}");
        }
    }
}
