//! A record as one line (or whatever separates), in the form of Kafka's `DefaultMessageFormatter`.

use milena::reader::Record;
use protocol::records::TimestampType;

use super::deserializer::Deserializer;
use crate::properties::{Property, is_true};

/// Which parts of a record are printed, and how.
#[derive(Clone, Debug)]
pub(super) struct Formatter {
    print_timestamp: bool,
    print_partition: bool,
    print_offset: bool,
    print_epoch: bool,
    print_headers: bool,
    print_key: bool,
    print_value: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    key_deserializer: Option<Deserializer>,
    value_deserializer: Option<Deserializer>,
    headers_deserializer: Option<Deserializer>,
}

impl Default for Formatter {
    fn default() -> Self {
        Self {
            print_timestamp: false,
            print_partition: false,
            print_offset: false,
            print_epoch: false,
            print_headers: false,
            print_key: false,
            print_value: true,
            key_separator: "\t".to_owned(),
            line_separator: "\n".to_owned(),
            headers_separator: ",".to_owned(),
            null_literal: "null".to_owned(),
            key_deserializer: None,
            value_deserializer: None,
            headers_deserializer: None,
        }
    }
}

impl Formatter {
    /// The keys of [`Formatter::set`].
    const KEYS: &str = "print.timestamp, print.partition, print.offset, print.epoch, print.headers, print.key, \
        print.value, key.separator, line.separator, headers.separator, null.literal, key.deserializer, \
        value.deserializer, headers.deserializer";

    /// Sets what a property says.
    ///
    /// # Errors
    /// A key that is not known, or a deserializer that is not.
    pub(super) fn set(&mut self, property: &Property) -> Result<(), String> {
        let Property { key, value } = property;
        match key.as_str() {
            "print.timestamp" => self.print_timestamp = is_true(value),
            "print.partition" => self.print_partition = is_true(value),
            "print.offset" => self.print_offset = is_true(value),
            "print.epoch" => self.print_epoch = is_true(value),
            "print.headers" => self.print_headers = is_true(value),
            "print.key" => self.print_key = is_true(value),
            "print.value" => self.print_value = is_true(value),
            "key.separator" => self.key_separator.clone_from(value),
            "line.separator" => self.line_separator.clone_from(value),
            "headers.separator" => self.headers_separator.clone_from(value),
            "null.literal" => self.null_literal.clone_from(value),
            "key.deserializer" => self.key_deserializer = Some(in_property(key, value)?),
            "value.deserializer" => self.value_deserializer = Some(in_property(key, value)?),
            // Kafka's help calls it `header.deserializer`, its code reads `headers.deserializer`.
            "headers.deserializer" | "header.deserializer" => {
                self.headers_deserializer = Some(in_property(key, value)?)
            }
            _ => return Err(format!("formatter property {key:?} is none of {}", Self::KEYS)),
        }
        Ok(())
    }

    /// The deserializers given as options of their own, which win over the properties.
    pub(super) fn set_deserializers(&mut self, key: Option<Deserializer>, value: Option<Deserializer>) {
        self.key_deserializer = key.or(self.key_deserializer);
        self.value_deserializer = value.or(self.value_deserializer);
    }

    /// Appends a record; if it fails, nothing.
    ///
    /// # Errors
    /// A key, value or header that its deserializer cannot take.
    pub(super) fn write(&self, record: &Record, output: &mut Vec<u8>) -> Result<(), String> {
        let start = output.len();
        let written = self.parts(record, output);
        if written.is_err() {
            output.truncate(start);
        }
        written
    }

    fn parts(&self, record: &Record, output: &mut Vec<u8>) -> Result<(), String> {
        let mut separator = Separator { between: self.key_separator.as_bytes(), is_first: true };
        if self.print_timestamp {
            let time = match record.timestamp_type {
                Some(TimestampType::CreateTime) => format!("CreateTime:{}", record.timestamp),
                Some(TimestampType::LogAppendTime) => format!("LogAppendTime:{}", record.timestamp),
                None => "NO_TIMESTAMP".to_owned(),
            };
            separator.part(output).extend_from_slice(time.as_bytes());
        }
        if self.print_partition {
            separator.part(output).extend_from_slice(format!("Partition:{}", record.partition).as_bytes());
        }
        if self.print_offset {
            separator.part(output).extend_from_slice(format!("Offset:{}", record.offset).as_bytes());
        }
        if self.print_epoch {
            let epoch = record.leader_epoch;
            let epoch = if epoch < 0 { "NOT_PRESENT".to_owned() } else { epoch.to_string() };
            separator.part(output).extend_from_slice(format!("Epoch:{epoch}").as_bytes());
        }
        if self.print_headers {
            self.headers(record, separator.part(output))?;
        }
        if self.print_key {
            self.field("key", record.key.as_deref(), self.key_deserializer, separator.part(output))?;
        }
        if self.print_value {
            self.field("value", record.value.as_deref(), self.value_deserializer, separator.part(output))?;
        }
        if !separator.is_first {
            output.extend_from_slice(self.line_separator.as_bytes());
        }
        Ok(())
    }

