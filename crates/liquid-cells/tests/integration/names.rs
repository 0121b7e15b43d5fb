use burn::tensor::{Device, Tensor, TensorData};
use liquid_cells::cell::{
    Activation, Cell, CellSpec, CfcMode, CfcSpec, Constraint, CtRnnSpec, GateOrder, GruSpec, LstmSpec, LtcSpec,
    NeuralOdeSpec, WiredCfcSpec,
};
use liquid_cells::interchange::{self, Array, CellName, Hints, StateDict, Style};
use liquid_cells::solver::Solver;
use liquid_cells::to_vec;
use liquid_cells::wiring::{Layer, Wiring, WiringSpec};

/// Names and shapes of a cell's state dict, sorted by name.
fn exported(spec: impl Into<CellSpec>) -> Vec<(String, Vec<usize>)> {
    let dict = interchange::export(&Cell::new(spec, 1, &Device::flex()).unwrap());
    dict.iter().map(|(name, array)| (name.to_owned(), array.shape.clone())).collect()
}

fn assert_exported(spec: impl Into<CellSpec>, expected: &[(&str, &[usize])]) {
    let expected: Vec<_> = expected.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect();
    assert_eq!(exported(spec), expected);
}

/// A state dict of zeros, but for the masks, which are ones.
fn dict(tensors: &[(&str, &[usize])]) -> StateDict {
    let mut dict = StateDict::default();
    for (name, shape) in tensors {
        let value = if name.ends_with("mask") { 1.0 } else { 0.0 };
        dict.insert(*name, Array { shape: shape.to_vec(), values: vec![value; shape.iter().product()] });
    }
    dict
}

fn inferred(cell: CellName, tensors: &[(&str, &[usize])]) -> CellSpec {
    let hints = Hints { constraint: Some(Constraint::Softplus), ..Hints::default() };
    interchange::infer(&dict(tensors), cell, &hints).unwrap()
}

/// Three inputs, one neuron of each kind.
fn wiring() -> Wiring {
    let layers = [(Layer::Motor, 1), (Layer::Command, 1), (Layer::Inter, 1)];
    let sensory = vec![(0, 2, 1).into(), (1, 2, -1).into(), (2, 2, 1).into()];
    Wiring::from_synapses(3, &layers, sensory, vec![(1, 0, 1).into(), (2, 1, -1).into()]).unwrap()
}

/// `state_dict()` of ncps 1.0.1's `LTC(3, wiring of 3 units, 1 of them motor)`.
const LTC: &[(&str, &[usize])] = &[
    ("rnn_cell.cm", &[3]),
    ("rnn_cell.erev", &[3, 3]),
    ("rnn_cell.gleak", &[3]),
    ("rnn_cell.input_b", &[3]),
    ("rnn_cell.input_w", &[3]),
    ("rnn_cell.mu", &[3, 3]),
    ("rnn_cell.output_b", &[1]),
    ("rnn_cell.output_w", &[1]),
    ("rnn_cell.sensory_erev", &[3, 3]),
    ("rnn_cell.sensory_mu", &[3, 3]),
    ("rnn_cell.sensory_sigma", &[3, 3]),
    ("rnn_cell.sensory_sparsity_mask", &[3, 3]),
    ("rnn_cell.sensory_w", &[3, 3]),
    ("rnn_cell.sigma", &[3, 3]),
    ("rnn_cell.sparsity_mask", &[3, 3]),
    ("rnn_cell.vleak", &[3]),
    ("rnn_cell.w", &[3, 3]),
];

/// Of its `CfC(3, 2)` with a backbone of two layers of 16: an activation stands behind each.
const CFC: &[(&str, &[usize])] = &[
    ("rnn_cell.backbone.0.bias", &[16]),
    ("rnn_cell.backbone.0.weight", &[16, 5]),
    ("rnn_cell.backbone.2.bias", &[16]),
    ("rnn_cell.backbone.2.weight", &[16, 16]),
    ("rnn_cell.ff1.bias", &[2]),
    ("rnn_cell.ff1.weight", &[2, 16]),
    ("rnn_cell.ff2.bias", &[2]),
    ("rnn_cell.ff2.weight", &[2, 16]),
    ("rnn_cell.time_a.bias", &[2]),
    ("rnn_cell.time_a.weight", &[2, 16]),
    ("rnn_cell.time_b.bias", &[2]),
    ("rnn_cell.time_b.weight", &[2, 16]),
];

