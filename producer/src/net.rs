//! The producer on real sockets and a real clock: the only module that names tokio.

mod blocking;
mod driver;

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::names::Timestamp;
use tokio::sync::watch;

use self::driver::Driver;
use crate::config::{ConfigError, ProducerConfig};
use crate::core::{Accumulator, Callback, Core, Delivery, Flush};
use crate::error::{Failed, SendError, Unfinished};
use crate::record::{Record, RecordMetadata};

/// A producer: sends records to a Kafka cluster.
///
/// It may be shared by any number of tasks and threads: cloning is cheap, and all methods take `&self`. A task of its own
/// does the sending.
///
/// When the last clone is dropped, records that have no outcome get an error; to wait for them instead, call
/// [`close`](Self::close) or [`flush`](Self::flush) first.
#[derive(Clone, Debug)]
pub struct Producer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    accumulator: Arc<Accumulator>,
    clock: Clock,
    /// Says something only when the sender's task is over.
    running: watch::Receiver<()>,
}

impl Producer {
    /// Starts a producer. It connects in the background: a cluster that cannot be reached is warned about within a second,
    /// and makes [`send`](Self::send) fail after `max.block.ms`.
    ///
    /// # Errors
    /// A setting that breaks a rule, before any socket opens; none of `bootstrap.servers` being a name that resolves.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(config: ProducerConfig) -> Result<Self, ConfigError> {
        let (producer, driver) = Self::prepare(config).await?;
        tokio::spawn(driver);
        Ok(producer)
    }

    /// Starts a producer for code without a runtime: a thread of its own does the sending.
    ///
    /// Send with [`send_blocking`](Self::send_blocking), wait with [`Delivery::wait`], and end with
    /// [`close_blocking`](Self::close_blocking); all else works too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use milena_producer::{Producer, ProducerConfig, Record};
    /// # let runtime = tokio::runtime::Runtime::new()?;
    /// # let config = mock_broker::ClusterConfig::new(1).topic("orders", 1);
    /// # let cluster = runtime.block_on(mock_broker::MockCluster::start(config))?;
    /// # let bootstrap = cluster.bootstrap_servers();
    ///
    /// let producer = Producer::connect_blocking(ProducerConfig::new([bootstrap]))?;
    /// let stored = producer.send_blocking(Record::to("orders").value("an order"))?.wait()?;
    /// println!("stored at offset {}", stored.offset);
    /// producer.close_blocking(Duration::from_secs(5))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect); that the system gives no thread.
    pub fn connect_blocking(config: ProducerConfig) -> Result<Self, ConfigError> {
        let failed =
            |error: std::io::Error| ConfigError::rule("client.id", "", format!("no thread: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (producer, driver) = runtime.block_on(Self::prepare(config))?;
        let thread = std::thread::Builder::new().name("milena-producer".to_owned());
        thread.spawn(move || runtime.block_on(driver)).map_err(failed)?;
        Ok(producer)
    }

    async fn prepare(config: ProducerConfig) -> Result<(Self, Driver), ConfigError> {
        let settings = config.build()?;
        driver::resolve_any(&settings.bootstrap).await?;
        let clock = Clock::start();
        // The hasher's keys are random, and the one source of randomness that needs no dependency.
        let seed = RandomState::new().hash_one(clock.now());
        let core = Core::new(settings, seed, clock.now());
        let accumulator = Arc::clone(core.accumulator());
        let (running, is_running) = watch::channel(());
        let driver = Driver::new(core, clock, running);
        Ok((Self { shared: Arc::new(Shared { accumulator, clock, running: is_running }) }, driver))
    }

    /// Sends a record: at once if there is room, else as soon as there is.
    ///
    /// The future is ready when the record has its place in the buffer; it does not wait for a broker. What it gives is
    /// the receipt, which does: await it now, keep it for later, or drop it.
    ///
    /// ```no_run
    /// # async fn example(producer: milena_producer::Producer) -> Result<(), milena_producer::Failed> {
    /// use milena_producer::Record;
    ///
    /// let delivery = producer.send(Record::to("orders").key("customer-7").value("an order")).await?;
    /// println!("stored at offset {}", delivery.await?.offset);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Records of one task go to each partition in the order of the calls, whether or not each future is awaited before the
    /// next call: a record waits behind those of its topic that wait already. A future dropped before it is ready takes
    /// its record back.
    ///
    /// # Errors
    /// [`SendError::Refused`] and [`SendError::Closed`]; the first also when no room was to be had, or the topic not to
    /// be found, within `max.block.ms`.
    pub fn send(&self, record: Record<'_>) -> Sending {
        self.start(record, None)
    }

    /// Sends a record and calls back with what became of it, in the order of each partition's records.
    ///
    /// The callback runs on the sender's task and must not block. If this itself fails, it is never called.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_with<F>(
        &self,
        record: Record<'_>,
        callback: F,
    ) -> impl Future<Output = Result<(), Failed>> + Send + use<F>
    where
        F: FnOnce(Result<RecordMetadata, Failed>) + Send + 'static,
    {
        let sending = self.start(record, Some(Box::new(callback)));
        async move { sending.await.map(drop) }
    }

    /// Sends a record if it need not wait: for room, for the partitions of its topic, or for records that wait already.
    ///
    /// A topic that is not known yet is asked for, so that it can be tried again a little later.
    ///
    /// # Errors
    /// [`Refusal::NotNow`](crate::Refusal::NotNow) if it would have to wait; as [`send`](Self::send) otherwise.
    pub fn try_send(&self, record: Record<'_>) -> Result<Delivery, Failed> {
        let Shared { accumulator, clock, .. } = &*self.shared;
        accumulator.try_send(record, None, &|| clock.now())
    }

    /// Sends a record if it need not wait, and calls back with what became of it.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send); the callback is never called then.
    pub fn try_send_with<F>(&self, record: Record<'_>, callback: F) -> Result<(), Failed>
    where
        F: FnOnce(Result<RecordMetadata, Failed>) + Send + 'static,
    {
        let Shared { accumulator, clock, .. } = &*self.shared;
        accumulator.try_send(record, Some(Box::new(callback)), &|| clock.now()).map(drop)
    }

    /// Sends a record, waiting on this thread until there is room; what comes back is the receipt.
    ///
    /// Not within a runtime: a task that blocks its thread may block what it waits for.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_blocking(&self, record: Record<'_>) -> Result<Delivery, Failed> {
        blocking::wait(self.start(record, None))
    }

    /// Sends a record, waiting on this thread until there is room, and calls back with what became of it.
    ///
    /// # Errors
    /// As [`send`](Self::send); the callback is never called then.
    pub fn send_blocking_with<F>(&self, record: Record<'_>, callback: F) -> Result<(), Failed>
    where
        F: FnOnce(Result<RecordMetadata, Failed>) + Send + 'static,
    {
        blocking::wait(self.start(record, Some(Box::new(callback)))).map(drop)
    }

    /// As [`flush`](Self::flush), waiting on this thread.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn flush_blocking(&self) -> Result<(), SendError> {
        blocking::wait(self.flush())
    }

    /// As [`close`](Self::close), waiting on this thread. For connections to end it may take up to two seconds more.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn close_blocking(&self, timeout: Duration) -> Result<(), Unfinished> {
        let ticket = self.shared.accumulator.ledger.close(timeout);
        let unfinished = blocking::wait(poll_fn(|context| ticket.poll(context)));
        // The sender's task ends by itself, whatever brokers do.
        let _ = blocking::wait(self.shared.running.clone().changed());
        Unfinished::count(unfinished)
    }

    /// Sends all there is without lingering, and waits until every record taken before has its outcome, good or bad.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the producer is closed meanwhile.
    pub fn flush(&self) -> Flush {
        Flush(self.shared.accumulator.ledger.flush())
    }

    /// Takes no more records, sends what there is, and stops. What has no outcome after `timeout` gets an error.
    ///
    /// It is ready when the brokers have closed the connections too, as far as `timeout` allows: what was written then
    /// is read, also with `acks=0`.
    ///
    /// # Errors
    /// How many records that were.
    pub async fn close(&self, timeout: Duration) -> Result<(), Unfinished> {
        let deadline = self.shared.clock.now() + timeout;
        let ticket = self.shared.accumulator.ledger.close(timeout);
        let unfinished = poll_fn(|context| ticket.poll(context)).await;
        let left = deadline.saturating_since(self.shared.clock.now());
        let _ = tokio::time::timeout(left, self.shared.running.clone().changed()).await;
        Unfinished::count(unfinished)
    }

    fn start(&self, record: Record<'_>, callback: Option<Callback>) -> Sending {
        let Shared { accumulator, clock, .. } = &*self.shared;
        Sending(Some(accumulator.send(record, callback, &|| clock.now())))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = self.accumulator.ledger.close(Duration::ZERO);
    }
}

