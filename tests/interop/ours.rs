//! Our own producer and reader, for the same jobs as the real clients.

use std::{future::Future, time::Duration};

use harness::rows::Row;
use milena::reader::{Partitions, Reader, Record, Start};
use producer::{Producer, ProducerConfig};
use tokio::time;

use crate::plan::Leg;

/// A watchdog, as the real clients have it.
const WATCHDOG: Duration = Duration::from_secs(20);

/// Sends the rows with our producer; checks the offsets it reports.
pub(crate) fn write(bootstrap: &str, leg: &Leg, rows: &[Row]) -> Result<(), String> {
    watched(send(bootstrap, leg, rows))
}

/// Reads `count` records with our reader; checks that there are no more.
pub(crate) fn read(bootstrap: &str, topic: &str, count: usize) -> Result<Vec<Row>, String> {
    watched(fetch(bootstrap, topic, count))
}

fn watched<T>(work: impl Future<Output = Result<T, Box<dyn std::error::Error>>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system gives a runtime what it needs").block_on(async {
        match time::timeout(WATCHDOG, work).await {
            Ok(result) => result.map_err(|e| format!("milena: {e}")),
            Err(_) => Err(format!("milena: not done after {WATCHDOG:?}")),
        }
    })
}

async fn send(bootstrap: &str, leg: &Leg, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let idempotence = if leg.acks == "all" { "true" } else { "false" };
    let config = ProducerConfig::from_properties([
        ("bootstrap.servers", bootstrap),
        ("acks", leg.acks),
        ("compression.type", leg.compression),
        ("enable.idempotence", idempotence),
        ("linger.ms", "5"),
    ])?;
    let producer = Producer::connect(config).await?;
    let mut deliveries = Vec::new();
    for row in rows {
        let mut record = producer::Record::to(&leg.topic)
            .partition(row.partition)
            .timestamp(row.timestamp)
            .key(row.key.as_deref())
            .value(row.value.as_deref());
        for (name, value) in &row.headers {
            record = record.header(name, value.as_deref());
        }
        deliveries.push(producer.send(record).await?);
    }
    for (row, delivery) in rows.iter().zip(deliveries) {
        let stored = delivery.await?;
        let expected = if leg.acks == "0" { -1 } else { row.offset };
        if (stored.partition, stored.offset) != (row.partition, expected) {
            let (partition, offset) = (stored.partition, stored.offset);
            let sent = format!("partition {} offset {expected}", row.partition);
            return Err(format!(
                "a record for {sent} is said to be at partition {partition} offset {offset}"
            )
            .into());
        }
    }
    producer.close(WATCHDOG).await?;
    Ok(())
}

async fn fetch(bootstrap: &str, topic: &str, count: usize) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let mut reader = Reader::connect(bootstrap).await?;
    reader.assign(topic, Partitions::All, Start::Earliest).await?;
    let mut rows = Vec::with_capacity(count);
    while rows.len() < count {
        rows.push(row(&reader.next().await?));
    }
    let more = reader.read_to_end().await?;
    if !more.is_empty() {
        return Err(format!("{} records more than were sent", more.len()).into());
    }
    Ok(rows)
}

fn row(record: &Record) -> Row {
    let headers =
        record.headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
    Row {
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.as_deref().map(<[u8]>::to_vec),
        value: record.value.as_deref().map(<[u8]>::to_vec),
        headers: headers.collect(),
    }
}
