//! Our definitions against Kafka's own: messages field by field, APIs, error codes, the key hash.
//!
//! The tables in `schema/` are facts of Kafka 4.4. Each difference is listed; there is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::rows::unhex;
use protocol::records::murmur2;
use protocol::schema::{FieldSchema, Kind, StructSchema};
use protocol::{ApiKey, ErrorCode, Message, VersionRange, messages};

/// One row of the table, by column name.
type Row<'a> = BTreeMap<&'a str, &'a str>;

#[test]
fn every_field_is_as_kafka_defines_it() {
    let mut expected: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for row in rows(include_str!("schema/messages.tsv")) {
        expected.entry(row["message"]).or_default().push(row);
    }

    let mut differences = String::new();
    let (mut messages, mut fields) = (0, 0);
    let mut with = |schema: &StructSchema, versions, flexible_from| match expected.remove(schema.name) {
        Some(rows) => {
            messages += 1;
            fields += compare(schema, versions, flexible_from, &rows, &mut differences);
        }
        None => writeln!(differences, "{}: Kafka has no such message", schema.name).unwrap(),
    };
    for &api_key in ApiKey::ALL {
        for schema in api_key.schemas().unwrap() {
            with(schema, api_key.versions().unwrap(), api_key.flexible_from());
        }
    }
    for (schema, versions, flexible_from) in data_messages() {
        with(schema, versions, flexible_from);
    }
    // Not println, which is seen only when a test fails.
    let mut stdout = std::io::stdout();
    std::io::Write::write_fmt(&mut stdout, format_args!("schema: {messages} messages, {fields} fields\n"))
        .unwrap();

    // Headers are no messages here: their form depends on the request, and golden vectors hold them to Kafka's.
    let removed = ["ControlledShutdown", "LeaderAndIsr", "StopReplica", "UpdateMetadata"];
    let without = |name: &&str| {
        ["RequestHeader", "ResponseHeader"].contains(name)
            || removed.iter().any(|removed| {
                [format!("{removed}Request"), format!("{removed}Response")].contains(&(*name).to_owned())
            })
    };
    for name in expected.keys().filter(|name| !without(name)) {
        writeln!(differences, "{name}: we have no such message").unwrap();
    }
    assert!(differences.is_empty(), "\n{differences}");
    assert_eq!((messages, fields), (193, 1756), "so many has Kafka 4.4");
}

#[test]
fn every_api_has_kafka_s_versions_and_headers() {
    let apis: BTreeMap<i16, Row<'_>> =
        rows(include_str!("schema/apis.tsv")).map(|row| (row["api_key"].parse().unwrap(), row)).collect();
    let live = apis.iter().filter(|(_, row)| row["requestValidVersions"] != "none");
    assert!(live.map(|(key, _)| ApiKey(*key)).eq(ApiKey::ALL.iter().copied()));
    for &api_key in ApiKey::ALL {
        let row = &apis[&api_key.0];
        assert_eq!(api_key.name(), Some(row["name"]));
        let versions = api_key.versions().unwrap();
        assert_eq!(versions.to_string(), row["requestValidVersions"], "{api_key}");
        for version in versions.iter() {
            let headers = (api_key.request_header_version(version), api_key.response_header_version(version));
            let expected = (
                header(row["requestHeaderVersions"], version),
                header(row["responseHeaderVersions"], version),
            );
            assert_eq!(headers, expected, "{api_key} v{version}");
        }
    }
}

/// The header version for `version` in a list such as `3-8:1,9-13:2`.
fn header(list: &str, version: i16) -> i16 {
    let mut entries = list.split(',').map(|entry| entry.split_once(':').unwrap());
    entries.find(|(range, _)| parse(range).contains(version)).unwrap().1.parse().unwrap()
}

#[test]
fn every_error_code_is_known_and_retried_as_kafka_s_clients_do() {
    let mut codes = Vec::new();
    for row in rows(include_str!("schema/errors.tsv")) {
        let code = ErrorCode(row["code"].parse().unwrap());
        codes.push(code);
        assert_eq!(code.name(), Some(row["name"]));
        assert_eq!(code.is_retriable(), row["retriable"] == "true", "{code}");
        assert_eq!(code.wants_fresh_metadata(), row["refresh_metadata"] == "true", "{code}");
        assert!(code.sentence().is_some_and(|sentence| !sentence.is_empty()), "{code}");
    }
    assert_eq!(codes, ErrorCode::ALL);
}

#[test]
fn keys_go_to_the_partitions_that_the_java_client_chooses() {
    let mut keys = 0;
    for row in rows(include_str!("schema/murmur2.tsv")) {
        let digits = row["key_hex"];
        let key = unhex(digits).unwrap();
        assert_eq!(murmur2::murmur2(&key), row["murmur2_i32"].parse::<i32>().unwrap(), "{digits}");
        for partitions in [1, 3, 7, 12, 100] {
            let expected: i32 = row[format!("p{partitions}").as_str()].parse().unwrap();
            assert_eq!(murmur2::partition_for_key(&key, partitions), expected, "{digits} of {partitions}");
        }
        keys += 1;
    }
    assert!(keys > 30);
}