/// Of PyTorch's `LSTM(3, 2)` beside a linear readout of one output.
const TORCH_LSTM: &[(&str, &[usize])] = &[
    ("readout.bias", &[1]),
    ("readout.weight", &[1, 2]),
    ("rnn.bias_hh_l0", &[8]),
    ("rnn.bias_ih_l0", &[8]),
    ("rnn.weight_hh_l0", &[8, 2]),
    ("rnn.weight_ih_l0", &[8, 3]),
];

/// Of PyTorch's `GRU(3, 2)` itself.
const TORCH_GRU: &[(&str, &[usize])] =
    &[("bias_hh_l0", &[6]), ("bias_ih_l0", &[6]), ("weight_hh_l0", &[6, 2]), ("weight_ih_l0", &[6, 3])];

#[test]
fn an_exported_cell_has_the_names_and_shapes_of_its_reference_library() {
    let lstm = |gates| CellSpec::from(LstmSpec { inputs: 3, units: 2, gates });
    assert_exported(LtcSpec::new(wiring()), LTC);
    assert_exported(CfcSpec { backbone_units: 16, backbone_layers: 2, ..CfcSpec::new(3, 2) }, CFC);
    assert_exported(lstm(GateOrder::Torch).with_readout(1), TORCH_LSTM);
    assert_exported(GruSpec { inputs: 3, units: 2 }, TORCH_GRU);
    // ncps' own LSTM has a linear layer without bias from its state.
    let ncps_lstm: &[(&str, &[usize])] =
        &[("input_map.bias", &[8]), ("input_map.weight", &[8, 3]), ("recurrent_map.weight", &[8, 2])];
    assert_exported(lstm(GateOrder::Ncps), ncps_lstm);
    let pure: &[(&str, &[usize])] = &[
        ("rnn_cell.A", &[1, 2]),
        ("rnn_cell.ff1.bias", &[2]),
        ("rnn_cell.ff1.weight", &[2, 5]),
        ("rnn_cell.w_tau", &[1, 2]),
    ];
    assert_exported(CfcSpec { mode: CfcMode::Pure, backbone_layers: 0, ..CfcSpec::new(3, 2) }, pure);
    // A wired cell has one cell per layer, from inter over command to motor: each sees the layer before and itself.
    let names: Vec<_> = exported(WiredCfcSpec::new(wiring())).into_iter().collect();
    let shape = |name: &str| names.iter().find(|(known, _)| known == name).map(|(_, shape)| shape.clone());
    assert_eq!(shape("rnn_cell.layer_0.ff1.weight"), Some(vec![1, 4]));
    assert_eq!(shape("rnn_cell.layer_2.sparsity_mask"), Some(vec![1, 2]));
}

#[test]
fn widths_are_read_from_the_shapes_of_a_state_dict() {
    let CellSpec { core, .. } = inferred(CellName::Ltc, LTC);
    assert_eq!((core.inputs(), core.units(), core.outputs()), (3, 3, 1));
    let cfc =
        CfcSpec { backbone_units: 16, backbone_layers: 2, activation: Activation::LecunTanh, ..CfcSpec::new(3, 2) };
    assert_eq!(inferred(CellName::Cfc, CFC), cfc.into());
    let lstm = LstmSpec { inputs: 3, units: 2, gates: GateOrder::Torch };
    assert_eq!(inferred(CellName::Lstm, TORCH_LSTM), CellSpec::from(lstm).with_readout(1));
    assert_eq!(inferred(CellName::Gru, TORCH_GRU), GruSpec { inputs: 3, units: 2 }.into());
    let ct_rnn = inferred(CellName::CtRnn, &[("b", &[2]), ("w", &[5, 2])]);
    assert_eq!(ct_rnn, CtRnnSpec::new(3, 2).into());
    let ode = [("inner.bias", &[7][..]), ("inner.weight", &[7, 5]), ("slope.bias", &[2]), ("slope.weight", &[2, 7])];
    let expected = NeuralOdeSpec { inputs: 3, units: 2, width: 7, unfolds: 6, solver: Solver::Rk4 };
    assert_eq!(inferred(CellName::NeuralOde, &ode), expected.into());
}

