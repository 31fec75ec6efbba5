//! The sender's task: performs what the core wants, and tells it what happens.
//!
//! One future polls all sockets, so that a request goes from the core to the socket, and an answer back, without a task to
//! wake or a channel in between.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use protocol::frame::EncodedFrame;
use protocol::names::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Clock;
use crate::config::{Address, ConfigError};
use crate::core::{Action, ConnectionId, Core, Event};

/// How old the time gets that records take over from each other while batches are open.
const CLOCK_TICK: Duration = Duration::from_millis(10);
/// What a socket is read into at once, in bytes.
const READ_SIZE: usize = 16 * 1024;
/// How long a broker may take to close a connection that this side is done with.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Driver {
    core: Core,
    clock: Clock,
    sockets: BTreeMap<ConnectionId, Socket>,
    /// Connections that the core has closed and the broker has not.
    parting: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
    timer: Pin<Box<Sleep>>,
    /// When the timer goes off.
    armed: Timestamp,
    /// Dropped with the driver: so others learn that every socket is closed.
    _running: watch::Sender<()>,
}

enum Socket {
    Opening(Pin<Box<dyn Future<Output = Result<TcpStream, String>> + Send>>),
    Open { stream: TcpStream, outgoing: VecDeque<(i32, EncodedFrame)>, incoming: BytesMut },
}

impl Driver {
    pub(super) fn new(core: Core, clock: Clock, running: watch::Sender<()>) -> Self {
        Self {
            core,
            clock,
            sockets: BTreeMap::new(),
            parting: Vec::new(),
            timer: Box::pin(sleep(Duration::ZERO)),
            armed: Timestamp(i64::MIN),
            _running: running,
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Connect { connection, address } => {
                self.sockets
                    .insert(connection, Socket::Opening(Box::pin(open(address, self.core.socket_buffers()))));
            }
            Action::Transmit { connection, correlation_id, frame } => {
                if let Some(Socket::Open { outgoing, .. }) = self.sockets.get_mut(&connection) {
                    outgoing.push_back((correlation_id, frame));
                }
            }
            Action::Close { connection } => {
                if let Some(Socket::Open { stream, .. }) = self.sockets.remove(&connection) {
                    self.parting.push(Box::pin(part(stream)));
                }
            }
            Action::Complete(completion) => completion.deliver(),
        }
    }

    /// Moves bytes on every socket; whether anything happened.
    fn poll_sockets(&mut self, context: &mut Context<'_>) -> bool {
        let mut has_news = false;
        let connections: Vec<_> = self.sockets.keys().copied().collect();
        for connection in connections {
            let Some(socket) = self.sockets.get_mut(&connection) else { continue };
            while let Poll::Ready(event) = socket.poll(connection, context) {
                has_news = true;
                let is_over = matches!(event, Event::ConnectFailed { .. } | Event::Disconnected { .. });
                self.core.handle(event, self.clock.now());
                if is_over {
                    self.sockets.remove(&connection);
                    break;
                }
            }
        }
        has_news
    }

    /// Whether the core's next time has come.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> bool {
        let mut wakeup = self.core.next_wakeup();
        if self.core.unfinished_batches() > 0 {
            wakeup = wakeup.min(self.clock.now() + CLOCK_TICK);
        }
        // A timer that goes off too early costs less than one that is set anew each time.
        if wakeup < self.armed || self.armed <= self.clock.now() {
            let Some(instant) = self.clock.instant(wakeup) else { return false };
            self.timer.as_mut().reset(Instant::from_std(instant));
            self.armed = wakeup;
        }
        self.timer.as_mut().poll(context).is_ready()
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let now = this.clock.now();
            this.core.accumulator().set_clock(now);
            while let Some(action) = this.core.poll(now) {
                this.perform(action);
            }
            this.parting.retain_mut(|parting| parting.as_mut().poll(context).is_pending());
            if this.core.is_closed() {
                return if this.parting.is_empty() { Poll::Ready(()) } else { Poll::Pending };
            }
            if this.poll_sockets(context) {
                continue;
            }
            if this.core.accumulator().ledger.signal().poll(context).is_pending() && !this.poll_timer(context)
            {
                return Poll::Pending;
            }
        }
    }
}

