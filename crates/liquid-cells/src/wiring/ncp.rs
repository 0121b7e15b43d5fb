//! Neural Circuit Policy wiring: sensory -> inter -> command -> motor, recurrent among command neurons. ncps 1.0.1,
//! `NCP.build`, which draws from numpy's legacy `RandomState`.

use super::adjacency::Adjacency;
use super::numpy::RandomState;
use super::{NcpShape, Neurons, Wiring};

/// Draws the wiring of a shape that fits.
pub(super) fn draw(shape: NcpShape, seed: u32) -> Wiring {
    let mut builder = Builder::new(shape, seed);
    builder.connect_sensory_to_inter();
    builder.connect_inter_to_command();
    builder.connect_command_to_command();
    builder.connect_command_to_motor();
    Wiring {
        sensory: shape.sensory,
        neurons: neurons(shape),
        sensory_synapses: builder.sensory.synapses(),
        synapses: builder.internal.synapses(),
    }
}

fn neurons(shape: NcpShape) -> Neurons {
    Neurons { motor: shape.motor, command: shape.command, inter: shape.inter }
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
        let units = neurons(shape).units();
        Self {
            shape,
            random: RandomState::new(seed),
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
            let polarity = self.random.pick(&[-1, 1]);
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
                let polarity = self.random.pick(&[-1, 1]);
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
