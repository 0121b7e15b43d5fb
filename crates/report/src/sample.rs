//! A small report with every kind of cell, a chart and a picture, for tests.

use super::{About, AuditedPolicy, Report};
use crate::answers::{Answer, Better, Question};
use crate::plot::{Axis, Colour, Figure, HeatMap, Interval, Panel};
use crate::section::{Cell, Column, Section, Table};

/// Two policies, three sections; the last has only words.
pub(crate) fn report() -> Report {
    let subjects = vec![subject("ncp", 1, 'a'), subject("ncp", 2, 'b'), subject("cnn", 1, 'c')];
    let about = About {
        version: "0.1.0".into(),
        revision: "0123abc".into(),
        command: "liquid-lane audit driving --roads \"3\" --out <here>".into(),
        subjects,
    };
    Report {
        about,
        sections: vec![driving(), saliency(), Section::new("words", "Words only").say("Nothing to count.")],
    }
}

fn subject(policy: &str, training_seed: u64, digit: char) -> AuditedPolicy {
    AuditedPolicy {
        policy: policy.into(),
        training_seed,
        weights_sha256: String::from(digit).repeat(64),
        parameters: 78_893,
        training: "all looks, revision 0123abc".into(),
        trained_noise_variance: (training_seed == 1).then_some(0.1),
    }
}

fn driving() -> Section {
    let columns = vec![
        Column::key("policy", "Policy"),
        Column::measured("crashes", "Crashes", 0),
        Column::measured("crashes_per_km", "Crashes per km", 2),
        Column::measured("mean_abs_error_m", "Mean |e|, m", 3),
        Column::measured("remark", "Remark", 0),
    ];
    let rate = |value, low, high| Cell::Interval { value, low, high };
    let rows = vec![
        vec![
            Cell::text("ncp, \"small\""),
            Cell::Count(12),
            rate(0.1 + 0.2, 0.1, 0.55),
            Cell::Number(0.123_456_789_012_345),
            Cell::text("steady"),
        ],
        vec![
            Cell::text("cnn"),
            Cell::Count(20_480),
            rate(-0.5, -1.25, 1e-6),
            Cell::Missing,
            Cell::text("<b>&amp;</b>"),
        ],
    ];
    let (id, title) = ("policies".into(), "All roads".into());
    let table = Table { id, title, note: "Fewer is better.".into(), columns, rows };
    let dots = Panel::new("", Axis::categories("policy", ["ncp", "cnn"]), Axis::linear("crashes (1/km)"))
        .dots("ncp", Colour::category(0), [(0.0, 0.3)])
        .whiskers(Colour::INK, [Interval { x: 0.0, low: 0.1, high: 0.55 }])
        .span(0.5, 1.5);
    let map = Panel::new("", Axis::linear("x"), Axis::linear("y")).heat_map(HeatMap {
        label: "share".into(),
        rows: vec![vec![0.0, 1.0]],
        range: None,
    });
    Section::new("driving", "Driving & crashes")
        .answer(
            Answer::new(Question::CleanDriving, "crashes", "1/km", Better::Lower, 2)
                .on("2 trainings on 3 roads")
                .policy("ncp", rate(0.3, 0.1, 0.55))
                .policy("cnn", Cell::Number(1.5))
                .difference("ncp", "cnn"),
        )
        .say("Each policy drove 3 roads.")
        .conclude("No difference shown between ncp and cnn: −0.1 [−0.5, 0.3].")
        .table(table)
        .chart("rates", "Crashes per km, a dot each.", Figure::new("Crashes").columns(2).with(dots).with(map))
}

fn saliency() -> Section {
    let image = image::RgbImage::from_fn(6, 4, |x, y| image::Rgb([40 * x as u8, 60 * y as u8, 0]));
    let mut png = std::io::Cursor::new(Vec::new());
    image.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    Section::new("saliency", "Where they look").picture("frames", "A frame with \"its\" map.", png)
}
