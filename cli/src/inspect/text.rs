//! Findings as text for people.

use std::io::{self, Write};

use bytes::Bytes;
use protocol::json::Value;
use protocol::records::{ControlRecord, Record};
use protocol::wire::TaggedFields;

use super::batches::{self, About, Control};
use super::message::{Finding, Trouble};
use super::report::Place;
use super::tree::{Item, path_name, unknown_fields};

/// The most of a key, a value or a bytes field that is shown, in bytes.
const SHOWN_BYTES: usize = 256;

/// Writes one finding; gives whether all records in it are right.
pub(crate) fn write(
    output: &mut dyn Write,
    place: &Place<'_>,
    finding: &Finding,
    with_records: bool,
) -> io::Result<bool> {
    headline(output, place, finding)?;
    if let Some(trouble) = &finding.trouble {
        let word = if trouble.is_note { "note" } else { "malformed" };
        writeln!(output, "  {word} at byte {}{}", place.start + trouble.offset, sentence(trouble))?;
    }
    let Some(body) = &finding.body else { return Ok(true) };
    let mut text = Text { output, with_records, is_right: true };
    match body {
        Item::Struct(_) => text.fields(body, 1)?,
        item => text.field("records", item, 1)?,
    }
    Ok(text.is_right)
}

fn headline(output: &mut dyn Write, place: &Place<'_>, finding: &Finding) -> io::Result<()> {
    write!(output, "@{} {}", place.offset, finding.kind)?;
    if !finding.api.is_empty() {
        write!(output, " {}", finding.api)?;
    }
    if let Some(version) = finding.version {
        write!(output, " v{version}")?;
    }
    write!(output, ", {} bytes", place.length)?;
    if let Some(header) = &finding.header {
        write!(output, ", correlation {}", header.correlation_id)?;
        match &header.client_id {
            Some(Some(client_id)) => write!(output, ", client {client_id:?}")?,
            Some(None) => write!(output, ", client null")?,
            None => {}
        }
    }
    if let Some(origin) = &place.origin {
        write!(output, ", packet {}", origin.packet)?;
        if let Some(time) = &origin.time {
            write!(output, " at {time}")?;
        }
        write!(output, ", {}", origin.connection)?;
    }
    writeln!(output)?;
    match finding.header.as_ref().and_then(|header| unknown_fields(&header.json)) {
        Some(fields) => unknown(output, "  ", "header: ", &fields),
        None => Ok(()),
    }
}

/// A line for each tagged field that the schema does not know.
fn unknown(output: &mut dyn Write, margin: &str, place: &str, fields: &TaggedFields) -> io::Result<()> {
    let mut fields = fields.iter();
    fields.try_for_each(|field| {
        writeln!(output, "{margin}{place}unknown tagged field {}: {}", field.tag, digits(&field.data))
    })
}

/// Where and what, after the byte.
fn sentence(trouble: &Trouble) -> String {
    let place = if trouble.path.is_empty() { String::new() } else { format!(", in {}", trouble.path) };
    format!("{place}: {} ({})", trouble.message, trouble.kind)
}

struct Text<'w> {
    output: &'w mut dyn Write,
    with_records: bool,
    is_right: bool,
}

impl Text<'_> {
    fn fields(&mut self, item: &Item, depth: usize) -> io::Result<()> {
        match item {
            Item::Struct(fields) => {
                fields.iter().try_for_each(|(name, item)| self.field(&path_name(name), item, depth))
            }
            item => self.field("value", item, depth),
        }
    }

    fn field(&mut self, name: &str, item: &Item, depth: usize) -> io::Result<()> {
        let margin = "  ".repeat(depth);
        match item {
            Item::Plain(value) => writeln!(self.output, "{margin}{name}: {}", plain(value)),
            Item::Bytes(bytes) => writeln!(self.output, "{margin}{name}: {}", shown(bytes)),
            Item::Records(field) => {
                writeln!(self.output, "{margin}{name}: {} bytes", field.len())?;
                self.records(field, depth + 1)
            }
            Item::List(items) if items.iter().any(|item| matches!(item, Item::Struct(_))) => {
                items.iter().enumerate().try_for_each(|(index, item)| {
                    writeln!(self.output, "{margin}{name}[{index}]")?;
                    self.fields(item, depth + 1)
                })
            }
            Item::List(items) => {
                let one = |item: &Item| match item {
                    Item::Plain(value) => plain(value),
                    Item::Bytes(bytes) => shown(bytes),
                    _ => String::new(),
                };
                let items: Vec<String> = items.iter().map(one).collect();
                writeln!(self.output, "{margin}{name}: [{}]", items.join(", "))
            }
            Item::Struct(_) => {
                writeln!(self.output, "{margin}{name}")?;
                self.fields(item, depth + 1)
            }
            Item::Unknown(fields) => unknown(self.output, &margin, "", fields),
        }
    }

    fn records(&mut self, field: &Bytes, depth: usize) -> io::Result<()> {
        let mut lines = Lines { output: self.output, margin: "  ".repeat(depth) };
        self.is_right &= batches::show(field, self.with_records, &mut lines)?;
        Ok(())
    }
}

