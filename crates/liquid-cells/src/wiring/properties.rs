//! What holds for every wiring that can be drawn.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Layer, NcpShape, Synapse, Wiring, WiringSpec};

/// Shapes of which each motor neuron has an input: a motor fan-in of 0 leaves that to chance, as in ncps.
fn ncp() -> impl Strategy<Value = (NcpShape, u32)> {
    (1..20_usize, 1..20_usize, 1..20_usize, 1..10_usize).prop_flat_map(|(sensory, inter, command, motor)| {
        let fans = (0..=inter, 0..=command, 0..30_usize, 1..=command);
        (fans, any::<u32>()).prop_map(move |((sensory_fanout, inter_fanout, recurrent, motor_fanin), seed)| {
            let recurrent_command_synapses = recurrent;
            let counts = NcpShape { sensory, inter, command, motor, ..NcpShape::LANE_KEEPING };
            (NcpShape { sensory_fanout, inter_fanout, recurrent_command_synapses, motor_fanin, ..counts }, seed)
        })
    })
}

fn any_spec() -> impl Strategy<Value = WiringSpec> {
    let dense = || (1..20_usize, 1..30_usize, 0.0..1.0, any::<u64>(), 1..30_usize, any::<bool>());
    prop_oneof![
        ncp().prop_map(|(shape, seed)| WiringSpec::Ncp { shape, seed }),
        (1..20_usize, 4..60_usize, 0.1..=1.0, any::<u32>(), 1..60_usize).prop_map(
            |(sensory, units, sparsity, seed, motor)| {
                let motor = 1 + motor % (units - 3);
                WiringSpec::AutoNcp { sensory, units, motor, sparsity, seed }
            }
        ),
        dense().prop_map(|(sensory, units, _, seed, motor, self_connections)| {
            WiringSpec::FullyConnected { sensory, units, motor: 1 + motor % units, seed, self_connections }
        }),
        dense().prop_map(|(sensory, units, sparsity, seed, motor, _)| {
            WiringSpec::Random { sensory, units, motor: 1 + motor % units, sparsity, seed }
        }),
    ]
}

fn targets(synapses: &[Synapse]) -> BTreeSet<usize> {
    synapses.iter().map(|synapse| synapse.target).collect()
}

proptest! {
    #[test]
    fn any_valid_spec_builds_each_pair_once_with_ids_in_range(spec in any_spec()) {
        let wiring = Wiring::build(&spec).unwrap();
        for (synapses, sources) in
            [(wiring.sensory_synapses(), wiring.sensory()), (wiring.synapses(), wiring.units())]
        {
            let pairs = synapses.iter().map(|synapse| (synapse.source, synapse.target));
            prop_assert!(pairs.clone().zip(pairs.skip(1)).all(|(one, next)| one < next), "row by row, once");
            for synapse in synapses {
                prop_assert!(synapse.source < sources && synapse.target < wiring.units(), "{synapse:?}");
                prop_assert!(synapse.polarity.abs() == 1, "{synapse:?}");
            }
        }
        let layers: Vec<usize> = wiring.layers().into_iter().rev().flat_map(|(_, ids)| ids).collect();
        prop_assert_eq!(layers, (0..wiring.units()).collect::<Vec<_>>(), "motor, command, inter");
    }

    #[test]
    fn no_neuron_of_an_ncp_is_left_out((shape, seed) in ncp()) {
        let wiring = Wiring::build(&WiringSpec::Ncp { shape, seed }).unwrap();
        let [inter, command, motor] = Layer::ALL.map(|layer| wiring.ids(layer));
        prop_assert_eq!(targets(wiring.sensory_synapses()), inter.clone().collect());
        let from = |layer: std::ops::Range<usize>| {
            wiring.synapses().iter().copied().filter(move |synapse| layer.contains(&synapse.source))
        };
        prop_assert_eq!(targets(&from(inter).collect::<Vec<_>>()), command.clone().collect());
        let to_motor: Vec<Synapse> = from(command.clone()).filter(|s| motor.contains(&s.target)).collect();
        prop_assert_eq!(to_motor.iter().map(|s| s.source).collect::<BTreeSet<_>>(), command.collect());
        prop_assert_eq!(targets(&to_motor), motor.clone().collect());
        prop_assert_eq!(from(motor).count(), 0, "motor neurons drive nothing");
    }

    #[test]
    fn a_spec_survives_its_file(spec in any_spec()) {
        let value = serde_json::to_value(&spec).unwrap();
        prop_assert_eq!(serde_json::from_value::<WiringSpec>(value).unwrap(), spec);
    }
}