    fn headers(&self, record: &Record, output: &mut Vec<u8>) -> Result<(), String> {
        if record.headers.is_empty() {
            output.extend_from_slice(b"NO_HEADERS");
        }
        let mut separator = Separator { between: self.headers_separator.as_bytes(), is_first: true };
        for header in record.headers.iter() {
            separator.part(output).extend_from_slice(header.key.as_bytes());
            output.push(b':');
            self.field("header", header.value, self.headers_deserializer, output)?;
        }
        Ok(())
    }

    fn field(
        &self,
        name: &str,
        bytes: Option<&[u8]>,
        deserializer: Option<Deserializer>,
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        match (bytes, deserializer) {
            (None, _) => output.extend_from_slice(self.null_literal.as_bytes()),
            (Some(bytes), None) => output.extend_from_slice(bytes),
            (Some(bytes), Some(deserializer)) => {
                deserializer.show(bytes, output).map_err(|rule| format!("{name}: {rule}"))?;
            }
        }
        Ok(())
    }
}

/// Writes itself before every part but the first.
struct Separator<'a> {
    between: &'a [u8],
    is_first: bool,
}

impl Separator<'_> {
    fn part<'o>(&mut self, output: &'o mut Vec<u8>) -> &'o mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            output.extend_from_slice(self.between);
        }
        output
    }
}

fn in_property(key: &str, value: &str) -> Result<Deserializer, String> {
    value.parse().map_err(|rule| format!("{key}: {rule}"))
}

#[cfg(test)]
mod tests {
    use protocol::records::{BatchBuilder, BatchOptions, Header, Limits, Part, batches};

    use super::*;

    /// A record as it comes out of a batch.
    fn record(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> Record {
        let options = BatchOptions { base_offset: 42, ..Default::default() };
        let mut builder = BatchBuilder::new(Vec::new(), options);
        builder.append(1234, key, value, headers.iter().copied()).unwrap();
        let Some(Ok(Part::Batch(batch))) = batches(&builder.build().unwrap()).next() else {
            panic!("no batch")
        };
        let owned = batch.records(&Limits::default()).unwrap().to_owned().unwrap().remove(0);
        Record::new("orders".into(), 3, owned)
    }

    fn shown(properties: &[&str], record: &Record) -> Result<String, String> {
        let mut formatter = Formatter::default();
        for property in properties {
            formatter.set(&property.parse()?)?;
        }
        let mut output = b"before ".to_vec();
        let written = formatter.write(record, &mut output);
        let text = String::from_utf8(output).unwrap();
        written.map(|()| text["before ".len()..].to_owned())
    }

    #[test]
    fn a_record_is_shown_as_kafka_shows_it() {
        let headers = [Header::new("h", b"v"), Header { key: "n", value: None }];
        let full = record(Some(b"k"), Some("값".as_bytes()), &headers);
        let bare = record(None, None, &[]);
        let mut timeless = full.clone();
        (timeless.timestamp_type, timeless.timestamp) = (None, -1);
        let everything = [
            "print.timestamp=true",
            "print.partition=true",
            "print.offset=true",
            "print.epoch=true",
            "print.headers=true",
            "print.key=true",
        ];
        let cases: &[(&[&str], &Record, &str)] = &[
            (&[], &full, "값\n"),
            (&[], &bare, "null\n"),
            (&["print.key=true"], &full, "k\t값\n"),
            (&["print.key=TRUE", "key.separator= => "], &full, "k => 값\n"),
            (&["print.key=true", "null.literal=-", "line.separator=;"], &bare, "-\t-;"),
            (&["print.key=true", "print.value=false"], &full, "k\n"),
            (&["print.value=false"], &full, ""),
            (&["print.headers=true"], &full, "h:v,n:null\t값\n"),
            (&["print.headers=true", "headers.separator=|"], &full, "h:v|n:null\t값\n"),
            (
                &everything,
                &full,
                "CreateTime:1234\tPartition:3\tOffset:42\tEpoch:NOT_PRESENT\th:v,n:null\tk\t값\n",
            ),
            (
                &everything,
                &bare,
                "CreateTime:1234\tPartition:3\tOffset:42\tEpoch:NOT_PRESENT\tNO_HEADERS\tnull\tnull\n",
            ),
            (&["print.timestamp=true"], &timeless, "NO_TIMESTAMP\t값\n"),
            (&["value.deserializer=bytes"], &full, "\\xEA\\xB0\\x92\n"),
        ];
        for (properties, record, expected) in cases {
            assert_eq!(shown(properties, record).as_deref(), Ok(*expected), "{properties:?}");
        }
    }

    #[test]
    fn what_a_deserializer_cannot_take_writes_nothing() {
        let record = record(Some(b"k"), Some(b"v"), &[]);
        let error = shown(&["print.key=true", "value.deserializer=long"], &record).unwrap_err();
        assert_eq!(error, "value: 1 bytes where there must be 8");
        assert!(shown(&["print.keys=true"], &record).unwrap_err().contains("none of print.timestamp"));
        assert!(shown(&["key.deserializer=avro"], &record).unwrap_err().starts_with("key.deserializer: "));
    }
}