/// The future of [`Producer::send`]: a place in the buffer.
#[derive(Debug)]
#[must_use = "a record that has to wait for room is taken back when this is dropped: await it"]
pub struct Sending(Option<Result<Delivery, Failed>>);

impl Future for Sending {
    type Output = Result<Delivery, Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(Ok(delivery)) = &mut self.0
            && let Err(error) = ready!(delivery.poll_admitted(context))
        {
            self.0 = Some(Err(error));
        }
        Poll::Ready(self.0.take().unwrap_or_else(|| Err(SendError::Closed.into())))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(Ok(delivery)) = &self.0 {
            delivery.cancel();
        }
    }
}

/// The one place where time is read.
///
/// It counts on steadily from the system's time at the start, so that a change of that never makes anything expire.
#[derive(Clone, Copy, Debug)]
struct Clock {
    start: Instant,
    epoch: Timestamp,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "net gives the core its time")]
    fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), epoch: Timestamp(0) + since_epoch }
    }

    fn now(&self) -> Timestamp {
        self.epoch + self.start.elapsed()
    }

    /// The instant of a time, if it is not for ever away.
    fn instant(&self, time: Timestamp) -> Option<Instant> {
        if time == Timestamp::NEVER {
            None
        } else {
            self.start.checked_add(time.saturating_since(self.epoch))
        }
    }
}
