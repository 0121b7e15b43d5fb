//! Neural Circuit Policy wiring: which neuron talks to which, and with which polarity. Bit-identical to the reference
//! library ncps 1.0.1 for a seed (its `wirings.py`, which draws from numpy's `RandomState`, an MT19937).
//!
//! Four layers in anatomical order: sensory inputs, inter neurons, command neurons, motor neurons (Lechner et al. 2020,
//! Fig. 2). Neuron ids run motor first, then command, then inter.

use rand_mt::Mt;
use std::ops::Range;

/// One connection from a source (a sensory input or a neuron) to a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// Sensory input or neuron that drives it.
    pub source: usize,
    /// Neuron that it drives.
    pub target: usize,
    /// +1 excites, -1 inhibits.
    pub polarity: i8,
}

/// Counts that define an NCP wiring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NcpShape {
    /// Sensory inputs.
    pub sensory: usize,
    /// Inter neurons.
    pub inter: usize,
    /// Command neurons.
    pub command: usize,
    /// Motor neurons: outputs.
    pub motor: usize,
    /// Inter neurons that each sensory input drives.
    pub sensory_fanout: usize,
    /// Command neurons that each inter neuron drives.
    pub inter_fanout: usize,
    /// Draws of a command-to-command synapse; two draws of the same pair make one synapse.
    pub recurrent_command_synapses: usize,
    /// Command neurons that drive each motor neuron.
    pub motor_fanin: usize,
}

impl NcpShape {
    /// The lane-keeping network of Lechner et al. 2020: 19 neurons, 32 inputs, 252 synapses (at its seed).
    pub const LANE_KEEPING: Self = Self {
        sensory: 32,
        inter: 12,
        command: 6,
        motor: 1,
        sensory_fanout: 6,
        inter_fanout: 4,
        recurrent_command_synapses: 6,
        motor_fanin: 6,
    };
}

/// Seed of the published wiring; it gives 252 synapses, where ncps' default seed 22222 gives 250.
pub const LANE_KEEPING_SEED: u32 = 20_190_120;

/// Why a wiring cannot be built: the two numbers that disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WiringError(String);

impl std::fmt::Display for WiringError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WiringError {}

/// The four kinds of cell, from the input to the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Between the sensory inputs and the command neurons.
    Inter,
    /// Recurrently connected decision layer.
    Command,
    /// Output.
    Motor,
}

/// A valid wiring: synapses in row-major order (by source, then target), each pair at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiring {
    shape: NcpShape,
    sensory_synapses: Vec<Synapse>,
    synapses: Vec<Synapse>,
}

impl Wiring {
    /// Draws the NCP wiring of this shape and seed.
    ///
    /// # Errors
    /// Refuses a fan-out or fan-in larger than the layer it reaches, and a layer without cells, with both numbers.
    pub fn ncp(shape: NcpShape, seed: u32) -> Result<Self, WiringError> {
        check(&shape)?;
        Ok(Self::draw(shape, seed))
    }

    /// The wiring of [`NcpShape::LANE_KEEPING`] for a seed.
    pub fn lane_keeping(seed: u32) -> Self {
        Self::draw(NcpShape::LANE_KEEPING, seed)
    }

    /// Draws the wiring of a shape that fits.
    fn draw(shape: NcpShape, seed: u32) -> Self {
        let mut builder = Builder::new(shape, seed);
        builder.connect_sensory_to_inter();
        builder.connect_inter_to_command();
        builder.connect_command_to_command();
        builder.connect_command_to_motor();
        Self { shape, sensory_synapses: builder.sensory.synapses(), synapses: builder.internal.synapses() }
    }

    /// The counts it was drawn for.
    pub fn shape(&self) -> &NcpShape {
        &self.shape
    }

    /// Neurons in all, sensory inputs not counted.
    pub fn units(&self) -> usize {
        self.shape.motor + self.shape.command + self.shape.inter
    }

    /// From sensory inputs to neurons, by input, then neuron.
    pub fn sensory_synapses(&self) -> &[Synapse] {
        &self.sensory_synapses
    }

    /// From neurons to neurons, by source, then target.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// Ids of the neurons of one layer.
    pub fn ids(&self, layer: Layer) -> Range<usize> {
        let (motor, command) = (self.shape.motor, self.shape.command);
        match layer {
            Layer::Motor => 0..motor,
            Layer::Command => motor..motor + command,
            Layer::Inter => motor + command..self.units(),
        }
    }
}

