//! ROS messages by their definition: the text of `.msg` files, and the two ways in which their fields follow each
//! other (ROS 1 serialisation; CDR of OMG DDS-XTypes for ROS 2).
//!
//! Only what a recording needs is read: one number or one run of bytes, with everything before it stepped over.

mod cursor;
mod definition;

pub(in crate::formats) use cursor::Layout;
pub(in crate::formats) use definition::Message;

use cursor::Cursor;
use definition::{Count, Field, Kind, MAX_DEPTH};

impl Message {
    /// The numbers that stand alone in each message, also inside others.
    pub fn number_fields(&self, depth: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.collect_numbers(&self.fields, &mut Vec::new(), depth, &mut found);
        found
    }

    fn collect_numbers(&self, fields: &[Field], path: &mut Vec<String>, depth: usize, found: &mut Vec<Vec<String>>) {
        for field in fields.iter().filter(|field| field.count == Count::One) {
            path.push(field.name.clone());
            match &field.kind {
                Kind::Number(_) => found.push(path.clone()),
                Kind::Other(name) if path.len() < depth => {
                    self.collect_numbers(self.others.get(name).map_or(&[], Vec::as_slice), path, depth, found);
                }
                _ => {}
            }
            path.pop();
        }
    }

    /// A number of a message by the names on the way to it.
    pub fn number(&self, message: &[u8], path: &[String], layout: Layout) -> Option<f64> {
        let mut cursor = Cursor::new(message, layout)?;
        let field = self.go_to(&mut cursor, &self.fields, path, 0)?;
        match (&field.kind, field.count) {
            (Kind::Number(number), Count::One) => cursor.number(*number),
            _ => None,
        }
    }

