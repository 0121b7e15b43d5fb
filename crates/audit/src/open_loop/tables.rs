//! Open-loop figures as tables of a report. Columns that say what a row is about come first and are the caller's.

use super::figures::{CurvatureBin, OpenLoopFigures};
use lane_report::measure::{Caption, Measure, maybe, table};
use lane_report::section::{Cell, Column, Table};

const ERRORS: &[Measure<OpenLoopFigures>] = &[
    ("frames", "frames", 0, |figures| Cell::Count(figures.frames())),
    ("mae_per_km", "MAE, 1/km", 2, |figures| per_km(figures.mae_per_m())),
    ("rmse_per_km", "RMSE, 1/km", 2, |figures| per_km(figures.rmse_per_m())),
    ("curvature_weighted_mae_per_km", "MAE in bends, 1/km", 2, |figures| {
        per_km(figures.curvature_weighted_mae_per_m())
    }),
    ("bias_per_km", "bias, 1/km", 2, |figures| per_km(figures.bias_per_m())),
    ("r2", "R²", 3, |figures| maybe(figures.r2())),
    ("skill_over_zero", "R² over zero", 3, |figures| maybe(figures.skill_over_zero())),
    ("f1_left", "F1 left", 3, |figures| maybe(figures.f1()[0])),
    ("f1_straight", "F1 straight", 3, |figures| maybe(figures.f1()[1])),
    ("f1_right", "F1 right", 3, |figures| maybe(figures.f1()[2])),
    ("macro_f1", "mean F1", 3, |figures| maybe(figures.macro_f1())),
];

const ERRORS_NOTE: &str = "Path curvature, command less label. In bends: weighted by |curvature| of the label. R²: \
    share of the squared error of always steering the mean (over zero: straight on) that is gone. F1: telling left, straight \
    and right at 0.0074/m, 0.02 rad of wheel angle. Open loop: a poor guide to driving.";

const BINS: &[Measure<CurvatureBin>] = &[
    ("frames", "frames", 0, |bin| Cell::Count(bin.frames)),
    ("mae_per_km", "MAE, 1/km", 2, |bin| per_km(Some(bin.mae_per_m))),
    ("rmse_per_km", "RMSE, 1/km", 2, |bin| per_km(Some(bin.rmse_per_m))),
    ("bias_per_km", "bias, 1/km", 2, |bin| per_km(Some(bin.bias_per_m))),
];

const BINS_NOTE: &str = "By |curvature| of the label.";

/// Errors of predictors, a row each.
pub fn steering_error_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, OpenLoopFigures)]) -> Table {
    table(&Caption { id, title, note: ERRORS_NOTE }, keys, ERRORS, rows)
}

/// The same by how far the road bends: one row per predictor and bin, with a key column `curvature`.
pub fn curvature_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, OpenLoopFigures)]) -> Table {
    let keys: Vec<Column> =
        keys.iter().cloned().chain([Column::key("curvature_per_km", "|curvature|, 1/km")]).collect();
    let by_bin = rows.iter().flat_map(|(cells, figures)| {
        let bins = figures.by_curvature().into_iter();
        bins.map(|bin| ([&cells[..], &[Cell::text(range_per_km(&bin))]].concat(), bin)).collect::<Vec<_>>()
    });
    table(&Caption { id, title, note: BINS_NOTE }, &keys, BINS, &by_bin.collect::<Vec<_>>())
}

fn range_per_km(bin: &CurvatureBin) -> String {
    let from = 1e3 * bin.from_per_m;
    bin.to_per_m.map_or_else(|| format!("{from:.0} and more"), |to| format!("{from:.0} to {:.0}", 1e3 * to))
}

fn per_km(per_m: Option<f64>) -> Cell {
    maybe(per_m.map(|per_m| 1e3 * per_m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_every_column() {
        let rows = [
            (vec![Cell::text("ncp")], OpenLoopFigures::of([(0.01, 0.02), (0.0, 0.001), (-0.05, -0.07)])),
            (vec![Cell::text("cnn")], OpenLoopFigures::default()),
        ];
        let errors = steering_error_table("errors", "", &[Column::key("policy", "policy")], &rows);
        let bins = curvature_table("bins", "", &[Column::key("policy", "policy")], &rows);
        assert_eq!((errors.rows.len(), bins.rows.len()), (2, 3), "a bin without a frame has no row");
        for table in [&errors, &bins] {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
        }
        assert_eq!(bins.rows[1][..3], [Cell::text("ncp"), Cell::text("20 to 50"), Cell::Count(1)]);
        assert_eq!(bins.rows[2][1], Cell::text("50 and more"));
        assert_eq!(errors.rows[1][2], Cell::Missing);
    }
}
