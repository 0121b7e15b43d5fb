//! Products of matrices.

use super::places::{Places, gathered};
use super::{Call, Gradients, Rule};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Gemm" => gemm,
        "MatMul" => products,
        _ => return None,
    })
}

/// A matrix in a tensor: how far the next row and the next column lie.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    numbers: &'a [f32],
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    fn new(numbers: &'a [f32], columns: usize) -> Self {
        Self { numbers, strides: [columns, 1] }
    }

    fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Self { strides: [column, row], ..self }
    }

    fn transposed_if(self, transposed: bool) -> Self {
        if transposed { self.transposed() } else { self }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.numbers[row * self.strides[0] + column * self.strides[1]]
    }
}

/// Adds a product times a factor to a matrix of `rows` times `columns`, stored row by row.
fn add_product(sums: &mut [f32], [rows, inner, columns]: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, factor: f32) {
    for row in 0..rows {
        let sums = &mut sums[row * columns..][..columns];
        if b.strides[1] == 1 {
            for middle in 0..inner {
                let weight = factor * a.at(row, middle);
                let along = &b.numbers[middle * b.strides[0]..][..columns];
                sums.iter_mut().zip(along).for_each(|(sum, number)| *sum += weight * number);
            }
        } else {
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum += factor * (0..inner).map(|middle| a.at(row, middle) * b.at(middle, column)).sum::<f32>();
            }
        }
    }
}

fn gemm(call: &Call<'_>) -> Result<Gradients, String> {
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let [turned_a, turned_b] = ["transA", "transB"].map(|name| call.int(name, 0) != 0);
    let ([a_rows, a_columns], [.., b_columns]) = (pair(call.shape(0)?)?, pair(call.shape(1)?)?);
    let [rows, columns] = pair(&call.output()?.shape)?;
    let inner = if turned_a { a_rows } else { a_columns };
    let gradient = Matrix::new(call.gradient()?, columns);
    let mut gradients = Vec::new();
    if call.wants(0) {
        let mut sums = vec![0.0; rows * inner];
        let b = Matrix::new(call.floats(1)?, b_columns).transposed_if(turned_b).transposed();
        if turned_a {
            add_product(&mut sums, [inner, columns, rows], b.transposed(), gradient.transposed(), alpha);
        } else {
            add_product(&mut sums, [rows, columns, inner], gradient, b, alpha);
        }
        gradients.push((0, sums));
    }
    if call.wants(1) {
        let mut sums = vec![0.0; inner * columns];
        let a = Matrix::new(call.floats(0)?, a_columns).transposed_if(turned_a).transposed();
        if turned_b {
            add_product(&mut sums, [columns, rows, inner], gradient.transposed(), a.transposed(), alpha);
        } else {
            add_product(&mut sums, [inner, rows, columns], a, gradient, alpha);
        }
        gradients.push((1, sums));
    }
    if call.wants(2) {
        let (shape, scaled) = (call.shape(2)?, call.gradient()?.iter().map(|number| beta * number));
        let places = Places::spread(shape, &[rows, columns]);
        gradients.push((2, gathered(&scaled.collect::<Vec<_>>(), places, shape.iter().product())));
    }
    Ok(gradients)
}

fn pair(shape: &[usize]) -> Result<[usize; 2], String> {
    shape.try_into().map_err(|_| format!("expected a matrix, got the shape {shape:?}"))
}

/// Matrices along all sides but the last two, as NumPy's `matmul`.
fn products(call: &Call<'_>) -> Result<Gradients, String> {
    let (mut first, mut second) = (call.shape(0)?.to_vec(), call.shape(1)?.to_vec());
    let mut output = call.output()?.shape.clone();
    // A lone row or column counts as a matrix of one.
    if first.len() == 1 {
        first.insert(0, 1);
        output.insert(output.len() - usize::from(second.len() > 1), 1);
    }
    if second.len() == 1 {
        second.push(1);
        output.push(1);
    }
    let split = |shape: &[usize]| -> Result<(Vec<usize>, [usize; 2]), String> {
        let at = shape.len().checked_sub(2).ok_or("a matrix without two sides")?;
        Ok((shape[..at].to_vec(), pair(&shape[at..])?))
    };
    let ((of_first, [rows, inner]), (of_second, [_, columns])) = (split(&first)?, split(&second)?);
    let (of_output, _) = split(&output)?;
    let (a, b, gradient) = (call.floats(0)?, call.floats(1)?, call.gradient()?);
    let starts = |of: &[usize]| Places::spread(of, &of_output);
    let (mut by_first, mut by_second) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    let out = rows * columns;
    for (at, (of_a, of_b)) in starts(&of_first).zip(starts(&of_second)).enumerate() {
        let gradient = Matrix::new(&gradient[at * out..][..out], columns);
        let (from_a, from_b) = (of_a * rows * inner, of_b * inner * columns);
        if call.wants(0) {
            let b = Matrix::new(&b[from_b..][..inner * columns], columns).transposed();
            add_product(&mut by_first[from_a..][..rows * inner], [rows, columns, inner], gradient, b, 1.0);
        }
        if call.wants(1) {
            let a = Matrix::new(&a[from_a..][..rows * inner], inner).transposed();
            add_product(&mut by_second[from_b..][..inner * columns], [inner, rows, columns], a, gradient, 1.0);
        }
    }
    Ok(vec![(0, by_first), (1, by_second)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_summed_over_what_lies_between() {
        // numpy: [[1, 2]] @ [[3, 4], [5, 6]] = [[13, 16]]; with the second transposed [[11, 17]].
        let (a, b) = (Matrix::new(&[1.0, 2.0], 2), Matrix::new(&[3.0, 4.0, 5.0, 6.0], 2));
        for (b, expected) in [(b, [13.0, 16.0]), (b.transposed(), [11.0, 17.0])] {
            let mut sums = [0.0; 2];
            add_product(&mut sums, [1, 2, 2], a, b, 1.0);
            assert_eq!(sums, expected);
        }
    }
}
