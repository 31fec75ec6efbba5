//! A configuration as lines, `key value`: what a run began with.

use std::fmt::Write;
use std::time::Duration;

use protocol::names::BrokerId;

use crate::action::Action;
use crate::config::{ClusterConfig, ReplicationRules};
use crate::words::{Quoted, words};

/// The lines of a configuration.
pub(super) fn text(config: &ClusterConfig) -> String {
    let ClusterConfig {
        brokers,
        topics,
        faults,
        scenarios,
        seed,
        journal_limit,
        replication_rules,
        broker_session_timeout,
        racks,
        settings,
        // Each step has its time, and a run that is played again is recorded if its player wants it.
        time: _,
        record: _,
    } = config;
    let mut text = String::new();
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        // A string takes all that is written to it.
        let _ = writeln!(text, "{key} {value}");
    };
    line("brokers", brokers);
    line("seed", seed);
    line("journal_limit", journal_limit);
    line(
        "replication_rules",
        match replication_rules {
            ReplicationRules::Kafka4 => &"kafka4",
            ReplicationRules::BeforeKafka37 => &"before_kafka37",
        },
    );
    line("broker_session_timeout_us", &broker_session_timeout.as_micros());
    for (broker, rack) in racks {
        line("rack", &format!("{broker}={}", Quoted(rack)));
    }
    for (key, value) in settings {
        line("setting", &format!("{key}={}", Quoted(value)));
    }
    for topic in topics {
        line("topic", &Action::CreateTopic(topic.clone()));
    }
    for fault in faults {
        line("fault", fault);
    }
    for scenario in scenarios {
        line("scenario", scenario);
    }
    text
}

/// The configuration of these lines.
pub(super) fn read(text: &str) -> Result<ClusterConfig, String> {
    let mut config = ClusterConfig::new(1);
    for line in text.lines() {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        config = set(config, key, value).map_err(|reason| format!("`{}`: {reason}", line.escape_debug()))?;
    }
    Ok(config)
}

fn set(mut config: ClusterConfig, key: &str, value: &str) -> Result<ClusterConfig, String> {
    let pair = || {
        let words = words(value).map_err(|(_, reason)| reason.to_owned())?;
        let pair = words.into_iter().next().and_then(|word| Some((word.key, word.value?.into_owned())));
        pair.ok_or_else(|| "key=value is expected".to_owned())
    };
    match key {
        "brokers" => config.brokers = number(value)?,
        "seed" => config.seed = number(value)?,
        "journal_limit" => config.journal_limit = number(value)?,
        "replication_rules" => {
            config.replication_rules = match value {
                "kafka4" => ReplicationRules::Kafka4,
                "before_kafka37" => ReplicationRules::BeforeKafka37,
                _ => return Err("there are no such rules".to_owned()),
            }
        }
        "broker_session_timeout_us" => {
            config.broker_session_timeout = Duration::from_micros(number(value)?);
        }
        "rack" => {
            let (broker, rack) = pair()?;
            config.racks.insert(BrokerId(number(broker)?), rack);
        }
        "setting" => {
            let (key, value) = pair()?;
            return config.config(key, &value).map_err(|error| error.to_string());
        }
        "topic" => match value.parse() {
            Ok(Action::CreateTopic(topic)) => config.topics.push(topic),
            Ok(_) => return Err("this creates no topic".to_owned()),
            Err(error) => return Err(error.to_string()),
        },
        "fault" => config.faults.push(value.parse().map_err(|error| format!("{error}"))?),
        "scenario" => config.scenarios.push(value.parse().map_err(|error| format!("{error}"))?),
        _ => return Err("no configuration has this".to_owned()),
    }
    Ok(config)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a number is expected".to_owned())
}
