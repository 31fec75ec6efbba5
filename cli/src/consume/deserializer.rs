//! Bytes shown as the value they stand for, as Kafka's deserializers and Java show it.

use std::str::FromStr;

/// What bytes are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deserializer {
    /// UTF-8; what is not is replaced.
    String,
    /// Four bytes, big-endian.
    Integer,
    /// Eight bytes, big-endian.
    Long,
    /// Eight bytes, IEEE 754.
    Double,
    /// Printable ASCII as it is, all else as `\xNN`.
    Bytes,
    /// The 36 characters of a UUID, as Kafka's serializer writes them.
    Uuid,
}

impl FromStr for Deserializer {
    type Err = String;

    /// A short name, or the name of Kafka's class.
    fn from_str(name: &str) -> Result<Self, String> {
        let class = name.strip_prefix("org.apache.kafka.common.serialization.");
        match class.and_then(|class| class.strip_suffix("Deserializer")).unwrap_or(name) {
            "string" | "String" => Ok(Self::String),
            "integer" | "Integer" => Ok(Self::Integer),
            "long" | "Long" => Ok(Self::Long),
            "double" | "Double" => Ok(Self::Double),
            "bytes" | "Bytes" => Ok(Self::Bytes),
            "uuid" | "UUID" => Ok(Self::Uuid),
            _ => Err(format!(
                "{name:?} is none of string, integer, long, double, bytes, uuid, or Kafka's class of one"
            )),
        }
    }
}

impl Deserializer {
    /// Appends the text that stands for `bytes`.
    ///
    /// # Errors
    /// Bytes that the type does not have: the rule they break.
    pub(super) fn show(self, bytes: &[u8], output: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::String => output.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes()),
            Self::Integer => {
                output.extend_from_slice(i32::from_be_bytes(exactly(bytes)?).to_string().as_bytes())
            }
            Self::Long => {
                output.extend_from_slice(i64::from_be_bytes(exactly(bytes)?).to_string().as_bytes())
            }
            Self::Double => {
                output.extend_from_slice(java_double(f64::from_be_bytes(exactly(bytes)?)).as_bytes())
            }
            Self::Bytes => bytes.iter().for_each(|&byte| match byte {
                b' '..=b'~' if byte != b'\\' => output.push(byte),
                _ => output.extend_from_slice(format!("\\x{byte:02X}").as_bytes()),
            }),
            Self::Uuid => output.extend_from_slice(uuid(bytes)?.as_bytes()),
        }
        Ok(())
    }
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("{} bytes where there must be {N}", bytes.len()))
}

/// Five groups of hexadecimal digits; Java shows them in lower case.
fn uuid(bytes: &[u8]) -> Result<String, String> {
    let rule = || format!("{:?} is no UUID", String::from_utf8_lossy(bytes));
    let text = std::str::from_utf8(bytes).map_err(|_| rule())?;
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|digit| digit.is_ascii_hexdigit());
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hex) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(rule())
    }
}

/// A double as `Double.toString` has it: with a point always, and with an exponent outside of 10⁻³ to 10⁷.
fn java_double(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        format!("{number:?}")
    } else {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
            Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(name: &str, bytes: &[u8]) -> Result<String, String> {
        let mut output = Vec::new();
        name.parse::<Deserializer>()?.show(bytes, &mut output)?;
        Ok(String::from_utf8(output).unwrap())
    }

    #[test]
    fn values_are_shown_as_java_shows_them() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("string", "서울".as_bytes(), "서울"),
            ("string", b"a\xff", "a\u{fffd}"),
            ("integer", &[0xff, 0xff, 0xff, 0xfe], "-2"),
            ("org.apache.kafka.common.serialization.LongDeserializer", &[0, 0, 0, 0, 0, 0, 1, 0], "256"),
            ("double", &1.0_f64.to_be_bytes(), "1.0"),
            ("double", &(-0.0_f64).to_be_bytes(), "-0.0"),
            ("double", &0.001_f64.to_be_bytes(), "0.001"),
            ("double", &1e7_f64.to_be_bytes(), "1.0E7"),
            ("double", &1.25e-5_f64.to_be_bytes(), "1.25E-5"),
            ("double", &9_999_999.5_f64.to_be_bytes(), "9999999.5"),
            ("double", &f64::NEG_INFINITY.to_be_bytes(), "-Infinity"),
            ("bytes", b"a\\\x00\xff~", "a\\x5C\\x00\\xFF~"),
            ("uuid", b"0188F2A4-9c3e-7b10-8000-00000000002A", "0188f2a4-9c3e-7b10-8000-00000000002a"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(show(name, bytes).as_deref(), Ok(*expected), "{name} {bytes:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_rule() {
        assert_eq!(show("integer", b"123"), Err("3 bytes where there must be 4".to_owned()));
        assert!(show("uuid", b"not a uuid").unwrap_err().contains("no UUID"));
        assert!(show("uuid", &[0xff; 36]).is_err());
        assert!(show("avro", b"").unwrap_err().contains("string, integer"));
    }
}