#[test]
fn the_wiring_is_read_from_masks_and_reversal_potentials() {
    let hints = Hints { constraint: Some(Constraint::Explicit), ..Hints::default() };
    let cell = |spec: CellSpec| Cell::new(spec, 1, &Device::flex()).unwrap();
    let infer = |spec: &CellSpec, name| interchange::infer(&interchange::export(&cell(spec.clone())), name, &hints);
    let drawn = WiringSpec::AutoNcp { sensory: 3, units: 9, motor: 2, sparsity: 0.5, seed: 1 };
    for wiring in [wiring(), Wiring::build(&drawn).unwrap()] {
        let spec = infer(&LtcSpec::new(wiring.clone()).into(), CellName::Ltc).unwrap();
        assert_eq!(spec.core.wiring().unwrap().as_ref(), &wiring);
        let spec = CellSpec::from(WiredCfcSpec::new(wiring.clone()));
        let used = |spec: &CellSpec| cell(spec.clone()).wiring().unwrap();
        assert_eq!(used(&infer(&spec, CellName::WiredCfc).unwrap()), used(&spec));
    }
}

#[test]
fn a_state_dict_of_another_cell_is_refused_with_the_tensor_that_it_lacks() {
    let refused = |cell| interchange::infer(&dict(TORCH_GRU), cell, &Hints::default()).unwrap_err().to_string();
    assert_eq!(refused(CellName::Cfc), "tensor `ff1.weight` is missing: it is no such cell");
    assert_eq!(refused(CellName::NeuralOde), "tensor `inner.weight` is missing: it is no such cell");
    assert!("rnn".parse::<CellName>().unwrap_err().contains("ltc, cfc, wired-cfc, lstm, gru, ctrnn, node"));
}

/// The numbers of a state dict one by one, in the order of the names: sines of 0, 1, 2 and so on.
fn with_sines(mut dict: StateDict) -> StateDict {
    let names: Vec<String> = dict.names().map(str::to_owned).collect();
    let mut number = 0;
    for name in names {
        let Array { shape, values } = dict.remove(&name).unwrap();
        let sine = |_: f32| {
            number += 1;
            f64::from(number - 1).sin() as f32
        };
        dict.insert(name, Array { shape, values: values.into_iter().map(sine).collect() });
    }
    dict
}

/// `state_dict()` of ncps 1.0.1's `CfCCell(3, 2, backbone_units=4, backbone_layers=4, backbone_dropout=0.1)`, itself and
/// not within a `CfC`.
const CFC_WITH_DROPOUT: &[(&str, &[usize])] = &[
    ("backbone.0.bias", &[4]),
    ("backbone.0.weight", &[4, 5]),
    ("backbone.2.bias", &[4]),
    ("backbone.2.weight", &[4, 4]),
    ("backbone.5.bias", &[4]),
    ("backbone.5.weight", &[4, 4]),
    ("backbone.8.bias", &[4]),
    ("backbone.8.weight", &[4, 4]),
    ("ff1.bias", &[2]),
    ("ff1.weight", &[2, 4]),
    ("ff2.bias", &[2]),
    ("ff2.weight", &[2, 4]),
    ("time_a.bias", &[2]),
    ("time_a.weight", &[2, 4]),
    ("time_b.bias", &[2]),
    ("time_b.weight", &[2, 4]),
];

