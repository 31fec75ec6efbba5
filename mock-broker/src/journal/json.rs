//! The journal as JSON Lines: one request a line, its fields with their types.
//!
//! ```json
//! {"number":7,"time_ms":1795217074598,"broker":1,"connection":3,"client_id":"app","api":"Produce","api_key":0,
//!  "version":9,"acks":-1,"outcome":"answered","error_code":0,"error":"NONE","faults":["lost_ack"],
//!  "partitions":[{"topic":"orders","partition":0,"error_code":0,"error":"NONE","base_offset":5,"batch":{…}}]}
//! ```

use std::fmt::Write;

use protocol::ErrorCode;

use super::{JournalEntry, PartitionOutcome, ProducedBatch};
use crate::fault::FaultId;

impl JournalEntry {
    /// The request as a line of JSON, without its end. `rule` says what a fault rule is called.
    #[must_use]
    pub fn to_json(&self, rule: impl Fn(FaultId) -> String) -> String {
        let mut line = Object::new();
        line.number("number", self.number);
        line.number("time_ms", self.time.0);
        line.number("broker", self.broker.0);
        line.number("connection", self.connection.0);
        match &self.client_id {
            Some(client_id) => line.text("client_id", client_id),
            None => line.raw("client_id", "null"),
        }
        line.text("api", &self.api_key.to_string());
        line.number("api_key", self.api_key.0);
        line.number("version", self.version);
        if let Some(acks) = self.acks {
            line.number("acks", acks.0);
        }
        line.text("outcome", self.outcome.name());
        line.error(self.error_code);
        line.array("faults", self.faults.iter().map(|id| quoted(&rule(*id))));
        line.array("partitions", self.partitions.iter().map(partition));
        line.end()
    }
}

fn partition(outcome: &PartitionOutcome) -> String {
    let mut place = Object::new();
    place.text("topic", &outcome.topic);
    place.number("partition", outcome.partition);
    place.error(outcome.error_code);
    place.number("base_offset", outcome.base_offset);
    if let Some(batch) = outcome.batch {
        place.raw("batch", &produced(batch));
    }
    place.end()
}

fn produced(batch: ProducedBatch) -> String {
    let mut object = Object::new();
    object.number("producer_id", batch.producer_id.0);
    object.number("producer_epoch", batch.producer_epoch);
    object.number("base_sequence", batch.base_sequence);
    object.number("record_count", batch.record_count);
    object.number("size", batch.size as u64);
    object.number("crc", batch.crc);
    object.raw("duplicate", if batch.duplicate { "true" } else { "false" });
    object.end()
}

/// An object that is being written.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::from("{"))
    }

    fn raw(&mut self, key: &str, value: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        // A string takes all that is written to it.
        let _ = write!(self.0, "{comma}\"{key}\":{value}");
    }

    fn number(&mut self, key: &str, value: impl ToString) {
        self.raw(key, &value.to_string());
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    fn error(&mut self, error_code: ErrorCode) {
        self.number("error_code", error_code.0);
        self.text("error", &error_code.to_string());
    }

    fn array(&mut self, key: &str, items: impl Iterator<Item = String>) {
        self.raw(key, &format!("[{}]", items.collect::<Vec<_>>().join(",")));
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
