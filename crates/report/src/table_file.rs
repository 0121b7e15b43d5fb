//! A table as CSV, at full precision. An interval takes three columns: `NAME`, `NAME_low` and `NAME_high`.

use crate::section::{Cell, Table};

/// The file's bytes.
pub(super) fn csv(table: &Table) -> anyhow::Result<Vec<u8>> {
    let wide: Vec<bool> = (0..table.columns.len()).map(|column| table.has_intervals(column)).collect();
    let mut file = csv::Writer::from_writer(Vec::new());
    let names = table.columns.iter().zip(&wide).flat_map(|(column, wide)| {
        let ends = if *wide { &["", "_low", "_high"][..] } else { &[""] };
        ends.iter().map(|end| format!("{}{end}", column.name))
    });
    file.write_record(names)?;
    for row in &table.rows {
        file.write_record(row.iter().zip(&wide).flat_map(|(cell, wide)| fields(cell, *wide)))?;
    }
    Ok(file.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn fields(cell: &Cell, wide: bool) -> Vec<String> {
    let mut fields = match cell {
        Cell::Interval { value, low, high } => vec![value.to_string(), low.to_string(), high.to_string()],
        Cell::Count(count) => vec![count.to_string()],
        Cell::Number(value) => vec![value.to_string()],
        Cell::Text(text) => vec![text.clone()],
        Cell::Missing => vec![String::new()],
    };
    fields.resize(if wide { 3 } else { 1 }, String::new());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_cell_has_its_columns_and_all_its_digits() {
        let csv = String::from_utf8(csv(&sample::report().sections[0].tables[0]).unwrap()).unwrap();
        let expected = "\
policy,crashes,crashes_per_km,crashes_per_km_low,crashes_per_km_high,mean_abs_error_m,remark
\"ncp, \"\"small\"\"\",12,0.30000000000000004,0.1,0.55,0.123456789012345,steady
cnn,20480,-0.5,-1.25,0.000001,,<b>&amp;</b>
";
        assert_eq!(csv, expected);
    }
}
