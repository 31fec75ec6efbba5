//! `milena broker`: runs a mock cluster until it is told to end.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use mock_broker::{
    ClusterConfig, Expectation, Fault, Listen, MockCluster, Scenario, StartError, Time, TopicSpec,
};
use protocol::names::BrokerId;

use crate::failure::Failure;
use crate::properties::Property;
use crate::signals::Signals;
use crate::verdict::{self, JournalFile, Watch};
use crate::{rules, runs};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many brokers the cluster has, each on a port of its own; 1, or as many as a scenario needs.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    brokers: Option<u16>,
    /// Where the first broker listens; the next ones take the ports after it. Port 0: free ports for all.
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "HOST:PORT")]
    listen: ListenArgument,
    /// The host that clients are told to connect to; needed with an address of all interfaces, such as 0.0.0.0.
    #[arg(long, value_name = "HOST")]
    advertised_host: Option<String>,
    /// A topic to begin with: name, name:partitions or name:partitions:replication-factor. Can be given again.
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<TopicArgument>,
    /// A setting of the brokers, by Kafka's key for it. Can be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    config: Vec<Property>,
    /// A setting of a topic that --topic names. Can be given again.
    #[arg(long, value_name = "TOPIC:KEY=VALUE")]
    topic_config: Vec<TopicConfigArgument>,
    /// What goes wrong, for which requests, how often; for instance 'on=Produce topic=orders nth=2 then=drop_response'. Can be
    /// given again.
    #[arg(long, value_name = "RULE")]
    fault: Vec<Fault>,
    /// A file of fault rules, YAML or JSON: a list, each rule as for --fault, or a map of the same words. They are asked
    /// before those of --fault. Can be given again.
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// What goes wrong, step by step, by its name in `milena scenarios`; of a topic that --topic names if need be: 'NAME
    /// topic=TOPIC partition=N'. Can be given again.
    #[arg(long, value_name = "SCENARIO")]
    scenario: Vec<Scenario>,
    /// What clients are expected to do, checked at the end: unless it was so, the program fails and tells why. For instance
    /// no_unknown_request, no_duplicate, only_acks=all, 'at_least on=Produce topic=orders n=3', at_most, exactly. Can be
    /// given again.
    #[arg(long, value_name = "EXPECTATION")]
    expect: Vec<Expectation>,
    /// Which clock the cluster runs on: real, or idle, which jumps to what is due next when all clients wait.
    #[arg(long, default_value = "real", value_name = "CLOCK", value_parser = clock)]
    time: Time,
    /// A file to write the whole run to when it ends, up to 256 MiB: every request, and a hash of every answer. `milena replay`
    /// plays it again, and --load goes on from it.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Begin with the brokers, topics and records that a recorded run ended with. What it was started with cannot be given
    /// beside it.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "brokers", "topic", "config", "topic_config", "fault", "rules", "scenario", "rack", "seed",
    ])]
    load: Option<PathBuf>,
    /// A file to write every request to, and what came of it: JSON, one request a line.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// How much of the requests is kept in memory, until it is written or looked at: requests and partitions in them, together;
    /// 65,536, or 1,000,000 with --expect.
    #[arg(long, value_name = "N")]
    journal_limit: Option<usize>,
    /// In which rack a broker stands, its broker.rack. Can be given again.
    #[arg(long, value_name = "BROKER=RACK")]
    rack: Vec<RackArgument>,
    /// What chance is made of: topic ids, who leads what, which requests rules with a probability strike, garbage.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ListenArgument {
    host: String,
    port: u16,
}

impl FromStr for ListenArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = || format!("an address is HOST:PORT, with a port from 0 to 65535, not {text:?}");
        let (host, port) = text.rsplit_once(':').ok_or_else(rule)?;
        // An IPv6 address stands in brackets before a port.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().map_err(|_| rule())?;
        if host.is_empty() { Err(rule()) } else { Ok(Self { host: host.to_owned(), port }) }
    }
}

/// `name:partitions:replication-factor`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TopicArgument {
    name: String,
    partitions: Option<i32>,
    replication_factor: Option<i16>,
}

impl FromStr for TopicArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default().to_owned();
        let partitions = parts.next().map(|part| count(part, "partitions")).transpose()?;
        let replication_factor = parts.next().map(|part| count(part, "replication-factor")).transpose()?;
        if name.is_empty() || parts.next().is_some() {
            return Err("a topic is name, name:partitions or name:partitions:replication-factor".to_owned());
        }
        Ok(Self { name, partitions, replication_factor })
    }
}

/// `broker=rack`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RackArgument {
    broker: i32,
    rack: String,
}