fn check(shape: &NcpShape) -> Result<(), WiringError> {
    for (name, count) in [
        ("sensory inputs", shape.sensory),
        ("inter neurons", shape.inter),
        ("command neurons", shape.command),
        ("motor neurons", shape.motor),
    ] {
        if count == 0 {
            return Err(WiringError(format!("a wiring needs at least one of each cell, got 0 {name}")));
        }
    }
    for (fan, name, reach, layer) in [
        (shape.sensory_fanout, "sensory fan-out", shape.inter, "inter neurons"),
        (shape.inter_fanout, "inter fan-out", shape.command, "command neurons"),
        (shape.motor_fanin, "motor fan-in", shape.command, "command neurons"),
    ] {
        if fan > reach {
            return Err(WiringError(format!("{name} is {fan} but there are only {reach} {layer}")));
        }
    }
    Ok(())
}

/// Signed adjacency matrix, source by target; 0 is no synapse.
struct Adjacency {
    targets: usize,
    polarity: Vec<i8>,
}

impl Adjacency {
    fn new(sources: usize, targets: usize) -> Self {
        Self { targets, polarity: vec![0; sources * targets] }
    }

    fn set(&mut self, source: usize, target: usize, polarity: i8) {
        self.polarity[source * self.targets + target] = polarity;
    }

    fn drives(&self, source: usize, target: usize) -> bool {
        self.polarity[source * self.targets + target] != 0
    }

    fn synapses(&self) -> Vec<Synapse> {
        let cells = self.polarity.iter().enumerate().filter(|(_, polarity)| **polarity != 0);
        cells
            .map(|(cell, &polarity)| Synapse { source: cell / self.targets, target: cell % self.targets, polarity })
            .collect()
    }
}

/// Draws synapses layer by layer. The order of the draws is part of the contract: it decides the network.
struct Builder {
    shape: NcpShape,
    random: RandomState,
    sensory: Adjacency,
    internal: Adjacency,
}

impl Builder {
    fn new(shape: NcpShape, seed: u32) -> Self {
        let units = shape.motor + shape.command + shape.inter;
        Self {
            shape,
            random: RandomState(Mt::new(seed)),
            sensory: Adjacency::new(shape.sensory, units),
            internal: Adjacency::new(units, units),
        }
    }

    fn inter(&self) -> Vec<usize> {
        let first = self.shape.motor + self.shape.command;
        (first..first + self.shape.inter).collect()
    }

    fn command(&self) -> Vec<usize> {
        (self.shape.motor..self.shape.motor + self.shape.command).collect()
    }

    fn connect_sensory_to_inter(&mut self) {
        let NcpShape { sensory, inter, sensory_fanout, .. } = self.shape;
        let (inputs, neurons): (Vec<_>, _) = ((0..sensory).collect(), self.inter());
        self.connect(Matrix::Sensory, Way::Forth, &inputs, &neurons, sensory_fanout);
        let fanin = (sensory * sensory_fanout / inter).clamp(1, sensory);
        self.connect_forgotten(Matrix::Sensory, Way::Back, &neurons, &inputs, fanin);
    }

    fn connect_inter_to_command(&mut self) {
        let (inter, command, fanout) = (self.inter(), self.command(), self.shape.inter_fanout);
        self.connect(Matrix::Internal, Way::Forth, &inter, &command, fanout);
        // The upper limit is the number of command neurons, not of inter neurons: so it is in ncps.
        let fanin = (inter.len() * fanout / command.len()).clamp(1, command.len());
        self.connect_forgotten(Matrix::Internal, Way::Back, &command, &inter, fanin);
    }

    fn connect_command_to_command(&mut self) {
        let command = self.command();
        for _ in 0..self.shape.recurrent_command_synapses {
            let source = self.random.pick(&command);
            let target = self.random.pick(&command);
            let polarity = self.random.polarity();
            self.internal.set(source, target, polarity);
        }
    }

