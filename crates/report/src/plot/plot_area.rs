//! Draws the axes of a panel, and finds the place of a pair of numbers between them.

use super::colour::Colour;
use super::extent::Extent;
use super::layout::{Area, LABEL_ROOM, left_room, px, text};
use super::panel::{Panel, Rule};
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::Ranged as _;
use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color as _, TRANSPARENT};

/// Marked values along an axis, at most: across, and upwards.
const TICKS: (usize, usize) = (7, 6);

/// A place in a part of the sheet, in its units from the left and from the top.
pub(super) type Place = (i32, i32);

/// Where a panel's data are drawn.
pub(super) struct PlotArea<'a> {
    /// Between the axes.
    pub area: Area<'a>,
    x: Extent,
    y: Extent,
}

impl<'a> PlotArea<'a> {
    /// Draws a panel's axes, with spans below and reference lines above the grid.
    pub(super) fn draw(panel: &Panel, part: &Area<'a>) -> anyhow::Result<Self> {
        let x = panel.x.extent(panel.xs().into_iter());
        let y = panel.y.extent(panel.ys().into_iter());
        let mut chart = ChartBuilder::on(part)
            .margin_top(px(26))
            .margin_right(px(12))
            .margin_bottom(px(6))
            .x_label_area_size(px(LABEL_ROOM.0))
            .y_label_area_size(px(left_room(panel)))
            .build_cartesian_2d(x.clone(), y.clone())?;
        let plot = Self { area: chart.plotting_area().strip_coord_spec(), x, y };
        for (from, to) in &panel.spans {
            let corners = [(plot.across(*from), 0), (plot.across(*to), plot.size().1)];
            plot.area.draw(&Rectangle::new(corners, Colour::SPAN.rgb().filled()))?;
        }
        chart
            .configure_mesh()
            .x_labels(TICKS.0)
            .y_labels(TICKS.1)
            .x_desc(panel.x.label.as_str())
            .y_desc(panel.y.label.as_str())
            .label_style(text(11, HPos::Center))
            .axis_desc_style(text(12, HPos::Center))
            .axis_style(Colour::AXIS.rgb().stroke_width(px(1)))
            .bold_line_style(Colour::GRID.rgb().stroke_width(px(1)))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(px(4))
            .draw()?;
        plot.draw_rules(&panel.rules)?;
        Ok(plot)
    }

    /// The place of a pair of numbers; `None` if one of them has none on its axis.
    pub(super) fn place(&self, x: f64, y: f64) -> Option<Place> {
        (self.x.holds(x) && self.y.holds(y)).then(|| (self.across(x), self.down(y)))
    }

    /// Where bars start.
    pub(super) fn base(&self) -> f64 {
        self.y.base()
    }

    fn size(&self) -> Place {
        let (width, height) = self.area.dim_in_pixel();
        (width as i32, height as i32)
    }

    fn across(&self, x: f64) -> i32 {
        self.x.map(&x, (0, self.size().0))
    }

    fn down(&self, y: f64) -> i32 {
        self.y.map(&y, (self.size().1, 0))
    }

    fn draw_rules(&self, rules: &[Rule]) -> anyhow::Result<()> {
        let (width, height) = self.size();
        for rule in rules {
            let ends = match rule {
                Rule::Horizontal(y) => [(0, self.down(*y)), (width, self.down(*y))],
                Rule::Vertical(x) => [(self.across(*x), 0), (self.across(*x), height)],
            };
            self.area.draw(&PathElement::new(ends, Colour::AXIS.rgb().stroke_width(px(1))))?;
        }
        Ok(())
    }
}