impl FromStr for RackArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let broken = || format!("a rack is BROKER=RACK, such as 1=eu-west-1a, not {text:?}");
        let (broker, rack) = text.split_once('=').filter(|(_, rack)| !rack.is_empty()).ok_or_else(broken)?;
        Ok(Self { broker: broker.parse().map_err(|_| broken())?, rack: rack.to_owned() })
    }
}

/// The clocks that nobody has to step.
fn clock(text: &str) -> Result<Time, String> {
    match text.parse() {
        Ok(Time::Stepped) => Err("only a test can step a clock; there are real and idle".to_owned()),
        Ok(time) => Ok(time),
        Err(_) => {
            let nearest = protocol::nearest(text, ["real", "idle"]).unwrap_or_default();
            Err(format!("no clock is called `{text}`; the nearest is `{nearest}`"))
        }
    }
}

fn count<T: FromStr + PartialOrd + From<u8>>(text: &str, name: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("{name} is a number from 1 on, not {text:?}"))
}

/// `name:key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TopicConfigArgument {
    topic: String,
    property: Property,
}

impl FromStr for TopicConfigArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((topic, property)) if !topic.is_empty() => {
                Ok(Self { topic: topic.to_owned(), property: property.parse()? })
            }
            _ => Err("a topic's setting is name:key=value".to_owned()),
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    // From now on, so that a signal that comes early ends it cleanly too.
    let mut signals = Signals::new()?;
    let cluster = start(&arguments).await?;
    verdict::check(&cluster, &arguments.expect)?;
    // Not before it is known that there will be something to write: a file that is there may still be wanted.
    let mut journal =
        arguments.journal.as_deref().map(|path| JournalFile::create(path, &cluster)).transpose()?;
    let run = arguments.record.as_deref().map(runs::File::create).transpose()?;
    let mut stdout = std::io::stdout().lock();
    let told = writeln!(stdout, "bootstrap.servers={}", cluster.bootstrap_servers());
    // Whoever cannot be told where the brokers are has not seen enough, even if it is they who have gone.
    told.and_then(|()| stdout.flush())
        .map_err(|error| Failure::new(format!("cannot say where the brokers are: {error}")))?;
    let mut watch = Watch::default();
    while signals.race(tokio::time::sleep(PAUSE)).await.is_ok() {
        watch.look(&cluster);
        if let Some(journal) = &mut journal {
            journal.write(&cluster, false)?;
        }
    }
    watch.look(&cluster);
    let written = journal.map_or(Ok(()), |mut journal| journal.write(&cluster, true));
    // All of it is told, whatever fails: the last of it by the exit code.
    let outcomes = [
        verdict::pronounce(&cluster, &arguments.expect),
        written,
        run.map_or(Ok(()), |run| run.write(&cluster)),
    ];
    let mut failures = outcomes.into_iter().filter_map(Result::err).peekable();
    while let Some(failure) = failures.next() {
        if failures.peek().is_none() {
            return Err(failure);
        }
        verdict::warn(failure);
    }
    Ok(ExitCode::SUCCESS)
}

/// How long the journal's file, and what is warned of, is behind at most.
const PAUSE: Duration = Duration::from_millis(100);
/// How much of the journal is kept where something is expected of all requests: some 120 MiB.
const JOURNAL_LIMIT_TO_EXPECT: usize = 1_000_000;

async fn start(arguments: &Arguments) -> Result<MockCluster, Failure> {
    let ListenArgument { host, port } = &arguments.listen;
    let mut listen = Listen::on(host, *port);
    if let Some(host) = &arguments.advertised_host {
        listen = listen.advertised_host(host);
    }
    let record = arguments.record.is_some().then_some(runs::LIMIT);
    let started = match &arguments.load {
        None => {
            let config = config(arguments)?;
            MockCluster::start_on(record.into_iter().fold(config, ClusterConfig::record), listen).await
        }
        Some(path) => {
            let recording = runs::read(path)?;
            MockCluster::start_recorded(&recording, listen, arguments.time, record).await
        }
    };
    let cluster = started.map_err(|error| match error {
        StartError::Bind { .. } => Failure::new(error.to_string()),
        StartError::NoAdvertisedHost(_) => Failure::usage(format!("{error}; give --advertised-host")),
        _ => Failure::usage(error.to_string()),
    })?;
    if let Some(limit) = journal_limit(arguments) {
        cluster.with(|cluster| cluster.journal_mut().set_limit(limit));
    }
    Ok(cluster)
}

fn journal_limit(arguments: &Arguments) -> Option<usize> {
    arguments.journal_limit.or((!arguments.expect.is_empty()).then_some(JOURNAL_LIMIT_TO_EXPECT))
}