    /// A run of bytes of a message.
    pub fn bytes<'a>(&self, message: &'a [u8], name: &str, layout: Layout) -> Option<&'a [u8]> {
        let mut cursor = Cursor::new(message, layout)?;
        let field = self.go_to(&mut cursor, &self.fields, &[name.to_owned()], 0)?;
        match (&field.kind, field.count) {
            (Kind::Number(number), Count::Many) if number.bytes() == 1 => {
                let len = cursor.length()?;
                cursor.take(len)
            }
            _ => None,
        }
    }

    /// A text of a message, without the zero at its end.
    pub fn text(&self, message: &[u8], name: &str, layout: Layout) -> Option<String> {
        let mut cursor = Cursor::new(message, layout)?;
        let field = self.go_to(&mut cursor, &self.fields, &[name.to_owned()], 0)?;
        if (&field.kind, field.count) != (&Kind::Text, Count::One) {
            return None;
        }
        let len = cursor.length()?;
        let text = cursor.take(len)?;
        str::from_utf8(text.strip_suffix(b"\0").unwrap_or(text)).ok().map(str::to_owned)
    }

    /// The stamp of the message's header, or its own, in seconds.
    pub fn stamp_secs(&self, message: &[u8], layout: Layout) -> Option<f64> {
        let of_header = || self.time_secs(message, &["header", "stamp"], layout);
        of_header().or_else(|| self.time_secs(message, &["stamp"], layout))
    }

    fn time_secs(&self, message: &[u8], path: &[&str], layout: Layout) -> Option<f64> {
        let mut path: Vec<String> = path.iter().map(|&name| name.to_owned()).collect();
        let mut cursor = Cursor::new(message, layout)?;
        let field = self.go_to(&mut cursor, &self.fields, &path, 0)?;
        if (&field.kind, field.count) == (&Kind::Time, Count::One) {
            let secs = cursor.number(cursor::Number::Unsigned(4))?;
            return Some(secs + cursor.number(cursor::Number::Unsigned(4))? / 1e9);
        }
        path.push("sec".to_owned());
        let secs = self.number(message, &path, layout)?;
        path.pop();
        path.push("nanosec".to_owned());
        Some(secs + self.number(message, &path, layout)? / 1e9)
    }

    /// Steps over everything before a field.
    fn go_to<'a>(
        &'a self,
        cursor: &mut Cursor,
        fields: &'a [Field],
        path: &[String],
        depth: usize,
    ) -> Option<&'a Field> {
        let (name, rest) = path.split_first()?;
        for field in fields {
            if field.name != *name {
                self.skip(cursor, field, depth)?;
                continue;
            }
            return match &field.kind {
                _ if rest.is_empty() => Some(field),
                Kind::Other(inner) if field.count == Count::One && depth < MAX_DEPTH => {
                    self.go_to(cursor, self.others.get(inner)?, rest, depth + 1)
                }
                _ => None,
            };
        }
        None
    }

    fn skip(&self, cursor: &mut Cursor, field: &Field, depth: usize) -> Option<()> {
        let count = match field.count {
            Count::One => 1,
            Count::Fixed(count) => count,
            Count::Many => cursor.length()?,
        };
        if let Kind::Number(number) = field.kind {
            if count > 0 {
                cursor.align(number.bytes());
            }
            return cursor.take(count.checked_mul(number.bytes())?).map(|_| ());
        }
        for _ in 0..count {
            let before = cursor.position;
            self.skip_one(cursor, &field.kind, depth)?;
            // Elements that take no room could be claimed by the billion.
            if cursor.position == before {
                break;
            }
        }
        Some(())
    }

    fn skip_one(&self, cursor: &mut Cursor, kind: &Kind, depth: usize) -> Option<()> {
        match kind {
            Kind::Number(number) => cursor.number(*number).map(|_| ()),
            Kind::Text => {
                let len = cursor.length()?;
                cursor.take(len).map(|_| ())
            }
            Kind::Time => {
                cursor.align(4);
                cursor.take(8).map(|_| ())
            }
            Kind::Other(name) if depth < MAX_DEPTH => {
                self.others.get(name)?.iter().try_for_each(|field| self.skip(cursor, field, depth + 1))
            }
            Kind::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;

    const STAMPED: &str = "std_msgs/Header header # when\n\
        uint8 MANUAL=1\n\
        AckermannDrive drive\n\
        float64[2] corner\n\
        string<=8[] names\n\
        int16 gear -1\n\
        ================\n\
        MSG: std_msgs/Header\n\
        builtin_interfaces/Time stamp\n\
        string frame_id\n\
        ================\n\
        MSG: builtin_interfaces/Time\n\
        int32 sec\n\
        uint32 nanosec\n\
        ================\n\
        MSG: ackermann_msgs/AckermannDrive\n\
        float32 steering_angle\n\
        float32 speed\n";

    fn path(names: &str) -> Vec<String> {
        names.split('.').map(str::to_owned).collect()
    }

    fn definition() -> Message {
        Message::parse("ackermann_msgs/msg/AckermannDriveStamped", STAMPED.as_bytes()).unwrap()
    }

    /// The message in CDR: text of 3 letters at 8, numbers at multiples of their size.
    fn cdr() -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0];
        bytes.extend(7_i32.to_le_bytes());
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(b"cam\0");
        bytes.extend((-0.25_f32).to_le_bytes());
        bytes.extend(3.5_f32.to_le_bytes());
        bytes.extend(1.0_f64.to_le_bytes());
        bytes.extend(2.0_f64.to_le_bytes());
        bytes.extend(2_u32.to_le_bytes());
        // A text of one letter, then one aligned to 4 again.
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend(b"a\0\0\0");
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(b"\0\0");
        bytes.extend((-3_i16).to_le_bytes());
        bytes
    }

    #[test]
    fn numbers_are_found_behind_texts_and_arrays_of_any_length() {
        let number = |names: &str| definition().number(&cdr(), &path(names), Layout::Cdr);
        assert_eq!(number("header.stamp.sec"), Some(7.0));
        assert_eq!(number("drive.steering_angle"), Some(-0.25));
        assert_eq!(number("drive.speed"), Some(3.5));
        assert_eq!(number("gear"), Some(-3.0));
        for absent in ["corner", "header.frame_id", "drive", "drive.jerk", "gear.value"] {
            assert_eq!(number(absent), None, "{absent}");
        }
    }

    #[test]
    fn the_numbers_of_a_definition_are_listed_without_constants_and_arrays() {
        let fields: Vec<String> = definition().number_fields(4).iter().map(|path| path.join(".")).collect();
        let expected = ["header.stamp.sec", "header.stamp.nanosec", "drive.steering_angle", "drive.speed", "gear"];
        assert_eq!(fields, expected);
    }

    #[test]
    fn ros_1_has_no_gaps_and_a_header_of_its_own() {
        let text = "Header header\nuint8 quality\nuint8[] data\n===\nMSG: std_msgs/Header\nuint32 seq\ntime stamp\nstring frame_id\n";
        let definition = Message::parse("sensor_msgs/CompressedImage", text.as_bytes()).unwrap();
        let mut bytes = [5_u32.to_le_bytes(), [0; 4], [0; 4], 1_u32.to_le_bytes()].concat();
        bytes.extend(b"c\x5A");
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(b"jpg");
        assert_eq!(definition.bytes(&bytes, "data", Layout::Ros1), Some(&b"jpg"[..]));
        assert_eq!(definition.number(&bytes, &path("quality"), Layout::Ros1), Some(90.0));
        bytes.truncate(bytes.len() - 1);
        assert_eq!(definition.bytes(&bytes, "data", Layout::Ros1), None, "cut short");
    }

    #[test]
    fn big_endian_and_the_tighter_second_version_of_the_encoding_are_read() {
        let definition = Message::parse("a/B", b"uint8 first\nfloat64 value\n").unwrap();
        let message = |representation: u8, gap: usize, value: [u8; 8]| {
            [&[0, representation, 0, 0, 9][..], &vec![0; gap], &value].concat()
        };
        for bytes in [
            message(0, 7, 1.5_f64.to_be_bytes()),
            message(1, 7, 1.5_f64.to_le_bytes()),
            message(7, 3, 1.5_f64.to_le_bytes()),
        ] {
            assert_eq!(definition.number(&bytes, &path("value"), Layout::Cdr), Some(1.5), "{bytes:?}");
        }
    }

    #[test]
    fn broken_messages_and_definitions_are_survived() {
        survives_broken_copies(&cdr(), |bytes| {
            let _ = definition().number(bytes, &path("gear"), Layout::Cdr);
        });
        survives_broken_copies(STAMPED.as_bytes(), |text| {
            if let Some(definition) = Message::parse("a/B", text) {
                drop(definition.number_fields(4));
                let _ = definition.number(&cdr(), &path("gear"), Layout::Cdr);
            }
        });
        let letters = ["A", "B", "C", "D", "E", "F"];
        let nested =
            letters.windows(2).map(|pair| format!("MSG: a/{}\n{}", pair[0], format!("{} x\n", pair[1]).repeat(20)));
        let definition = format!("A x\n{}MSG: a/F\nuint8 x\n", nested.collect::<String>());
        assert!(Message::parse("a/Z", definition.as_bytes()).is_none(), "3.2 million fields");
        let endless = Message::parse("a/B", b"B self\nuint8 end\n===\nMSG: a/B\nB self\n").unwrap();
        assert_eq!(endless.number(&cdr(), &path("end"), Layout::Cdr), None);
    }
}