/// Shows the batches of a records field, a line each, and a line each record.
struct Lines<'w> {
    output: &'w mut dyn Write,
    margin: String,
}

impl batches::Show for Lines<'_> {
    type Error = io::Error;

    fn batch(&mut self, place: &batches::Place, about: &About, crc: Result<(), Trouble>) -> io::Result<()> {
        let batches::Place { index, offset, size } = place;
        write!(self.output, "{}batch {index} at {offset}, {size} bytes: ", self.margin)?;
        match about {
            About::Batch(header) => {
                let (first, last) = (header.base_offset, header.last_offset());
                write!(
                    self.output,
                    "base offset {first}, last offset {last}, {} records",
                    header.record_count
                )?;
            }
            About::Legacy(header) => write!(self.output, "offset {}", header.offset)?,
        }
        write!(self.output, ", magic {}, compression {}", about.magic(), about.compression())?;
        if let About::Batch(header) = about {
            write!(self.output, ", leader epoch {}", header.partition_leader_epoch)?;
            if header.producer_id.0 >= 0 {
                let (epoch, sequence) = (header.producer_epoch, header.base_sequence);
                write!(self.output, ", producer {} epoch {epoch} sequence {sequence}", header.producer_id)?;
            }
            if header.attributes.is_transactional() {
                write!(self.output, ", transactional")?;
            }
            if header.attributes.is_control() {
                write!(self.output, ", control")?;
            }
            if let Some(horizon) = header.delete_horizon_ms() {
                write!(self.output, ", delete horizon {horizon}")?;
            }
        }
        let time = match about {
            About::Batch(header) => header.max_timestamp,
            About::Legacy(header) => header.timestamp,
        };
        if let Some(kind) = about.timestamp_type() {
            write!(self.output, ", {kind} time up to {time}")?;
        }
        match crc {
            Ok(()) => writeln!(self.output, ", crc ok"),
            Err(trouble) => writeln!(self.output, ", crc wrong: {}", trouble.message),
        }
    }

    fn record(&mut self, record: &Record<'_>, control: Option<&Control>) -> io::Result<()> {
        write!(self.output, "{}  offset {}, time {}", self.margin, record.offset, record.timestamp)?;
        match control {
            Some(Control { record: ControlRecord::Unknown { id, value }, .. }) => {
                let value = nullable(value.as_deref());
                write!(self.output, ", control record of the unknown type {id}, value {value}")?;
            }
            Some(control) => {
                write!(self.output, ", {} {}", control.record.name(), batches::control_value(control))?;
            }
            None => write!(self.output, ", key {}, value {}", nullable(record.key), nullable(record.value))?,
        }
        for (index, header) in record.headers.iter().enumerate() {
            let before = if index == 0 { ", headers " } else { " " };
            write!(self.output, "{before}{:?}={}", header.key, nullable(header.value))?;
        }
        writeln!(self.output)
    }

    fn damaged(&mut self, place: &batches::Place, trouble: Trouble) -> io::Result<()> {
        let (index, at) = (place.index, trouble.offset);
        writeln!(self.output, "{}batch {index} malformed at its byte {at}{}", self.margin, sentence(&trouble))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, place: &batches::Place, missing: usize) -> io::Result<()> {
        let batches::Place { index, offset, size } = place;
        writeln!(
            self.output,
            "{}batch {index} at {offset}: cut after {size} bytes, {missing} missing",
            self.margin
        )
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        value => value.to_string(),
    }
}

fn nullable(bytes: Option<&[u8]>) -> String {
    bytes.map_or("null".to_owned(), shown)
}

/// Text in quotes if it is text, else hex digits; not all of it if it is long.
fn shown(bytes: &[u8]) -> String {
    let is_text =
        |text: &&str| text.chars().all(|letter| !letter.is_control() || letter.is_ascii_whitespace());
    match std::str::from_utf8(bytes).ok().filter(is_text) {
        Some(text) => {
            let end = (0..=SHOWN_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            format!("{:?}{}", &text[..end.unwrap_or(0)], and_more(bytes))
        }
        None => digits(bytes),
    }
}

/// Hex digits; not all if there are many.
fn digits(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}{}", and_more(bytes))
}

/// Says how many bytes are not shown.
fn and_more(bytes: &[u8]) -> String {
    match bytes.len().saturating_sub(SHOWN_BYTES) {
        0 => String::new(),
        more => format!("… {more} bytes more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_text_where_they_are_and_never_without_end() {
        assert_eq!(shown(b"a\n\"b\""), r#""a\n\"b\"""#);
        assert_eq!(shown(&[0xff, 0]), "0xff00");
        assert_eq!(shown(&[7]), "0x07");
        assert_eq!(nullable(None), "null");
        let long = "é".repeat(SHOWN_BYTES);
        assert_eq!(shown(long.as_bytes()), format!("\"{}\"… 256 bytes more", "é".repeat(SHOWN_BYTES / 2)));
    }
}
