//! `milena produce`: sends the lines of standard input as records.

mod input;
mod lines;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use producer::{Failed, Producer, ProducerConfig, Record};

use self::lines::LineReader;
use crate::failure::Failure;
use crate::properties::{self, Property};
use crate::signals::Signals;

/// How many different reasons are told when records fail.
const REASONS_TOLD: usize = 3;

/// How long records in flight may take when a signal ends it; a second signal does not wait for them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Brokers of the cluster, to begin with.
    #[arg(long, value_name = "HOST:PORT,HOST:PORT")]
    bootstrap_server: String,
    /// The topic to send to.
    #[arg(long)]
    topic: String,
    /// How lines are read, such as parse.key=true; more than one can be given.
    ///
    /// parse.key, parse.headers, ignore.error (true or false), key.separator and headers.delimiter (a tab each),
    /// headers.separator (a comma), headers.key.separator (a colon), null.marker (none: what equals it is null).
    #[arg(long, alias = "property", value_name = "KEY=VALUE")]
    reader_property: Vec<Property>,
    /// A file of reader properties.
    #[arg(long, value_name = "FILE")]
    reader_config: Option<PathBuf>,
    /// A setting of the producer, by Kafka's key for it; more than one can be given.
    #[arg(long, aliases = ["producer-property", "producer-props"], value_name = "KEY=VALUE", num_args = 1..)]
    command_property: Vec<Property>,
    /// A file of producer settings.
    #[arg(long, alias = "producer.config", value_name = "FILE")]
    command_config: Option<PathBuf>,
    /// How batches are compressed: none, gzip, snappy, lz4 or zstd; gzip if no name follows.
    #[arg(long, value_name = "CODEC", num_args = 0..=1, default_missing_value = "gzip")]
    compression_codec: Option<String>,
    /// Who must have a record before it counts as sent: 0 nobody, 1 the leader, all or -1 all in-sync replicas.
    #[arg(long, value_name = "ACKS", allow_hyphen_values = true)]
    request_required_acks: Option<String>,
    /// Waits for each record before it sends the next.
    #[arg(long)]
    sync: bool,
    /// How long a record may wait for others to share its batch: linger.ms.
    #[arg(long, value_name = "MILLISECONDS")]
    timeout: Option<String>,
    /// The size of a batch: batch.size.
    #[arg(long, alias = "max-partition-memory-bytes", value_name = "BYTES")]
    batch_size: Option<String>,
    /// How often a record is sent again: retries.
    #[arg(long, value_name = "COUNT")]
    message_send_max_retries: Option<String>,
    /// How long to wait before that: retry.backoff.ms.
    #[arg(long, value_name = "MILLISECONDS")]
    retry_backoff_ms: Option<String>,
    /// How long an answer may take: request.timeout.ms.
    #[arg(long, value_name = "MILLISECONDS")]
    request_timeout_ms: Option<String>,
    /// How long a record may wait for room and metadata: max.block.ms.
    #[arg(long, value_name = "MILLISECONDS")]
    max_block_ms: Option<String>,
    /// How much memory records may take that are not sent yet: buffer.memory.
    #[arg(long, value_name = "BYTES")]
    max_memory_bytes: Option<String>,
    /// How old metadata may get: metadata.max.age.ms.
    #[arg(long, value_name = "MILLISECONDS")]
    metadata_expiry_ms: Option<String>,
}

/// What became of the records.
#[derive(Debug, Default)]
struct Tally {
    sent: u64,
    failed: u64,
    /// How often each reason was given; the first few reasons only.
    reasons: BTreeMap<String, u64>,
}

/// Sends lines, and sees to it that what becomes of each record is counted.
struct Sender {
    producer: Producer,
    reader: LineReader,
    topic: String,
    sync: bool,
    /// The line that is being sent.
    sending: Option<u64>,
    tally: Arc<Mutex<Tally>>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let reader_properties =
        properties::gather(arguments.reader_config.as_deref(), &arguments.reader_property)?;
    let config = config(&arguments)?;
    let mut signals = Signals::new()?;
    let mut sender = Sender {
        reader: LineReader::from_properties(&reader_properties).map_err(Failure::usage)?,
        producer: Producer::connect(config).await.map_err(|error| Failure::usage(error.to_string()))?,
        topic: arguments.topic.clone(),
        sync: arguments.sync,
        sending: None,
        tally: Arc::default(),
    };
    let input = match signals.race(sender.send_input()).await {
        Ok(input) => input,
        Err(signal) => {
            tracing::warn!("{signal}: waiting up to {} s for records in flight", CLOSE_TIMEOUT.as_secs());
            match sender.sending {
                Some(line) => Err(Failure::new(format!("{signal} while line {line} was sent; no more was"))),
                None => Ok(()),
            }
        }
    };
    // The records that this cannot wait for count as failed.
    let closing = signals.race(sender.producer.close(CLOSE_TIMEOUT)).await;
    let _ = closing.map_err(Failure::ended)?;
    let records = sender.tally.lock().unwrap_or_else(PoisonError::into_inner).verdict(&arguments);
    match (input, records) {
        (Err(input), Err(records)) => Err(Failure::new(format!("{input}; {records}"))),
        (input, records) => input.and(records).map(|()| ExitCode::SUCCESS),
    }
}

