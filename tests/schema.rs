//! Our messages against Kafka's own definitions, field by field.
//!
//! `schema/messages.tsv` has a row for every field of every message of Kafka 4.4. Each difference is listed; there is
//! none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use protocol::schema::{FieldSchema, Kind, StructSchema};
use protocol::{ApiKey, VersionRange};

/// One row of the table, by column name.
type Row<'a> = BTreeMap<&'a str, &'a str>;

#[test]
fn every_field_is_as_kafka_defines_it() {
    let text = include_str!("schema/messages.tsv");
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let mut expected: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for line in lines {
        let row: Row<'_> = columns.iter().copied().zip(line.split('\t')).collect();
        expected.entry(row["message"]).or_default().push(row);
    }

    let mut differences = String::new();
    let (mut messages, mut fields) = (0, 0);
    for &api_key in ApiKey::ALL {
        for schema in api_key.schemas().unwrap() {
            messages += 1;
            let versions = api_key.versions().unwrap();
            match expected.get(schema.name) {
                Some(rows) => {
                    fields += compare(schema, versions, api_key.flexible_from(), rows, &mut differences);
                }
                None => writeln!(differences, "{}: Kafka has no such message", schema.name).unwrap(),
            }
        }
    }
    println!("schema: {messages} messages, {fields} fields");
    assert!(differences.is_empty(), "\n{differences}");
    assert!(fields > 200, "only {fields} fields were compared");
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
