//! `milena consume`: prints the records of assigned partitions.

mod deserializer;
mod formatter;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use milena::reader::{Partitions, Reader, ReaderOptions, Record, Reset, Start};
use protocol::names::IsolationLevel;
use tokio::task::JoinHandle;

use self::deserializer::Deserializer;
use self::formatter::Formatter;
use crate::failure::Failure;
use crate::properties::{self, Property};
use crate::settings;
use crate::signals::Signals;

/// Text is written out when so much of it is there, and whenever no more records are there, in bytes.
const OUTPUT_BYTES: usize = 64 * 1024;

/// How long whoever reads our output may take for the last of it when a signal ends us.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// Prints records to standard output.
///
/// There are no groups: every partition of the topic is read, or the one that is given. Connections are plaintext.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Brokers of the cluster, to begin with.
    #[arg(long, value_name = "HOST:PORT,HOST:PORT")]
    bootstrap_server: String,
    /// The topic to read.
    #[arg(long)]
    topic: String,
    /// Reads this partition only; else all of them.
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// Where to begin: a number, earliest or latest; needs --partition [default: latest].
    #[arg(long, requires = "partition", conflicts_with = "from_beginning", allow_hyphen_values = true)]
    offset: Option<Offset>,
    /// Begins with the first record there is, not with what is still to come.
    #[arg(long)]
    from_beginning: bool,
    /// Whether records of transactions that are not committed are printed too [default: read_uncommitted].
    #[arg(long, value_enum)]
    isolation_level: Option<Isolation>,
    /// A setting of the consumer, by Kafka's key for it; more than one can be given.
    ///
    /// auto.offset.reset, fetch.max.bytes, fetch.max.wait.ms, fetch.min.bytes, isolation.level,
    /// max.partition.fetch.bytes, request.timeout.ms, security.protocol (PLAINTEXT).
    #[arg(long, alias = "consumer-property", value_name = "KEY=VALUE")]
    command_property: Vec<Property>,
    /// A file of consumer settings.
    #[arg(long, alias = "consumer.config", value_name = "FILE")]
    command_config: Option<PathBuf>,
    /// What is printed of a record, such as print.key=true; more than one can be given.
    ///
    /// print.timestamp, print.partition, print.offset, print.epoch, print.headers, print.key, print.value (true or
    /// false), key.separator (a tab), line.separator, headers.separator (a comma), null.literal, key.deserializer,
    /// value.deserializer, headers.deserializer.
    #[arg(long, alias = "property", value_name = "KEY=VALUE")]
    formatter_property: Vec<Property>,
    /// A file of formatter properties.
    #[arg(long, value_name = "FILE")]
    formatter_config: Option<PathBuf>,
    /// What keys are: string, integer, long, double, bytes or uuid; their bytes are printed if it is not given.
    #[arg(long, value_name = "TYPE")]
    key_deserializer: Option<Deserializer>,
    /// What values are; the same names.
    #[arg(long, value_name = "TYPE")]
    value_deserializer: Option<Deserializer>,
    /// Ends after so many records; -1 is never.
    #[arg(long, value_name = "COUNT", default_value_t = -1, allow_negative_numbers = true)]
    max_messages: i32,
    /// Ends when no record came for so long; -1 is never.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = -1, allow_negative_numbers = true)]
    timeout_ms: i64,
    /// Passes over a record that its deserializer cannot take, instead of ending.
    #[arg(long)]
    skip_message_on_error: bool,
}

/// Where `--offset` begins.
#[derive(Clone, Copy, Debug)]
struct Offset(Start);

