//! The clients of a run: the same two jobs for each of them, write these records and read them back.

use std::{path::PathBuf, time::Duration};

use harness::{
    java::Java,
    python::Python,
    rows::{self, Row},
    server::JobServer,
    tools::{self, Missing},
};
use serde_json::{Value, json};

use crate::{
    ours,
    plan::{Leg, PARTITIONS, Party},
};

/// All clients, the real ones as programs that wait for jobs. One that cannot be had is a [`Missing`].
pub(crate) struct Parties {
    librdkafka: Result<JobServer, Missing>,
    java: Result<JobServer, Missing>,
    files: PathBuf,
}

/// A watchdog: the programs give up by themselves after twenty seconds.
const WATCHDOG: Duration = Duration::from_secs(60);

impl Parties {
    /// Starts the real clients.
    pub(crate) fn start(java: &Result<Java, Missing>) -> Self {
        let librdkafka = Python::with_librdkafka().and_then(|python| {
            let command = python.command("librdkafka.py", include_str!("clients/librdkafka.py"));
            JobServer::start("librdkafka", command).map_err(|e| Missing::new("python3", e))
        });
        let java = java.clone().and_then(|java| {
            let classes = java.compile("Client", include_str!("clients/Client.java"))?;
            JobServer::start("java", java.command(&classes, "Client")).map_err(|e| Missing::new("java", e))
        });
        let files = tools::cache_dir(&format!("files-{}", std::process::id()));
        Self { librdkafka, java, files }
    }

    /// Why this party cannot take part, if so.
    pub(crate) fn missing(&self, party: Party) -> Option<&Missing> {
        match party {
            Party::Milena => None,
            Party::Librdkafka => self.librdkafka.as_ref().err(),
            Party::Java => self.java.as_ref().err(),
        }
    }

    /// Lets the leg's writer send the rows, and checks that it says it sent them all.
    pub(crate) fn write(&mut self, leg: &Leg, bootstrap: &str, rows: &[Row]) -> Result<(), String> {
        if leg.writer == Party::Milena {
            return ours::write(bootstrap, leg, rows);
        }
        let file = self.files.join("sent.jsonl");
        rows::save(&file, rows);
        let job = json!({
            "job": "produce",
            "bootstrap": bootstrap,
            "topic": leg.topic(),
            "acks": leg.acks,
            "compression": leg.compression,
            "file": file,
        });
        let answer = self.ask(leg.writer, &job)?;
        if answer != json!(rows.len()) {
            return Err(format!("{} of {} records were delivered", answer, rows.len()));
        }
        Ok(())
    }

    /// Lets a party read `count` records of the topic from its beginning, and checks that it holds no more.
    pub(crate) fn read(
        &mut self,
        reader: Party,
        bootstrap: &str,
        topic: &str,
        count: usize,
    ) -> Result<Vec<Row>, String> {
        if reader == Party::Milena {
            return ours::read(bootstrap, topic, count);
        }
        let file = self.files.join("read.jsonl");
        let job = json!({
            "job": "consume",
            "bootstrap": bootstrap,
            "topic": topic,
            "partitions": PARTITIONS,
            "count": count,
            "file": file,
        });
        let ends = self.ask(reader, &job)?;
        let stored: i64 = ends.as_array().into_iter().flatten().filter_map(Value::as_i64).sum();
        if stored != count as i64 {
            return Err(format!("the partitions end at {ends}, which is not {count} records in all"));
        }
        rows::load(&file)
    }

    /// Creates topics on a real broker, through Kafka's own admin client.
    pub(crate) fn create_topics(&mut self, bootstrap: &str, topics: &[String]) -> Result<(), String> {
        let job =
            json!({ "job": "create", "bootstrap": bootstrap, "topics": topics, "partitions": PARTITIONS });
        self.ask(Party::Java, &job).map(drop)
    }

    fn ask(&mut self, party: Party, job: &Value) -> Result<Value, String> {
        let server = if party == Party::Java { &mut self.java } else { &mut self.librdkafka };
        server.as_mut().map_err(|missing| missing.to_string())?.ask(job, WATCHDOG)
    }
}

impl Drop for Parties {
    fn drop(&mut self) {
        tools::remove_dir(&self.files);
    }
}
