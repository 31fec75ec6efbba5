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

    /// Sends a record, once and never again; gives the error code of the answer, 0 if it is stored, and `None` where there
    /// is no answer.
    pub(crate) fn send(
        &self,
        address: &str,
        topic: &str,
        acks: i16,
        value: &str,
    ) -> Result<Option<i16>, Trouble> {
        let code = match self {
            Self::Wire => {
                let mut wire = Wire::connect(address)?;
                wire.send(topic, acks, 30_000, value)?;
                if acks == 0 { 0 } else { wire.sent()?.error_code.0 }
            }
            Self::Milena => milena(address, topic, acks, value)?,
            Self::Librdkafka(librdkafka) => librdkafka.send(address, topic, acks, value)?,
        };
        Ok((acks != 0).then_some(code))
    }
}

impl fmt::Debug for Party<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn spelt(acks: i16) -> String {
    if acks == -1 { "all".to_owned() } else { acks.to_string() }
}

fn milena(address: &str, topic: &str, acks: i16, value: &str) -> Result<i16, String> {
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
        let code = match delivery.map_err(|e| e.to_string())?.await {
            Ok(_) => 0,
            Err(SendError::Rejected { code, .. }) => code.0,
            Err(error) => return Err(error.to_string()),
        };
        producer.close(WATCHDOG).await.map_err(|e| e.to_string())?;
        Ok(code)
    })
}

impl Librdkafka {
    fn send(&self, address: &str, topic: &str, acks: i16, value: &str) -> Result<i16, Trouble> {
        let server = self.0.get_or_init(|| {
            let python = Python::with_librdkafka()?;
            let command = python.command("once.py", include_str!("once.py"));
            Ok(Mutex::new(JobServer::start("librdkafka", command)?))
        });
        let mut server = server.as_ref().map_err(Trouble::clone)?.lock().expect("no job panics");
        let job = json!({ "bootstrap": address, "topic": topic, "acks": spelt(acks), "value": value });
        let code = server.ask(&job, WATCHDOG)?;
        let code = code.as_i64().and_then(|code| i16::try_from(code).ok());
        Ok(code.ok_or_else(|| "librdkafka gave no error code".to_owned())?)
    }
}