/// The rules of files, then those of the command line: two of one name would be taken for one another.
fn faults(arguments: &Arguments) -> Result<Vec<Fault>, Failure> {
    let mut all = Vec::new();
    for file in &arguments.rules {
        all.append(&mut rules::read(file)?);
    }
    all.extend(arguments.fault.iter().cloned());
    let names = || all.iter().filter_map(Fault::name);
    match names().enumerate().find(|(index, name)| names().take(*index).any(|other| other == *name)) {
        Some((_, name)) => Err(Failure::usage(format!("two fault rules are called `{name}`"))),
        None => Ok(all),
    }
}

fn config(arguments: &Arguments) -> Result<ClusterConfig, Failure> {
    let usage = |error: mock_broker::ConfigError| Failure::usage(error.to_string());
    let needed = || arguments.scenario.iter().map(Scenario::brokers).max().unwrap_or(1);
    let brokers = arguments.brokers.map_or_else(needed, usize::from);
    let mut config = ClusterConfig::new(brokers).seed(arguments.seed).time(arguments.time);
    if let Some(limit) = journal_limit(arguments) {
        config = config.journal_limit(limit);
    }
    for RackArgument { broker, rack } in &arguments.rack {
        if usize::try_from(*broker).map_or(true, |id| id < 1 || id > brokers) {
            let reason =
                format!("--rack {broker}={rack}: there is no broker {broker}; they are 1 to {brokers}");
            return Err(Failure::usage(reason));
        }
        config = config.rack(BrokerId(*broker), rack);
    }
    for Property { key, value } in &arguments.config {
        config = config.config(key, value).map_err(usage)?;
    }
    config = faults(arguments)?.into_iter().fold(config, ClusterConfig::fault);
    config = arguments.scenario.iter().cloned().fold(config, ClusterConfig::scenario);
    for topic in &arguments.topic {
        let mut spec = TopicSpec::new(&topic.name);
        if let Some(partitions) = topic.partitions {
            spec = spec.partitions(partitions);
        }
        if let Some(replication_factor) = topic.replication_factor {
            spec = spec.replication_factor(replication_factor);
        }
        for TopicConfigArgument { property, .. } in
            arguments.topic_config.iter().filter(|it| it.topic == topic.name)
        {
            spec = spec.config(&property.key, &property.value).map_err(usage)?;
        }
        config = config.topic_with(spec);
    }
    let is_known = |name: &str| arguments.topic.iter().any(|topic| topic.name == name);
    match arguments.topic_config.iter().find(|it| !is_known(&it.topic)) {
        Some(TopicConfigArgument { topic, property: Property { key, value } }) => {
            let rule = format!("--topic-config {topic}:{key}={value} needs --topic {topic} beside it");
            Err(Failure::usage(rule))
        }
        None => Ok(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_name_with_counts() {
        let topic = |name: &str, partitions, replication_factor| {
            Ok(TopicArgument { name: name.to_owned(), partitions, replication_factor })
        };
        assert_eq!("orders".parse(), topic("orders", None, None));
        assert_eq!("orders:6".parse(), topic("orders", Some(6), None));
        assert_eq!("orders:6:3".parse(), topic("orders", Some(6), Some(3)));
        for (text, rule) in [
            ("orders:0", "partitions is a number from 1 on, not \"0\""),
            ("orders:6:x", "replication-factor is a number from 1 on, not \"x\""),
            ("orders:6:3:1", "a topic is name"),
            (":6", "a topic is name"),
        ] {
            let error = text.parse::<TopicArgument>().unwrap_err();
            assert!(error.starts_with(rule), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let address = |host: &str, port| Ok(ListenArgument { host: host.to_owned(), port });
        assert_eq!("127.0.0.1:9092".parse(), address("127.0.0.1", 9092));
        assert_eq!("localhost:0".parse(), address("localhost", 0));
        assert_eq!("[::1]:9092".parse(), address("::1", 9092));
        for text in ["9092", ":9092", "localhost", "localhost:", "localhost:65536", "[]:1"] {
            assert!(text.parse::<ListenArgument>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_setting_of_a_topic_names_its_topic() {
        let setting: TopicConfigArgument = "audit:retention.ms=1000".parse().unwrap();
        assert_eq!((setting.topic.as_str(), setting.property.key.as_str()), ("audit", "retention.ms"));
        assert!("retention.ms=1000".parse::<TopicConfigArgument>().is_err());
        assert!("audit:retention.ms".parse::<TopicConfigArgument>().is_err());
    }
}
