//! The clients of a run: the same two jobs for each of them, write these records and read them back.

use std::{path::PathBuf, sync::Mutex, time::Duration};

use harness::{
    cases::Trouble,
    java::Java,
    python::Python,
    rows::{self, Row},
    server::JobServer,
    tools::{self, Missing},
};
use serde_json::{Value, json};

use crate::{
    ours,
    plan::{Leg, Party},
};

/// All clients, the real ones as programs that wait for jobs. One that cannot be had is a [`Missing`].
///
/// Several threads may give jobs; each program does one at a time.
pub(crate) struct Parties {
    librdkafka: Program,
    java: Program,
    files: PathBuf,
}

type Program = Result<Mutex<JobServer>, Trouble>;

/// A watchdog: the programs give up by themselves after twenty seconds.
const WATCHDOG: Duration = Duration::from_secs(60);

impl Parties {
    /// Starts the real clients.
    pub(crate) fn start(java: &Result<Java, Missing>) -> Self {
        let files = tools::cache_dir(&format!("files-{}", std::process::id()));
        Self { librdkafka: librdkafka(), java: java_client(java), files }
    }

    /// Lets the leg's writer send the rows, and checks that it says it sent them all.
    pub(crate) fn write(&self, leg: &Leg, bootstrap: &str, rows: &[Row]) -> Result<(), Trouble> {
        if leg.writer == Party::Milena {
            return Ok(ours::write(bootstrap, leg, rows)?);
        }
        let file = self.files.join(format!("{}.{}.sent.jsonl", leg.place, leg.topic));
        rows::save(&file, rows);
        let job = json!({
            "job": "produce",
            "bootstrap": bootstrap,
            "topic": leg.topic,
            "acks": leg.acks,
            "compression": leg.compression,
            "file": file,
        });
        let answer = self.ask(leg.writer, &job)?;
        if answer != json!(rows.len()) {
            return Err(format!("{answer} of {} records were delivered", rows.len()).into());
        }
        Ok(())
    }

    /// Lets a party read `count` records of the topic from its beginning, and checks that it holds no more.
    pub(crate) fn read(
        &self,
        reader: Party,
        bootstrap: &str,
        topic: &str,
        partitions: i32,
        count: usize,
    ) -> Result<Vec<Row>, Trouble> {
        if reader == Party::Milena {
            return Ok(ours::read(bootstrap, topic, count)?);
        }
        let file = self.files.join(format!("{bootstrap}.{topic}.{reader}.jsonl"));
        let job = json!({
            "job": "consume",
            "bootstrap": bootstrap,
            "topic": topic,
            "partitions": partitions,
            "count": count,
            "file": file,
        });
        let ends = self.ask(reader, &job)?;
        let stored: i64 = ends.as_array().into_iter().flatten().filter_map(Value::as_i64).sum();
        if stored != count as i64 {
            return Err(format!("the partitions end at {ends}, which is not {count} records in all").into());
        }
        Ok(rows::load(&file)?)
    }

    /// Lets two members of a group read the topic's `count` records, and a third one what comes after; returns what they
    /// read, and what the client says of each step.
    pub(crate) fn group(
        &self,
        party: Party,
        bootstrap: &str,
        topic: &str,
        partitions: i32,
        count: usize,
    ) -> Result<(Vec<Row>, Value), Trouble> {
        let file = self.files.join(format!("{bootstrap}.{topic}.{party}.group.jsonl"));
        let job = json!({
            "job": "group",
            "bootstrap": bootstrap,
            "topic": topic,
            "partitions": partitions,
            "group": format!("{topic}.group"),
            "count": count,
            "file": file,
        });
        let steps = self.ask(party, &job)?;
        Ok((rows::load(&file)?, steps))
    }

    /// Lets a client commit and abort transactions in a topic; returns what readers see of them.
    pub(crate) fn transact(
        &self,
        party: Party,
        bootstrap: &str,
        topic: &str,
        partitions: i32,
    ) -> Result<Value, Trouble> {
        let job = json!({
            "job": "transact",
            "bootstrap": bootstrap,
            "topic": topic,
            "partitions": partitions,
            "group": format!("{topic}.group"),
        });
        self.ask(party, &job)
    }

    /// Creates topics on a real broker, through Kafka's own admin client.
    pub(crate) fn create_topics(
        &self,
        bootstrap: &str,
        topics: &[String],
        partitions: i32,
    ) -> Result<(), Trouble> {
        let job =
            json!({ "job": "create", "bootstrap": bootstrap, "topics": topics, "partitions": partitions });
        self.ask(Party::Java, &job).map(drop)
    }

    fn ask(&self, party: Party, job: &Value) -> Result<Value, Trouble> {
        let server = if party == Party::Java { &self.java } else { &self.librdkafka };
        let mut server = server.as_ref().map_err(Trouble::clone)?.lock().expect("no job panics");
        Ok(server.ask(job, WATCHDOG)?)
    }
}

fn librdkafka() -> Program {
    let python = Python::with_librdkafka()?;
    let command = python.command("librdkafka.py", include_str!("clients/librdkafka.py"));
    Ok(Mutex::new(JobServer::start("librdkafka", command)?))
}

fn java_client(java: &Result<Java, Missing>) -> Program {
    let java = java.as_ref().map_err(Missing::clone)?;
    let classes = java.compile("Client", include_str!("clients/Client.java"))?;
    Ok(Mutex::new(JobServer::start("java", java.command(&classes, "Client"))?))
}

impl Drop for Parties {
    fn drop(&mut self) {
        tools::remove_dir(&self.files);
    }
}
