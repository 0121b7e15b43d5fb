//! numpy's two random generators, bit for bit (numpy 2.4.6, `numpy/random`): the legacy `RandomState`, an MT19937, and
//! `default_rng`, a PCG64 (XSL-RR 128/64, O'Neill 2014) behind a `SeedSequence`. The generators themselves are those of
//! the crates `rand_mt` and `rand_pcg`; what is made of their words is written here.

use std::collections::HashSet;

use rand::Rng as _;
use rand_mt::Mt;
use rand_pcg::Lcg128Xsl64;

/// `numpy.random.RandomState(seed)`.
pub struct RandomState(Mt);

impl RandomState {
    /// The generator of this seed.
    pub fn new(seed: u32) -> Self {
        Self(Mt::new(seed))
    }

    /// The next raw word.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// `random_sample()`: uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(high) * f64::from(1 << 26) + f64::from(low)) / (1_u64 << 53) as f64
    }

    /// A whole number in 0..=`most`, by masked rejection; 0 draws nothing.
    fn bounded(&mut self, most: usize) -> usize {
        if most == 0 {
            return 0;
        }
        let mask = u32::MAX >> (most as u32).leading_zeros();
        loop {
            let draw = (self.next_u32() & mask) as usize;
            if draw <= most {
                return draw;
            }
        }
    }

    /// `choice(from)`.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.bounded(from.len() - 1)]
    }

    /// `permutation(count)`.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, self.bounded(i));
        }
        order
    }

    /// `choice(from, count, replace=False)`: the head of a full shuffle.
    pub fn choose(&mut self, from: &[usize], count: usize) -> Vec<usize> {
        self.permutation(from.len()).into_iter().take(count).map(|i| from[i]).collect()
    }
}

/// `numpy.random.default_rng(seed)`.
pub struct Generator {
    words: Lcg128Xsl64,
    /// Upper half of the last word of which only the lower one has been used.
    spare: Option<u32>,
}

impl Generator {
    /// The generator of this seed.
    pub fn new(seed: u64) -> Self {
        let [state_high, state_low, stream_high, stream_low] = SeedSequence::new(seed).words();
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let words = Lcg128Xsl64::new(wide(state_high, state_low), wide(stream_high, stream_low));
        Self { words, spare: None }
    }

    /// The next raw word.
    pub fn next_u64(&mut self) -> u64 {
        self.words.next_u64()
    }

    fn next_u32(&mut self) -> u32 {
        self.spare.take().unwrap_or_else(|| {
            let word = self.next_u64();
            self.spare = Some((word >> 32) as u32);
            word as u32
        })
    }

    /// A whole number in 0..=`most`, less than 2^32 - 1, by multiplication with rejection (Lemire 2019); 0 draws nothing.
    fn bounded(&mut self, most: usize) -> usize {
        if most == 0 {
            return 0;
        }
        let range = most as u32 + 1;
        let too_many = range.wrapping_neg() % range;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(range);
            if product as u32 >= too_many {
                return (product >> 32) as usize;
            }
        }
    }

    /// `choice(from)`.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.bounded(from.len() - 1)]
    }

    /// `choice(total, count, replace=False)`, for `count <= total`.
    pub fn choose(&mut self, total: usize, count: usize) -> Vec<usize> {
        if total > 10_000 && count > total / 50 { self.shuffled_tail(total, count) } else { self.floyd(total, count) }
    }

    /// The tail of 0..`total`, of which only the tail is shuffled.
    fn shuffled_tail(&mut self, total: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..total).collect();
        self.shuffle(&mut order, (total - count).max(1));
        order.split_off(total - count)
    }

    /// Floyd's draw of a subset (Bentley and Floyd 1987), then a shuffle of it.
    fn floyd(&mut self, total: usize, count: usize) -> Vec<usize> {
        let mut taken = HashSet::with_capacity(count);
        let mut chosen = Vec::with_capacity(count);
        for last in total - count..total {
            let draw = self.bounded(last);
            let fresh = if taken.contains(&draw) { last } else { draw };
            taken.insert(fresh);
            chosen.push(fresh);
        }
        self.shuffle(&mut chosen, 1);
        chosen
    }

    /// Exchanges each from the last down to `first` with one not after it.
    fn shuffle(&mut self, items: &mut [usize], first: usize) {
        for i in (first..items.len()).rev() {
            items.swap(i, self.bounded(i));
        }
    }
}

/// `numpy.random.SeedSequence`: spreads a seed over a pool of four words (O'Neill 2015, "Developing a seed_seq
/// alternative"). The constants are numpy's.
struct SeedSequence([u32; 4]);

impl SeedSequence {
    fn new(seed: u64) -> Self {
        let mut hash = Hash { constant: 0x43b0_d7e5, factor: 0x931e_8875 };
        let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.of(word));
        for source in 0..pool.len() {
            for target in (0..pool.len()).filter(|&target| target != source) {
                pool[target] = mix(pool[target], hash.of(pool[source]));
            }
        }
        Self(pool)
    }

    /// `generate_state(4, uint64)`.
    fn words(&self) -> [u64; 4] {
        let mut hash = Hash { constant: 0x8b51_f9dd, factor: 0x58f3_8ded };
        let [a, b, c, d] = self.0;
        [[a, b], [c, d], [a, b], [c, d]].map(|halves| {
            let [low, high] = halves.map(|half| u64::from(hash.of(half)));
            high << 32 | low
        })
    }
}

/// Multiplicative hash whose constant moves on with each word.
struct Hash {
    constant: u32,
    factor: u32,
}

impl Hash {
    fn of(&mut self, word: u32) -> u32 {
        let mixed = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.factor);
        let mixed = mixed.wrapping_mul(self.constant);
        mixed ^ mixed >> 16
    }
}

fn mix(a: u32, b: u32) -> u32 {
    let mixed = a.wrapping_mul(0xca01_f9dd).wrapping_sub(b.wrapping_mul(0x4973_f715));
    mixed ^ mixed >> 16
}