#[test]
fn a_backbone_with_dropout_computes_as_in_ncps_and_goes_back_by_its_own_names() {
    let dict = with_sines(dict(CFC_WITH_DROPOUT));
    let device = Device::flex();
    let spec = interchange::infer(&dict, CellName::Cfc, &Hints::default()).unwrap();
    let cell = interchange::import(&dict, &spec, &device).unwrap();
    assert_eq!(interchange::export_as(&cell, &Style::of(&dict)), dict);
    let inputs: Vec<f32> = (0..9).map(|number| f64::from(number).cos() as f32).collect();
    let run = cell.forward_from_zero(Tensor::from_data(TensorData::new(inputs, [1, 3, 3]), &device));
    // torch 2.15.0, in 64 bits, `eval()`: three steps of one unit of time from a state of zero.
    let expected = [
        0.006_176_213_615_8,
        0.364_957_913_767_6,
        -0.048_362_212_747_0,
        0.382_893_212_269_9,
        -0.009_480_608_116_0,
        0.365_502_081_082_4,
    ];
    for (got, expected) in to_vec(run.outputs).into_iter().zip(expected) {
        assert!((f64::from(got) - expected).abs() < 2e-6, "32 bits: {got}, expected {expected}");
    }
}

#[test]
fn names_of_wrappers_around_a_cell_do_not_count() {
    // DataParallel, torch.compile, both, a Lightning module, and ncps' LTC held as `rnn`.
    for wrapper in ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.policy.", "rnn."] {
        let wrap = |(name, array): (&str, &Array)| (format!("{wrapper}{name}"), array.clone());
        let plain = dict(LTC);
        let mut wrapped = StateDict::default();
        plain.iter().map(wrap).for_each(|(name, array)| wrapped.insert(name, array));
        let hints = Hints { constraint: Some(Constraint::Softplus), ..Hints::default() };
        let spec = interchange::infer(&wrapped, CellName::Ltc, &hints).unwrap();
        assert_eq!((&spec, Style::of(&wrapped)), (&inferred(CellName::Ltc, LTC), Style::NCPS), "{wrapper}");
        interchange::import(&wrapped, &spec, &Device::flex()).unwrap();
    }
    // PyTorch's own LSTM as an attribute of that name: no mixed memory.
    let held = [("lstm.bias_hh_l0", &[8][..]), ("lstm.bias_ih_l0", &[8]), ("lstm.weight_hh_l0", &[8, 2])];
    let held = [&held[..], &[("lstm.weight_ih_l0", &[8, 3])]].concat();
    let lstm = LstmSpec { inputs: 3, units: 2, gates: GateOrder::Torch };
    assert_eq!(inferred(CellName::Lstm, &held), CellSpec::from(lstm));
    // What stands beside another module is not taken for the whole.
    let beside = [("encoder.weight", &[2, 2][..]), ("rnn.weight_ih_l0", &[6, 3])];
    assert!(interchange::infer(&dict(&beside), CellName::Cfc, &Hints::default()).is_err());
}

#[test]
fn a_cell_is_named_by_the_module_that_its_tensors_fit() {
    let device = Device::flex();
    let named = |spec: CellSpec| interchange::module(&spec, &interchange::style(&spec));
    let lstm = CellSpec::from(LstmSpec { inputs: 3, units: 2, gates: GateOrder::Torch });
    assert_eq!(named(lstm.clone()), "torch.nn.LSTM");
    assert_eq!(
        named(lstm.clone().with_readout(1)),
        "a module with torch.nn.LSTM as `rnn`, with a torch.nn.Linear as `readout`"
    );
    assert_eq!(named(CellSpec::from(CfcSpec::new(3, 2)).with_readout(1)), "ncps.torch.CfC, proj_size=1");
    assert_eq!(interchange::module(&LtcSpec::new(wiring()).into(), &Style::BARE), "ncps.torch.LTCCell");
    let core = interchange::export_core(&Cell::new(lstm.with_readout(1), 1, &device).unwrap());
    assert_eq!(core.names().collect::<Vec<_>>(), ["bias_hh_l0", "bias_ih_l0", "weight_hh_l0", "weight_ih_l0"]);
}