impl FromStr for Offset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<i64>()) {
            ("earliest", _) => Ok(Self(Start::Earliest)),
            ("latest", _) => Ok(Self(Start::Latest)),
            (_, Ok(offset)) if offset >= 0 => Ok(Self(Start::Offset(offset))),
            _ => Err("an offset is earliest, latest, or a number from 0 on".to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Isolation {
    ReadUncommitted,
    ReadCommitted,
}

/// Prints records and counts them.
struct Printer {
    formatter: Formatter,
    output: Vec<u8>,
    /// What is being written, on a thread that may wait as long as nobody reads.
    writing: Option<JoinHandle<io::Result<()>>>,
    count: u64,
    max_messages: u64,
    skip_message_on_error: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut printer = Printer {
        formatter: formatter(&arguments)?,
        output: Vec::new(),
        writing: None,
        count: 0,
        // As for Kafka's tool, any number below 0 is none.
        max_messages: u64::try_from(arguments.max_messages).unwrap_or(u64::MAX),
        skip_message_on_error: arguments.skip_message_on_error,
    };
    let mut signals = Signals::new()?;
    let outcome = match signals.race(print_all(&arguments, &mut printer)).await {
        Ok(outcome) => outcome,
        Err(signal) => tokio::time::timeout(LAST_WRITE, printer.flush()).await.unwrap_or_else(|_| {
            Err(Failure::new(format!("{signal} while nobody read standard output: the last of it is lost")))
        }),
    };
    // Also after an error: what was printed until then was printed.
    let _ = writeln!(io::stderr(), "Processed a total of {} messages", printer.count);
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn print_all(arguments: &Arguments, printer: &mut Printer) -> Result<(), Failure> {
    let outcome = print_records(arguments, printer).await;
    printer.flush().await.and(outcome)
}

async fn print_records(arguments: &Arguments, printer: &mut Printer) -> Result<(), Failure> {
    let mut reader = reader(arguments).await?;
    let timeout = u64::try_from(arguments.timeout_ms).map_or(Duration::MAX, Duration::from_millis);
    while printer.wants_more() {
        let Ok(record) = tokio::time::timeout(timeout, reader.next()).await else {
            tracing::warn!("no record within {} ms", timeout.as_millis());
            break;
        };
        printer.print(&record?).await?;
        while printer.wants_more()
            && let Some(record) = reader.next_fetched()?
        {
            printer.print(&record).await?;
        }
        printer.flush().await?;
    }
    Ok(())
}

async fn reader(arguments: &Arguments) -> Result<Reader, Failure> {
    let mut options = ReaderOptions::default();
    options.reset = Some(if arguments.from_beginning { Reset::Earliest } else { Reset::Latest });
    let (file, given) = (arguments.command_config.as_deref(), &arguments.command_property);
    settings::set(&mut options, settings::CONSUMER_KEYS, file, given)?;
    match arguments.isolation_level {
        Some(Isolation::ReadUncommitted) => options.isolation_level = IsolationLevel::READ_UNCOMMITTED,
        Some(Isolation::ReadCommitted) => options.isolation_level = IsolationLevel::READ_COMMITTED,
        None => {}
    }
    let begin = match arguments.offset {
        Some(Offset(start)) => Some(start),
        None if arguments.from_beginning => Some(Start::Earliest),
        None => options.reset.map(Start::from),
    };
    let rule = "auto.offset.reset=none leaves open where to begin: give --from-beginning or --offset";
    let start = begin.ok_or_else(|| Failure::usage(rule))?;
    let mut reader = Reader::connect_with(&arguments.bootstrap_server, options).await?;
    let partitions =
        arguments.partition.map_or(Partitions::All, |partition| Partitions::Only(vec![partition]));
    reader.assign(&arguments.topic, partitions, start).await?;
    Ok(reader)
}

fn formatter(arguments: &Arguments) -> Result<Formatter, Failure> {
    let mut formatter = Formatter::default();
    for property in properties::gather(arguments.formatter_config.as_deref(), &arguments.formatter_property)?
    {
        formatter.set(&property).map_err(Failure::usage)?;
    }
    formatter.set_deserializers(arguments.key_deserializer, arguments.value_deserializer);
    Ok(formatter)
}

impl Printer {
    fn wants_more(&self) -> bool {
        self.count < self.max_messages
    }

    async fn print(&mut self, record: &Record) -> Result<(), Failure> {
        self.count += 1;
        if let Err(rule) = self.formatter.write(record, &mut self.output) {
            let place = format!("partition {}-{} offset {}", record.topic, record.partition, record.offset);
            if !self.skip_message_on_error {
                return Err(Failure::new(format!(
                    "{place}: {rule}; --skip-message-on-error passes over such records"
                )));
            }
            tracing::warn!("{place} is passed over: {rule}");
        }
        if self.output.len() >= OUTPUT_BYTES { self.start_writing().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        self.start_writing().await?;
        self.finish_writing().await
    }

    /// Hands over what there is, as soon as what went before is written.
    async fn start_writing(&mut self) -> Result<(), Failure> {
        self.finish_writing().await?;
        if !self.output.is_empty() {
            let output = std::mem::take(&mut self.output);
            self.writing = Some(tokio::task::spawn_blocking(move || {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&output)?;
                stdout.flush()
            }));
        }
        Ok(())
    }

    async fn finish_writing(&mut self) -> Result<(), Failure> {
        if let Some(writing) = &mut self.writing {
            let written = writing.await;
            self.writing = None;
            written.map_err(io::Error::from)??;
        }
        Ok(())
    }
}