/// The rows of a table whose first line names the columns.
fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines.map(move |line| columns.iter().copied().zip(line.split('\t')).collect())
}

/// The structures that Kafka keeps inside other fields and in logs.
fn data_messages() -> Vec<(&'static StructSchema, VersionRange, Option<i16>)> {
    fn of<M: Message>() -> (&'static StructSchema, VersionRange, Option<i16>) {
        (M::SCHEMA, M::VERSIONS, M::FLEXIBLE_FROM)
    }
    macro_rules! all {
        ($($message:ident)*) => {
            vec![$(of::<messages::$message>()),*]
        };
    }
    protocol::data_messages!(all)
}

/// Compares one message with its rows; gives how many fields it looked at.
fn compare(
    schema: &StructSchema,
    versions: VersionRange,
    flexible_from: Option<i16>,
    rows: &[Row<'_>],
    differences: &mut String,
) -> usize {
    let name = schema.name;
    let mut differ = |path: &str, what: &str, ours: &dyn std::fmt::Display, kafka: &dyn std::fmt::Display| {
        if ours.to_string() != kafka.to_string() {
            writeln!(differences, "{name} {path}: {what} is {ours}, Kafka has {kafka}").unwrap();
        }
    };
    differ("", "versions", &versions, &rows[0]["validVersions"]);
    let flexible = flexible_from.map_or("none".to_owned(), |first| format!("{first}+"));
    differ("", "flexible", &flexible, &rows[0]["flexibleVersions"]);

    let mut ours = Vec::new();
    flatten(schema, "", &mut ours);
    let paths = |fields: &[String]| fields.join(" ");
    let kafka: Vec<String> =
        rows.iter().map(|row| row["path"].to_owned()).filter(|path| !path.is_empty()).collect();
    differ(
        "",
        "fields",
        &paths(&ours.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()),
        &paths(&kafka),
    );

    for ((path, field), row) in ours.iter().zip(rows) {
        differ(path, "type", &field.kind, &row["type"]);
        let existing = parse(row["versions"]).intersection(versions);
        differ(path, "versions", &field.versions.intersection(versions), &existing);
        let nullable = parse(row["nullableVersions"]).intersection(existing);
        differ(path, "nullable", &shown(field.nullable.intersection(existing)), &shown(nullable));
        let tagged = parse(row["taggedVersions"]);
        let tag = if tagged.is_empty() { "none" } else { row["tag"] };
        differ(path, "tag", &field.tag.map_or("none".to_owned(), |tag| tag.to_string()), &tag);
        differ(path, "default", &default_of(field), &kafka_default(row, nullable));
        differ(path, "ignorable", &field.ignorable, &row["ignorable"]);
        differ(path, "map key", &field.map_key, &row["mapKey"]);
    }
    ours.len()
}

/// The fields with their paths, as the table has them: a struct's field, then the fields in it.
fn flatten(schema: &StructSchema, prefix: &str, fields: &mut Vec<(String, &'static FieldSchema)>) {
    for field in schema.fields {
        let (brackets, inner) = match field.kind {
            Kind::Array(Kind::Struct(inner)) => ("[]", Some(*inner)),
            Kind::Array(_) => ("[]", None),
            Kind::Struct(inner) => ("", Some(inner)),
            Kind::Primitive(_) => ("", None),
        };
        let path = format!("{prefix}{}{brackets}", field.name);
        fields.push((path.clone(), field));
        if let Some(inner) = inner {
            flatten(inner, &format!("{path}."), fields);
        }
    }
}

/// Reads `none`, `4`, `3-13` or `9+`.
fn parse(text: &str) -> VersionRange {
    let number = |text: &str| text.parse().unwrap();
    match text {
        "none" | "" => VersionRange::NONE,
        _ if text.ends_with('+') => VersionRange::new(number(text.trim_end_matches('+')), i16::MAX),
        _ => match text.split_once('-') {
            Some((lowest, highest)) => VersionRange::new(number(lowest), number(highest)),
            None => VersionRange::new(number(text), number(text)),
        },
    }
}

/// All empty ranges are alike.
fn shown(versions: VersionRange) -> String {
    if versions.is_empty() { "none".to_owned() } else { versions.to_string() }
}

/// Our default in one notation: a number, `true`, `null`, or nothing for zero and empty.
fn default_of(field: &FieldSchema) -> String {
    match field.default {
        "" if !field.nullable.is_empty() => "null".to_owned(),
        "empty" => String::new(),
        default => number(default),
    }
}

/// Kafka's default in the same notation.
fn kafka_default(row: &Row<'_>, nullable: VersionRange) -> String {
    match row["default"] {
        "0" | "false" => String::new(),
        // Records that nobody sets are null where they can be.
        "" if row["type"] == "records" && !nullable.is_empty() => "null".to_owned(),
        default => number(default),
    }
}

fn number(text: &str) -> String {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    parsed.map_or(text.to_owned(), |number| number.to_string())
}
