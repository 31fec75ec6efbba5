//! Our producer as a contestant, driven by `milena-bench producer`.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use milena_bench::producer::load::{Load, Mark, TOPIC};
use milena_producer::{Producer, ProducerConfig, Record};

/// How many receipts are held before the oldest are awaited.
const HELD: usize = 200_000;

fn main() -> Result<(), Box<dyn Error>> {
    let load = Load::from_arguments(std::env::args().skip(1))?;
    let values = load.values()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let line = runtime.block_on(async {
        let mut config = ProducerConfig::new([load.boot.as_str()])
            .linger(Duration::from_millis(load.linger))
            .batch_size(load.batch)
            .buffer_memory(64 << 20)
            .max_request_size(2 << 20);
        config.set("compression.type", &load.comp)?.set("acks", &load.acks)?;
        let producer = Producer::connect(config).await?;
        let line = match load.mode.as_str() {
            "lat" => latency(&producer, &load, &values).await?,
            _ => throughput(&producer, &load, &values).await?,
        };
        producer.close(Duration::from_secs(10)).await?;
        Ok::<_, Box<dyn Error>>(line)
    })?;
    println!("{line}");
    Ok(())
}

async fn throughput(producer: &Producer, load: &Load, values: &[Vec<u8>]) -> Result<String, Box<dyn Error>> {
    send(producer, load, values, load.warm).await?;
    let mark = Mark::now();
    let (ok, err) = send(producer, load, values, load.n).await?;
    Ok(mark.report(load, ok, err))
}

/// How many were stored, and how many were not; of those that nobody asks about, all that were sent are said to be.
async fn send(
    producer: &Producer,
    load: &Load,
    values: &[Vec<u8>],
    count: u64,
) -> Result<(u64, u64), Box<dyn Error>> {
    let records = values.iter().cycle().take(count as usize).map(|value| Record::to(TOPIC).value(value));
    let (mut ok, mut err) = (0, 0);
    match load.kind.as_str() {
        "callback" => {
            let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
            for record in records {
                let counts = Arc::clone(&counts);
                let heard = move |outcome: Result<_, _>| {
                    counts[usize::from(outcome.is_err())].fetch_add(1, Ordering::Relaxed);
                };
                producer.send_with(record, heard).await?;
            }
            producer.flush().await?;
            (ok, err) = (counts[0].load(Ordering::Relaxed), counts[1].load(Ordering::Relaxed));
        }
        "future" => {
            let mut held = VecDeque::with_capacity(HELD);
            let mut count = |outcome: Result<_, _>| if outcome.is_ok() { ok += 1 } else { err += 1 };
            for record in records {
                held.push_back(producer.send(record).await?);
                if held.len() >= HELD {
                    for delivery in held.drain(..1000) {
                        count(delivery.await);
                    }
                }
            }
            for delivery in held {
                count(delivery.await);
            }
        }
        _ => {
            for record in records {
                drop(producer.send(record).await?);
            }
            producer.flush().await?;
            ok = count;
        }
    }
    Ok((ok, err))
}

/// Sends so many records in a second, and takes the time from each to its acknowledgement.
async fn latency(producer: &Producer, load: &Load, values: &[Vec<u8>]) -> Result<String, Box<dyn Error>> {
    let times = Arc::new(Mutex::new(Vec::with_capacity(load.n as usize)));
    let mut mark = Mark::now();
    for count in [load.warm, load.n] {
        times.lock().unwrap_or_else(PoisonError::into_inner).clear();
        mark = Mark::now();
        let start = Instant::now();
        for (number, value) in (1..=count).zip(values.iter().cycle()) {
            let due = start + Duration::from_nanos(1_000_000_000 / load.rate * number);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (times, sent) = (Arc::clone(&times), Instant::now());
            let heard = move |_| {
                let took = sent.elapsed().as_nanos() as u64;
                times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
            };
            producer.send_with(Record::to(TOPIC).value(value), heard).await?;
        }
        producer.flush().await?;
    }
    let times = std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(mark.report_latency(times))
}