impl Socket {
    /// The next thing that happens on this socket.
    fn poll(&mut self, connection: ConnectionId, context: &mut Context<'_>) -> Poll<Event> {
        match self {
            Self::Opening(opening) => match opening.as_mut().poll(context) {
                Poll::Ready(Ok(stream)) => {
                    *self = Self::Open { stream, outgoing: VecDeque::new(), incoming: BytesMut::new() };
                    Poll::Ready(Event::Connected { connection })
                }
                Poll::Ready(Err(reason)) => Poll::Ready(Event::ConnectFailed { connection, reason }),
                Poll::Pending => Poll::Pending,
            },
            Self::Open { stream, outgoing, incoming } => {
                if let Poll::Ready(outcome) = write(stream, outgoing, context) {
                    return Poll::Ready(match outcome {
                        Ok(correlation_id) => Event::Transmitted { connection, correlation_id },
                        Err(error) => Event::Disconnected { connection, reason: error.to_string() },
                    });
                }
                incoming.reserve(READ_SIZE);
                let read = pin!(stream.read_buf(incoming)).poll(context);
                read.map(|outcome| match outcome {
                    Ok(0) => Event::Disconnected { connection, reason: "closed by the broker".to_owned() },
                    Ok(_) => Event::Received { connection, bytes: incoming.split().freeze() },
                    Err(error) => Event::Disconnected { connection, reason: error.to_string() },
                })
            }
        }
    }
}

/// Writes on; ready when a frame is written to its end.
fn write(
    stream: &mut TcpStream,
    outgoing: &mut VecDeque<(i32, EncodedFrame)>,
    context: &mut Context<'_>,
) -> Poll<std::io::Result<i32>> {
    while let Some((correlation_id, frame)) = outgoing.front_mut() {
        // As many slices in one system call as the system takes: heads and batches side by side, none copied.
        match pin!(stream.write_buf(frame)).poll(context) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(_)) if frame.has_remaining() => {}
            Poll::Ready(Ok(_)) => {
                let written = *correlation_id;
                outgoing.pop_front();
                return Poll::Ready(Ok(written));
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Pending
}

/// Ends a connection so that the broker reads what was written to it.
///
/// A socket dropped while bytes lie unread in it, or still come, is reset, and a reset makes the other side throw away what
/// it has not read: with acks=0 nobody would ever know.
async fn part(mut stream: TcpStream) {
    let farewell = async {
        stream.shutdown().await?;
        let mut unread = BytesMut::with_capacity(READ_SIZE);
        while stream.read_buf(&mut unread).await? > 0 {
            unread.clear();
        }
        std::io::Result::Ok(())
    };
    // Whether it ends well or not, there is nothing left to do.
    let _ = timeout(FAREWELL, farewell).await;
}

/// Opens a connection to the first of the host's addresses that takes one.
async fn open(address: Address, buffers: [Option<u32>; 2]) -> Result<TcpStream, String> {
    let resolved = lookup_host((address.host.as_str(), address.port)).await;
    let resolved: Vec<_> = resolved.map_err(|error| format!("the name does not resolve: {error}"))?.collect();
    let mut failures = Vec::new();
    for socket_address in &resolved {
        match connect(*socket_address, buffers).await {
            Ok(stream) => return Ok(stream),
            Err(error) if resolved.len() == 1 => return Err(error.to_string()),
            Err(error) => failures.push(format!("{socket_address}: {error}")),
        }
    }
    Err(if failures.is_empty() { "the name has no address".to_owned() } else { failures.join(", ") })
}

async fn connect(address: SocketAddr, [send, receive]: [Option<u32>; 2]) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = send {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Checks that at least one of the addresses has a name that resolves.
pub(super) async fn resolve_any(addresses: &[Address]) -> Result<(), ConfigError> {
    let mut reasons = Vec::new();
    for address in addresses {
        match lookup_host((address.host.as_str(), address.port)).await.map(Iterator::count) {
            Ok(1..) => return Ok(()),
            Ok(0) => reasons.push(format!("{address}: no address")),
            Err(error) => reasons.push(format!("{address}: {error}")),
        }
    }
    let value: Vec<_> = addresses.iter().map(Address::to_string).collect();
    let rule = format!("at least one name must resolve ({})", reasons.join("; "));
    Err(ConfigError::rule("bootstrap.servers", value.join(","), rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_has_the_buffers_that_are_asked_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plain = connect(address, [None, None]).await.unwrap();
        let small = connect(address, [Some(20_000), Some(10_000)]).await.unwrap();
        let sizes = |stream: TcpStream| {
            let socket = TcpSocket::from_std_stream(stream.into_std().unwrap());
            (socket.send_buffer_size().unwrap(), socket.recv_buffer_size().unwrap())
        };
        // Linux keeps books of its own in the same buffer, and doubles what is asked for.
        let (send, receive) = sizes(small);
        assert!(
            (20_000..=40_000).contains(&send) && (10_000..=20_000).contains(&receive),
            "{send} {receive}"
        );
        assert_ne!(sizes(plain), (send, receive));
    }
}
