use lane_policy::conv::{ConvShape, backward, forward};
use lane_policy::device;
use lane_policy::encoder::EncoderKind;
use lane_policy::{Policy, PolicyKind};
use lane_testing::{assert_close, noise};

/// Convolution, bias and ReLU of one frame, straight from the definition, in 64 bits.
fn by_definition(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let mut output = Vec::new();
    for (y, x) in (0..shape.out_height()).flat_map(|y| (0..shape.out_width()).map(move |x| (y, x))) {
        for (filter, bias) in bias.iter().enumerate() {
            let mut sum = f64::from(*bias);
            for (ky, kx) in (0..shape.kernel).flat_map(|ky| (0..shape.kernel).map(move |kx| (ky, kx))) {
                let row = (y * shape.stride + ky).checked_sub(shape.padding).filter(|row| *row < shape.in_height);
                let column = (x * shape.stride + kx).checked_sub(shape.padding).filter(|c| *c < shape.in_width);
                let (Some(row), Some(column)) = (row, column) else { continue };
                for channel in 0..shape.in_channels {
                    let pixel = input[(row * shape.in_width + column) * shape.in_channels + channel];
                    let tap = ((filter * shape.in_channels + channel) * shape.kernel + ky) * shape.kernel + kx;
                    sum += f64::from(pixel) * f64::from(weight[tap]);
                }
            }
            output.push(sum.max(0.0));
        }
    }
    output
}

/// Every combination that a layer can meet: few and many channels, strides, padding, rows and columns left over.
const SHAPES: [[usize; 7]; 6] = [
    [9, 11, 3, 16, 5, 2, 0],
    [10, 12, 5, 20, 3, 2, 1],
    [10, 12, 4, 36, 5, 2, 2],
    [8, 9, 8, 8, 3, 1, 1],
    [8, 9, 8, 80, 3, 1, 0],
    [5, 5, 2, 3, 5, 1, 0],
];

fn shapes() -> impl Iterator<Item = ConvShape> {
    SHAPES.into_iter().map(|[in_height, in_width, in_channels, out_channels, kernel, stride, padding]| ConvShape {
        in_height,
        in_width,
        in_channels,
        out_channels,
        kernel,
        stride,
        padding,
    })
}

#[test]
fn convolutions_agree_with_their_definition() {
    for shape in shapes() {
        let (input, weight) = (noise(2 * shape.in_len(), 1), noise(shape.window_len() * shape.out_channels, 2));
        let bias = noise(shape.out_channels, 3);
        let output = forward(&shape, &input, &weight, &bias);
        let frames = input.chunks_exact(shape.in_len());
        let expected: Vec<f32> =
            frames.flat_map(|input| by_definition(&shape, input, &weight, &bias)).map(|value| value as f32).collect();
        assert_close(&format!("{shape:?}"), &output, &expected, 2e-6);
    }
}

#[test]
fn gradients_of_convolutions_agree_with_finite_differences() {
    for shape in shapes() {
        let (input, weight) = (noise(2 * shape.in_len(), 1), noise(shape.window_len() * shape.out_channels, 2));
        // A bias of 100 keeps every ReLU open, so that differences do not step over its kink.
        let bias: Vec<f32> = noise(shape.out_channels, 3).iter().map(|value| value + 100.0).collect();
        let output = forward(&shape, &input, &weight, &bias);
        let d_output = noise(output.len(), 5);
        let loss = |input: &[f32], weight: &[f32], bias: &[f32]| -> f64 {
            let frames = input.chunks_exact(shape.in_len());
            let output = frames.flat_map(|input| by_definition(&shape, input, weight, bias));
            output.zip(&d_output).map(|(output, d)| output * f64::from(*d)).sum()
        };
        let gradients = backward(&shape, &input, &weight, &output, &d_output, true);
        let d_input = gradients.input.unwrap();
        let compare = |values: &[f32], gradient: &[f32], loss: &dyn Fn(&[f32]) -> f64| {
            for at in (0..values.len()).step_by(values.len().div_ceil(40)) {
                let (mut up, mut down) = (values.to_vec(), values.to_vec());
                (up[at], down[at]) = (values[at] + 0.25, values[at] - 0.25);
                let measured = (loss(&up) - loss(&down)) / f64::from(up[at] - down[at]);
                // The loss is linear in each argument; what is left is rounding of 32-bit sums of some hundred terms.
                let off = (measured - f64::from(gradient[at])).abs();
                assert!(off < 1e-4 * (1.0 + measured.abs()), "{shape:?} at {at}: {measured} against {}", gradient[at]);
            }
        };
        compare(&input, &d_input, &|input| loss(input, &weight, &bias));
        compare(&weight, &gradients.weight, &|weight| loss(&input, weight, &bias));
        compare(&bias, &gradients.bias, &|bias| loss(&input, &weight, bias));
    }
}

#[test]
fn a_closed_relu_passes_no_gradient() {
    let shape = shapes().next().unwrap();
    let (input, weight) = (noise(shape.in_len(), 1), noise(shape.window_len() * shape.out_channels, 2));
    let bias = vec![-100.0; shape.out_channels];
    let output = forward(&shape, &input, &weight, &bias);
    let gradients = backward(&shape, &input, &weight, &output, &vec![1.0; output.len()], true);
    assert!(output.iter().chain(&gradients.weight).chain(&gradients.bias).all(|value| *value == 0.0));
    assert!(gradients.input.unwrap().iter().all(|value| *value == 0.0));
}

#[test]
fn parameter_counts_are_those_of_the_paper() {
    let device = device::cpu();
    let count = |kind| Policy::init(kind, 1, &device).parameters();
    // Lechner et al. 2020, Table 2: 79,420 + 1,065; and 32 + 32 + 1 + 1 of the affine maps.
    assert_eq!(count(PolicyKind::NCP_PAPER), 79_420 + 1_065 + 66);
    assert_eq!(count(PolicyKind::CNN_PAPER), 5_068_900);
}

#[test]
fn the_paper_encoders_have_the_papers_feature_maps() {
    assert_eq!(EncoderKind::Paper.map_shape(), [10, 25, 8]);
    assert_eq!(EncoderKind::PaperCnn.map_shape(), [4, 19, 64]);
    assert_eq!(EncoderKind::Compact.map_shape(), [2, 11, 8]);
}
