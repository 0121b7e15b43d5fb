//! Looks through a pickle before it is read: what it asks Python to call, how long it is, and whether its lengths fit.
//!
//! A pickle is a program for a stack machine (opcodes: CPython's `pickletools`) that may call any function. The reader
//! of checkpoints calls none and passes over most silently; a file that asks for more than a state dict needs is
//! refused here instead, as `torch.load(weights_only=True)` does. Of the opcodes, those are let in that `torch.save`
//! writes in protocols 2 to 5.

use super::{Fault, PICKLE_PROTOCOL};
use std::collections::BTreeMap;

/// More opcodes are refused: each may take some hundred bytes of memory, and the largest model takes some 10,000.
const MOST_OPCODES: usize = 1_000_000;

/// What state dicts are rebuilt with, beside types of numbers and their storages.
const CALLABLE: &[(&str, &str)] = &[
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor_v3"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "Size"),
    ("torch", "device"),
];

/// Types of numbers by their names in `torch`.
const NUMBERS: &[&str] = &[
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
    "uint8", "bool",
];

/// Looks through the pickle at the start of `bytes` and says where it ends.
pub(super) fn check(bytes: &[u8]) -> Result<usize, Fault> {
    let mut walk = Walk { bytes, at: 0, memo: BTreeMap::new(), pushed: [None, None] };
    for _ in 0..MOST_OPCODES {
        if walk.step()? == Step::Stop {
            return Ok(walk.at);
        }
    }
    Err(Fault::Foreign(format!("a pickle of more than {MOST_OPCODES} opcodes")))
}

#[derive(PartialEq, Eq)]
enum Step {
    On,
    Stop,
}

/// A walk along the opcodes, which keeps of the machine's state what tells the names of functions.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// By number; nothing for what is no text.
    memo: BTreeMap<u32, Option<&'a [u8]>>,
    /// What the last two opcodes that push something have pushed, the last one last.
    pushed: [Option<&'a [u8]>; 2],
}

impl<'a> Walk<'a> {
    fn step(&mut self) -> Result<Step, Fault> {
        let [opcode] = self.array()?;
        match opcode {
            b'.' => return Ok(Step::Stop),
            // Marks, tuples, lists, dicts and sets; calls of what was named before; references to storages.
            b'(' | b')' | b']' | b'}' | b't' | 0x85..=0x87 | b'a' | b'e' | b's' | b'u' | 0x8f..=0x91 => self.push(None),
            b'N' | 0x88 | 0x89 | b'R' | b'b' | b'Q' => self.push(None),
            // Numbers.
            b'K' => self.push_after::<1>()?,
            b'M' => self.push_after::<2>()?,
            b'J' => self.push_after::<4>()?,
            b'G' => self.push_after::<8>()?,
            0x8a => self.length::<1>().map(|_| self.push(None))?,
            0x8b => self.length::<4>().map(|_| self.push(None))?,
            // Text and bytes.
            b'U' | b'C' | 0x8c => self.length::<1>().map(|text| self.push(Some(text)))?,
            b'T' | b'B' | b'X' => self.length::<4>().map(|text| self.push(Some(text)))?,
            0x8d | 0x8e | 0x96 => self.length::<8>().map(|text| self.push(Some(text)))?,
            // Protocol and frames.
            PICKLE_PROTOCOL => self.array::<1>().map(drop)?,
            0x95 => self.array::<8>().map(drop)?,
            // Memo.
            b'q' => self.put::<1>()?,
            b'r' => self.put::<4>()?,
            0x94 => self.memoize(),
            b'h' => self.get::<1>()?,
            b'j' => self.get::<4>()?,
            // Functions and types.
            b'c' => self.named()?,
            0x93 => self.named_before()?,
            other => return Err(self.damaged(format!("0x{other:02x} is no opcode of a state dict"))),
        }
        Ok(Step::On)
    }