    fn connect_command_to_motor(&mut self) {
        let (command, motor): (_, Vec<_>) = (self.command(), (0..self.shape.motor).collect());
        let fanin = self.shape.motor_fanin;
        self.connect(Matrix::Internal, Way::Back, &motor, &command, fanin);
        let fanout = (motor.len() * fanin / command.len()).clamp(1, motor.len());
        self.connect_forgotten(Matrix::Internal, Way::Forth, &command, &motor, fanout);
    }

    /// Each of `cells` chooses `count` of `partners`; the synapses lead to the partners, or from them.
    fn connect(&mut self, matrix: Matrix, way: Way, cells: &[usize], partners: &[usize], count: usize) {
        for &cell in cells {
            for partner in self.random.choose(partners, count) {
                let polarity = self.random.polarity();
                let (source, target) = way.ends(cell, partner);
                self.adjacency(matrix).set(source, target, polarity);
            }
        }
    }

    /// The same for those of `cells` that no partner has chosen: about as many synapses as the others have.
    fn connect_forgotten(&mut self, matrix: Matrix, way: Way, cells: &[usize], partners: &[usize], count: usize) {
        for &cell in cells {
            let adjacency = self.adjacency(matrix);
            let chosen = partners.iter().any(|&partner| {
                let (source, target) = way.ends(cell, partner);
                adjacency.drives(source, target)
            });
            if !chosen {
                self.connect(matrix, way, &[cell], partners, count);
            }
        }
    }

    fn adjacency(&mut self, matrix: Matrix) -> &mut Adjacency {
        match matrix {
            Matrix::Sensory => &mut self.sensory,
            Matrix::Internal => &mut self.internal,
        }
    }
}

/// Which of the two matrices a synapse belongs to.
#[derive(Clone, Copy)]
enum Matrix {
    Sensory,
    Internal,
}

/// Whether a synapse leads from the cell that chooses to the partner, or the other way.
#[derive(Clone, Copy)]
enum Way {
    Forth,
    Back,
}

impl Way {
    /// Source and target.
    fn ends(self, cell: usize, partner: usize) -> (usize, usize) {
        match self {
            Self::Forth => (cell, partner),
            Self::Back => (partner, cell),
        }
    }
}

/// The draws of numpy's legacy `RandomState` that ncps uses.
struct RandomState(Mt);

impl RandomState {
    /// A whole number in 0..=`most`, by masked rejection; 0 draws nothing.
    fn bounded(&mut self, most: usize) -> usize {
        if most == 0 {
            return 0;
        }
        let mask = u32::MAX >> (most as u32).leading_zeros();
        loop {
            let draw = (self.0.next_u32() & mask) as usize;
            if draw <= most {
                return draw;
            }
        }
    }

    /// `choice(from)`.
    fn pick(&mut self, from: &[usize]) -> usize {
        from[self.bounded(from.len() - 1)]
    }

    /// `choice(from, count, replace=False)`: the head of a full shuffle.
    fn choose(&mut self, from: &[usize], count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..from.len()).collect();
        for i in (1..order.len()).rev() {
            let j = self.bounded(i);
            order.swap(i, j);
        }
        order.into_iter().take(count).map(|i| from[i]).collect()
    }

    /// `choice([-1, 1])`.
    fn polarity(&mut self) -> i8 {
        if self.bounded(1) == 0 { -1 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lane_keeping_wiring_has_the_252_synapses_of_the_paper() {
        let wiring = Wiring::lane_keeping(LANE_KEEPING_SEED);
        assert_eq!((wiring.sensory_synapses().len(), wiring.synapses().len()), (192, 60));
        assert_eq!(wiring.units(), 19);
    }

    #[test]
    fn motor_neurons_receive_only_from_command_neurons() {
        let wiring = Wiring::lane_keeping(7);
        let command = wiring.ids(Layer::Command);
        for synapse in wiring.synapses().iter().filter(|synapse| wiring.ids(Layer::Motor).contains(&synapse.target)) {
            assert!(command.contains(&synapse.source), "{synapse:?}");
        }
    }

    #[test]
    fn a_fan_in_larger_than_its_layer_is_refused_with_both_numbers() {
        let shape = NcpShape { motor_fanin: 9, ..NcpShape::LANE_KEEPING };
        let message = Wiring::ncp(shape, 1).unwrap_err().to_string();
        assert!(message.contains('9') && message.contains("only 6 command neurons"), "{message}");
    }
}