impl Sender {
    /// Sends the lines of standard input, and waits for the outcome of each.
    async fn send_input(&mut self) -> Result<(), Failure> {
        let input = self.send_lines().await;
        // It fails only where the producer is closed.
        let _ = self.producer.flush().await;
        input
    }

    /// Sends lines until there are no more, or one cannot be read.
    async fn send_lines(&mut self) -> Result<(), Failure> {
        let mut pieces = input::lines_of_stdin();
        let mut line_number = 0;
        while let Some(piece) = pieces.recv().await {
            let piece = piece.map_err(|error| Failure::new(format!("standard input: {error}")))?;
            for line in input::lines(&piece) {
                line_number += 1;
                self.sending = Some(line_number);
                tracing::trace!("line {line_number}");
                let sent = self.send(line).await;
                self.sending = None;
                sent.map_err(|rule| Failure::new(format!("line {line_number}: {rule}")))?;
            }
        }
        Ok(())
    }

    /// Sends a line, if it can be read.
    async fn send(&self, line: &[u8]) -> Result<(), String> {
        let line = self.reader.read(line)?;
        let mut record = Record::to(&self.topic).key(line.key).value(line.value);
        for (name, value) in line.headers {
            record = record.header(name, value);
        }
        let later = Arc::clone(&self.tally);
        match self.producer.send_with(record, move |outcome| count(&later, outcome.map(drop))).await {
            Ok(()) if self.sync => drop(self.producer.flush().await),
            Ok(()) => {}
            // If the record was not even taken, nobody is called back.
            Err(error) => count(&self.tally, Err(error)),
        }
        Ok(())
    }
}

fn count(tally: &Mutex<Tally>, outcome: Result<(), Failed>) {
    tally.lock().unwrap_or_else(PoisonError::into_inner).count(outcome);
}

fn config(arguments: &Arguments) -> Result<ProducerConfig, Failure> {
    let options = [
        ("acks", &arguments.request_required_acks),
        ("compression.type", &arguments.compression_codec),
        ("linger.ms", &arguments.timeout),
        ("batch.size", &arguments.batch_size),
        ("retries", &arguments.message_send_max_retries),
        ("retry.backoff.ms", &arguments.retry_backoff_ms),
        ("request.timeout.ms", &arguments.request_timeout_ms),
        ("max.block.ms", &arguments.max_block_ms),
        ("buffer.memory", &arguments.max_memory_bytes),
        ("metadata.max.age.ms", &arguments.metadata_expiry_ms),
    ];
    let given = properties::gather(arguments.command_config.as_deref(), &arguments.command_property)?;
    let mut all = vec![("client.id", "milena-produce")];
    all.extend(given.iter().map(|property| (property.key.as_str(), property.value.as_str())));
    all.extend(options.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))));
    all.push(("bootstrap.servers", &arguments.bootstrap_server));
    ProducerConfig::from_properties(all).map_err(|error| Failure::usage(error.to_string()))
}

impl Tally {
    fn count(&mut self, outcome: Result<(), Failed>) {
        self.sent += 1;
        if let Err(error) = outcome {
            self.failed += 1;
            let reason = error.to_string();
            if self.reasons.len() < REASONS_TOLD || self.reasons.contains_key(&reason) {
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }

    fn verdict(&self, arguments: &Arguments) -> Result<(), Failure> {
        if self.failed == 0 {
            return Ok(());
        }
        let reasons: Vec<String> =
            self.reasons.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
        let (failed, sent, topic, servers) =
            (self.failed, self.sent, &arguments.topic, &arguments.bootstrap_server);
        let told = reasons.join("; ");
        Err(Failure::new(format!(
            "{failed} of {sent} records were not delivered to {topic} at {servers}: {told}"
        )))
    }
}