    fn damaged(&self, why: impl std::fmt::Display) -> Fault {
        Fault::Damaged(format!("pickle, before byte {}: {why}", self.at))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let taken = taken.ok_or_else(|| self.damaged(format!("expected {length} bytes, {} are left", rest.len())))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N as u64)?;
        taken.first_chunk().copied().ok_or_else(|| self.damaged("the file ends"))
    }

    /// A number of `N` bytes, the lowest first.
    fn number<const N: usize>(&mut self) -> Result<u64, Fault> {
        Ok(self.array::<N>()?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// What follows a length of `N` bytes.
    fn length<const N: usize>(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.number::<N>()?;
        self.take(length)
    }

    fn push(&mut self, text: Option<&'a [u8]>) {
        self.pushed = [self.pushed[1], text];
    }

    fn push_after<const N: usize>(&mut self) -> Result<(), Fault> {
        self.array::<N>().map(|_| self.push(None))
    }

    fn put<const N: usize>(&mut self) -> Result<(), Fault> {
        let slot = self.number::<N>()? as u32; // N is 1 or 4
        self.memo.insert(slot, self.pushed[1]);
        Ok(())
    }

    fn memoize(&mut self) {
        self.memo.insert(self.memo.len() as u32, self.pushed[1]); // fewer than MOST_OPCODES
    }

    fn get<const N: usize>(&mut self) -> Result<(), Fault> {
        let slot = self.number::<N>()? as u32; // N is 1 or 4
        self.push(self.memo.get(&slot).copied().flatten());
        Ok(())
    }

    /// A function by two lines of text.
    fn named(&mut self) -> Result<(), Fault> {
        let (module, name) = (self.line()?, self.line()?);
        self.push(None);
        check_callable(module, name)
    }

    fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or_else(|| self.damaged("a name has no end"))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// A function by the two texts pushed last.
    fn named_before(&mut self) -> Result<(), Fault> {
        let [Some(module), Some(name)] = self.pushed else {
            return Err(Fault::Code("its pickle asks for a function whose name is computed".into()));
        };
        self.push(None);
        check_callable(module, name)
    }
}

fn check_callable(module: &[u8], name: &[u8]) -> Result<(), Fault> {
    let (module, name) = (String::from_utf8_lossy(module), String::from_utf8_lossy(name));
    let is_storage = matches!(&*module, "torch" | "torch.storage") && name.ends_with("Storage");
    let is_number = module == "torch" && NUMBERS.contains(&&*name);
    match is_storage || is_number || CALLABLE.contains(&(&*module, &*name)) {
        true => Ok(()),
        false => Err(Fault::Code(format!("its pickle asks for `{module}.{name}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pickle: &[u8]) -> String {
        check(pickle).unwrap_err().to_string()
    }

    #[test]
    fn a_pickle_that_would_run_a_command_is_refused_by_name() {
        // pickle.dumps of a class whose __reduce__ is (os.system, ("true",)), protocols 2 and 4.
        let by_lines = b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.";
        let by_texts =
            b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.";
        for pickle in [&by_lines[..], by_texts] {
            assert!(refusal(pickle).contains("`posix.system`"), "{}", refusal(pickle));
        }
    }

    #[test]
    fn a_function_named_through_the_memo_is_found() {
        // "posix" and "system" are kept and dropped into a list first, and fetched later.
        let pickle = b"\x80\x04](\x8c\x05posix\x94\x8c\x06system\x94eh\x00h\x01\x93.";
        assert!(refusal(pickle).contains("`posix.system`"), "{}", refusal(pickle));
        // The same with a name out of a call, which cannot be known.
        let pickle = b"\x80\x04\x8c\x05posixccollections\nOrderedDict\n)R\x93.";
        assert!(refusal(pickle).contains("computed"), "{}", refusal(pickle));
    }

    #[test]
    fn what_torch_needs_passes_and_the_end_is_found() {
        let pickle = b"\x80\x02ccollections\nOrderedDict\n)RX\x01\x00\x00\x00actorch\nFloatStorage\ns.and more";
        assert_eq!(check(pickle).unwrap(), pickle.len() - "and more".len());
        assert!(refusal(b"\x80\x02ctorch\nload\n.").contains("`torch.load`"));
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        for pickle in [
            &b"\x80\x02X\xff\xff\xff\xffab."[..],               // BINUNICODE
            b"\x80\x02\x8b\xff\xff\xff\x7fab.",                 // LONG4
            b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.", // BINUNICODE8
            b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7fab.", // BYTEARRAY8
            b"\x80\x02ctorch",
            b"\x80\x02",
            b"\x80",
            b"",
        ] {
            assert!(refusal(pickle).starts_with("damaged: pickle, before byte"), "{}", refusal(pickle));
        }
        assert!(refusal(b"\x80\x02X\xff\xff\xff\xffab.").ends_with("expected 4294967295 bytes, 3 are left"));
    }

    #[test]
    fn endless_and_foreign_opcodes_are_refused() {
        let endless = [&[PICKLE_PROTOCOL, 2][..], &[b'N'; MOST_OPCODES]].concat();
        assert!(refusal(&endless).contains("more than 1000000 opcodes"), "{}", refusal(&endless));
        assert!(refusal(b"\x80\x02\x82\x01.").contains("0x82 is no opcode"), "extension registry");
    }
}
