//! Who sends: a bare connection, our producer, librdkafka.

use std::{
    fmt,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use harness::{cases::Trouble, python::Python, server::JobServer, wire::Wire};
use producer::{Producer, ProducerConfig, Record, SendError};
use serde_json::json;

/// A sender.
#[derive(Clone, Copy)]
pub(crate) enum Party<'a> {
    Wire,
    Milena,
    Librdkafka(&'a Librdkafka),
}

/// librdkafka, started when it is first needed.
#[derive(Default)]
pub(crate) struct Librdkafka(OnceLock<Result<Mutex<JobServer>, Trouble>>);

/// A watchdog.
const WATCHDOG: Duration = Duration::from_secs(60);

impl Party<'_> {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Milena => "milena",
            Self::Librdkafka(_) => "librdkafka",
        }
    }

    /// Sends a record, once and never again; what came of it, or `None` where there is no answer.
    pub(crate) fn send(
        &self,
        address: &str,
        topic: &str,
        acks: i16,
        value: &str,
    ) -> Result<Option<Answer>, Trouble> {
        let answer = match self {
            Self::Wire => wire(address, topic, acks, value)?,
            Self::Milena => milena(address, topic, acks, value)?,
            Self::Librdkafka(librdkafka) => librdkafka.send(address, topic, acks, value)?,
        };
        Ok((acks != 0).then_some(answer))
    }
}

/// What came of a record: the error code, 0 if it is stored, and the offset, −1 if there is none.
pub(crate) type Answer = (i16, i64);

impl fmt::Debug for Party<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn spelt(acks: i16) -> String {
    if acks == -1 { "all".to_owned() } else { acks.to_string() }
}

fn wire(address: &str, topic: &str, acks: i16, value: &str) -> Result<Answer, String> {
    let mut wire = Wire::connect(address)?;
    wire.send(topic, acks, 30_000, value)?;
    if acks == 0 {
        return Ok((0, -1));
    }
    wire.sent().map(|sent| (sent.error_code.0, sent.base_offset))
}

fn milena(address: &str, topic: &str, acks: i16, value: &str) -> Result<Answer, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let acks = spelt(acks);
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let config = ProducerConfig::from_properties([
            ("bootstrap.servers", address),
            ("acks", &acks),
            ("enable.idempotence", "false"),
            ("retries", "0"),
        ]);
        let config = config.map_err(|e| e.to_string())?;
        let producer = Producer::connect(config).await.map_err(|e| e.to_string())?;
        let delivery = producer.send(Record::to(topic).partition(0).value(value.as_bytes())).await;
        let answer = match delivery.map_err(|e| e.to_string())?.await {
            Ok(stored) => (0, stored.offset),
            Err(failed) => match failed.error() {
                SendError::Rejected { code, .. } => (code.0, -1),
                error => return Err(error.to_string()),
            },
        };
        producer.close(WATCHDOG).await.map_err(|e| e.to_string())?;
        Ok(answer)
    })
}

impl Librdkafka {
    fn send(&self, address: &str, topic: &str, acks: i16, value: &str) -> Result<Answer, Trouble> {
        let server = self.0.get_or_init(|| {
            let python = Python::with_librdkafka()?;
            let command = python.command("once.py", include_str!("once.py"));
            Ok(Mutex::new(JobServer::start("librdkafka", command)?))
        });
        let mut server = server.as_ref().map_err(Trouble::clone)?.lock().expect("no job panics");
        let job = json!({ "bootstrap": address, "topic": topic, "acks": spelt(acks), "value": value });
        let answer = server.ask(&job, WATCHDOG)?;
        let code = answer[0].as_i64().and_then(|code| i16::try_from(code).ok());
        let answer = code.zip(answer[1].as_i64());
        Ok(answer.ok_or_else(|| "librdkafka gave no error code and offset".to_owned())?)
    }
}
