//! Places of a tensor's elements, in the order in which another tensor goes through them.

/// Offsets into a tensor while an index goes through some sides, the last one first.
#[derive(Clone, Debug)]
pub(super) struct Places {
    sides: Vec<usize>,
    strides: Vec<isize>,
    index: Vec<usize>,
    at: isize,
    left: usize,
}

impl Places {
    /// From an offset on; a step along a side is as long as its stride.
    pub fn new(sides: &[usize], strides: Vec<isize>, first: isize) -> Self {
        let left = sides.iter().product();
        Self { index: vec![0; sides.len()], sides: sides.to_vec(), strides, at: first, left }
    }

    /// Places in a tensor of the shape `small`, spread over the shape `large` as ONNX spreads (as NumPy does).
    pub fn spread(small: &[usize], large: &[usize]) -> Self {
        let ahead = large.len().saturating_sub(small.len());
        let of_small = strides(small);
        let stride = |side: usize| match side.checked_sub(ahead) {
            Some(own) if small[own] != 1 => of_small[own],
            _ => 0,
        };
        Self::new(large, (0..large.len()).map(stride).collect(), 0)
    }
}

impl Iterator for Places {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let place = self.at as usize;
        for side in (0..self.sides.len()).rev() {
            self.index[side] += 1;
            self.at += self.strides[side];
            if self.index[side] < self.sides[side] {
                break;
            }
            self.at -= self.strides[side] * self.sides[side] as isize;
            self.index[side] = 0;
        }
        Some(place)
    }
}

/// How far the next element along each side lies.
pub(super) fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for side in (1..shape.len()).rev() {
        strides[side - 1] = strides[side] * shape[side] as isize;
    }
    strides
}

/// Sums of numbers by the places that they were taken from, of a tensor of this many elements.
pub(super) fn gathered(numbers: &[f32], places: impl Iterator<Item = usize>, length: usize) -> Vec<f32> {
    let mut sums = vec![0.0; length];
    for (number, place) in numbers.iter().zip(places) {
        if let Some(sum) = sums.get_mut(place) {
            *sum += number;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_spread_over_every_row_and_a_column_along_it() {
        assert_eq!(Places::spread(&[3], &[2, 3]).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
        assert_eq!(Places::spread(&[2, 1], &[2, 3]).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
        assert_eq!(Places::spread(&[], &[2]).collect::<Vec<_>>(), [0, 0]);
    }

    #[test]
    fn places_may_go_backwards_and_numbers_are_summed_where_they_came_from() {
        let backwards = Places::new(&[3], vec![-1], 2);
        assert_eq!(gathered(&[1.0, 2.0, 4.0], backwards, 3), [4.0, 2.0, 1.0]);
        assert_eq!(gathered(&[1.0, 2.0], Places::spread(&[1], &[2]), 1), [3.0]);
    }
}
