//! Settings of the client that reads, by Kafka's keys for them.

use std::path::Path;
use std::time::Duration;

use milena::reader::{ReaderOptions, Reset};
use protocol::names::IsolationLevel;

use crate::failure::Failure;
use crate::properties::{self, Property};

/// What every command that asks a cluster has.
pub(crate) const CLIENT_KEYS: &[&str] = &["request.timeout.ms", "security.protocol"];

/// What a command that reads records has too.
pub(crate) const CONSUMER_KEYS: &[&str] = &[
    "auto.offset.reset",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "isolation.level",
    "max.partition.fetch.bytes",
    "request.timeout.ms",
    "security.protocol",
];

/// Sets what a file and single properties say; these win.
///
/// # Errors
/// A file that cannot be read, a key that is none of `keys`, a value that its key does not take.
pub(crate) fn set(
    options: &mut ReaderOptions,
    keys: &[&str],
    file: Option<&Path>,
    given: &[Property],
) -> Result<(), Failure> {
    for Property { key, value } in properties::gather(file, given)? {
        let outcome = match keys.contains(&key.as_str()) {
            true => set_one(options, &key, value.trim()),
            false => Err(format!("there is no such setting here; there are {}", keys.join(", "))),
        };
        outcome.map_err(|rule| Failure::usage(format!("{key}={value}: {rule}")))?;
    }
    Ok(())
}

fn set_one(options: &mut ReaderOptions, key: &str, value: &str) -> Result<(), String> {
    match key {
        "auto.offset.reset" => {
            options.reset = match value {
                "earliest" => Some(Reset::Earliest),
                "latest" => Some(Reset::Latest),
                "none" => None,
                _ => return Err("it is earliest, latest or none".to_owned()),
            }
        }
        "fetch.max.bytes" => options.max_bytes = number(value, 0)?,
        "fetch.max.wait.ms" => options.max_wait_ms = number(value, 0)?,
        "fetch.min.bytes" => options.min_bytes = number(value, 0)?,
        "isolation.level" => {
            options.isolation_level = match value {
                "read_uncommitted" => IsolationLevel::READ_UNCOMMITTED,
                "read_committed" => IsolationLevel::READ_COMMITTED,
                _ => return Err("it is read_uncommitted or read_committed".to_owned()),
            }
        }
        "max.partition.fetch.bytes" => options.partition_bytes = number(value, 0)?,
        "request.timeout.ms" => {
            options.request_timeout = Duration::from_millis(number(value, 1)?.unsigned_abs().into());
        }
        "security.protocol" if !value.eq_ignore_ascii_case("PLAINTEXT") => {
            return Err("it is PLAINTEXT; others are not there yet".to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// A number from `lowest` on, as large as Kafka's integers get.
fn number(value: &str, lowest: i32) -> Result<i32, String> {
    let number = value.parse().ok().filter(|number| *number >= lowest);
    number.ok_or_else(|| format!("it is a number from {lowest} to {}", i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_all(keys: &[&str], given: &[&str]) -> Result<ReaderOptions, String> {
        let mut options = ReaderOptions::default();
        let given: Vec<Property> = given.iter().map(|text| text.parse().unwrap()).collect();
        set(&mut options, keys, None, &given).map_err(|failure| failure.to_string())?;
        Ok(options)
    }

    #[test]
    fn every_key_sets_what_it_names() {
        let given = [
            "auto.offset.reset=earliest",
            "fetch.max.bytes=1",
            "fetch.max.wait.ms=2",
            "fetch.min.bytes=3",
            "isolation.level=read_committed",
            "max.partition.fetch.bytes=4",
            "request.timeout.ms=5",
            "security.protocol=PLAINTEXT",
        ];
        let options = set_all(CONSUMER_KEYS, &given).unwrap();
        assert_eq!(options.reset, Some(Reset::Earliest));
        let numbers = (options.max_bytes, options.max_wait_ms, options.min_bytes, options.partition_bytes);
        assert_eq!(numbers, (1, 2, 3, 4));
        assert_eq!(options.isolation_level, IsolationLevel::READ_COMMITTED);
        assert_eq!(options.request_timeout, Duration::from_millis(5));
        assert_eq!(given.map(|text| text.split('=').next().unwrap()), CONSUMER_KEYS);
    }

    #[test]
    fn what_a_key_does_not_take_is_refused_with_the_rule() {
        let cases: &[(&[&str], &str, &str)] = &[
            (CONSUMER_KEYS, "group.id=g", "group.id=g: there is no such setting here"),
            (CLIENT_KEYS, "fetch.min.bytes=1", "there are request.timeout.ms, security.protocol"),
            (CONSUMER_KEYS, "fetch.min.bytes=-1", "a number from 0 to 2147483647"),
            (CONSUMER_KEYS, "request.timeout.ms=0", "a number from 1"),
            (CONSUMER_KEYS, "isolation.level=all", "read_committed"),
            (CONSUMER_KEYS, "auto.offset.reset=by_duration:P1D", "earliest, latest or none"),
            (CLIENT_KEYS, "security.protocol=SASL_SSL", "it is PLAINTEXT"),
        ];
        for (keys, text, rule) in cases {
            let error = set_all(keys, &[text]).unwrap_err();
            assert!(error.contains(rule), "{text}: {error}");
        }
    }
}
