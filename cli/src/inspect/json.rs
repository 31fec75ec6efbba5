//! Findings as JSON, one object a line.
//!
//! Written by hand at the outermost levels, so that keys come in the order of reading and records are not gathered first.

use std::io::{self, Write};

use protocol::json::{JsonForm, Value};
use protocol::records::Record;
use serde_json::json;

use super::batches::{self, About, Control};
use super::message::{Finding, Trouble};
use super::report::Place;
use super::tree::{Item, base64, json_name};

/// Writes one finding; gives whether all records in it are right.
pub(crate) fn write(
    output: &mut dyn Write,
    place: &Place<'_>,
    finding: &Finding,
    with_records: bool,
) -> io::Result<bool> {
    write!(output, "{{\"offset\":{},\"length\":{}", place.offset, place.length)?;
    write!(output, ",\"type\":{}", json!(finding.kind))?;
    if !finding.api.is_empty() {
        write!(output, ",\"api\":{}", json!(finding.api))?;
    }
    if let Some(version) = finding.version {
        write!(output, ",\"version\":{version}")?;
    }
    if let Some(origin) = &place.origin {
        let (packet, time, connection) = (origin.packet, json!(origin.time), json!(origin.connection));
        write!(output, ",\"packet\":{packet},\"time\":{time},\"connection\":{connection}")?;
    }
    if let Some(header) = &finding.header {
        write!(output, ",\"header\":{}", header.json)?;
    }
    let mut is_right = true;
    if let Some(body) = &finding.body {
        write!(output, ",\"body\":")?;
        value(output, body)?;
        is_right = records(output, body, with_records)?;
    }
    if let Some(trouble) = &finding.trouble {
        let key = if trouble.is_note { "note" } else { "error" };
        write!(output, ",\"{key}\":{}", error(trouble, place.start))?;
    }
    writeln!(output, "}}")?;
    Ok(is_right)
}

/// The JSON form, with fields in the order of the schema.
fn value(output: &mut dyn Write, item: &Item) -> io::Result<()> {
    match item {
        Item::Plain(value) => write!(output, "{value}"),
        Item::Bytes(bytes) | Item::Records(bytes) => write!(output, "\"{}\"", base64(bytes)),
        Item::Unknown(fields) => write!(output, "{}", fields.to_json(0).unwrap_or_default()),
        Item::List(items) => {
            write!(output, "[")?;
            for (index, item) in items.iter().enumerate() {
                write!(output, "{}", comma(index))?;
                value(output, item)?;
            }
            write!(output, "]")
        }
        Item::Struct(fields) => {
            write!(output, "{{")?;
            for (index, (name, item)) in fields.iter().enumerate() {
                write!(output, "{}{}:", comma(index), json!(json_name(name)))?;
                value(output, item)?;
            }
            write!(output, "}}")
        }
    }
}

/// What lies in the records fields of a body: `records`, an array of fields with their batches.
fn records(output: &mut dyn Write, body: &Item, with_records: bool) -> io::Result<bool> {
    let (mut count, mut is_right) = (0, true);
    body.visit_records("", &mut |path, field| {
        let start = if count == 0 { ",\"records\":[" } else { "," };
        write!(output, "{start}{{\"path\":{},\"length\":{},\"batches\":[", json!(path), field.len())?;
        let mut objects = Objects { output: &mut *output, count: 0, record_count: None };
        is_right &= batches::show(field, with_records, &mut objects)?;
        count += 1;
        write!(output, "]}}")
    })?;
    if count > 0 {
        write!(output, "]")?;
    }
    Ok(is_right)
}

fn error(trouble: &Trouble, start: usize) -> Value {
    json!({
        "kind": trouble.kind,
        "message": trouble.message,
        "offset": start + trouble.offset,
        "path": trouble.path,
    })
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

/// Shows the batches of a records field, an object each.
struct Objects<'w> {
    output: &'w mut dyn Write,
    count: usize,
    /// How many records of the batch were written; `None` outside a batch.
    record_count: Option<usize>,
}

impl Objects<'_> {
    /// Writes an object that is not a batch.
    fn whole(&mut self, object: &Value) -> io::Result<()> {
        self.open(object)?;
        write!(self.output, "}}")
    }

    /// Writes an object without its end, so that records can follow.
    fn open(&mut self, object: &Value) -> io::Result<()> {
        let object = object.to_string();
        write!(self.output, "{}{}", comma(self.count), object.strip_suffix('}').unwrap_or(&object))?;
        self.count += 1;
        Ok(())
    }

    fn end_records(&mut self) -> io::Result<()> {
        match self.record_count.take() {
            Some(1..) => write!(self.output, "]"),
            _ => Ok(()),
        }
    }
}

impl batches::Show for Objects<'_> {
    type Error = io::Error;

    fn batch(&mut self, place: &batches::Place, about: &About, crc: Result<(), Trouble>) -> io::Result<()> {
        let mut object = match about {
            About::Batch(header) => json!({
                "baseOffset": header.base_offset,
                "lastOffset": header.last_offset(),
                "recordCount": header.record_count,
                "partitionLeaderEpoch": header.partition_leader_epoch,
                "producerId": header.producer_id.0,
                "producerEpoch": header.producer_epoch,
                "baseSequence": header.base_sequence,
                "maxTimestamp": header.max_timestamp,
                "isTransactional": header.attributes.is_transactional(),
                "isControl": header.attributes.is_control(),
                "deleteHorizonMs": header.delete_horizon_ms(),
            }),
            About::Legacy(header) => json!({ "offset": header.offset, "timestamp": header.timestamp }),
        };
        object["position"] = json!(place.offset);
        object["size"] = json!(place.size);
        object["magic"] = json!(about.magic());
        object["compression"] = json!(about.compression());
        object["timestampType"] = json!(about.timestamp_type());
        object["crcOk"] = json!(crc.is_ok());
        if let Err(trouble) = crc {
            object["crcError"] = json!(trouble.message);
        }
        self.open(&object)?;
        self.record_count = Some(0);
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>, control: Option<&Control>) -> io::Result<()> {
        let bytes = |bytes: Option<&[u8]>| bytes.map(base64);
        let header =
            |header: protocol::records::Header<'_>| json!({"key": header.key, "value": bytes(header.value)});
        let mut object = json!({
            "offset": record.offset,
            "timestamp": record.timestamp,
            "sequence": record.sequence,
            "key": bytes(record.key),
            "value": bytes(record.value),
            "headers": record.headers.iter().map(header).collect::<Vec<_>>(),
        });
        if let Some(control) = control {
            let said = &control.record;
            object["control"] =
                json!({ "type": said.name(), "id": said.id(), "value": batches::control_value(control) });
        }
        let count = self.record_count.get_or_insert(0);
        let before = if *count == 0 { ",\"records\":[" } else { "," };
        *count += 1;
        write!(self.output, "{before}{object}")
    }

    fn damaged(&mut self, place: &batches::Place, trouble: Trouble) -> io::Result<()> {
        let object = error(&trouble, 0);
        if self.record_count.is_some() {
            self.end_records()?;
            self.record_count = Some(0);
            return write!(self.output, ",\"error\":{object}");
        }
        self.whole(&json!({ "position": place.offset, "size": place.size, "error": object }))
    }

    fn end(&mut self) -> io::Result<()> {
        self.end_records()?;
        write!(self.output, "}}")
    }

    fn cut(&mut self, place: &batches::Place, missing: usize) -> io::Result<()> {
        self.whole(&json!({ "position": place.offset, "size": place.size, "missing": missing }))
    }
}
