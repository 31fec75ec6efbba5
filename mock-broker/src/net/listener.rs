//! The brokers' ports: open while a broker runs, closed to all while it does not.
//!
//! A port that is closed stays ours: a socket that is bound to it and does not listen keeps others away, and clients that try it are
//! refused.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use protocol::names::BrokerId;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;

/// Every broker's port. Opening and closing is done at once, whoever waits for a connection.
pub(super) struct Listeners {
    ports: BTreeMap<BrokerId, Mutex<Port>>,
    /// Sockets belong to the runtime that the cluster was started on.
    runtime: Handle,
}

struct Port {
    address: SocketAddr,
    state: State,
    /// Who waits for a connection.
    waiting: Option<Waker>,
}

enum State {
    Open(TcpListener),
    Closed(TcpSocket),
    /// Closed, and not kept: somebody else may have it.
    Gone,
}

/// How many connections the system keeps that were not taken yet; as many as for tokio's own listeners.
const BACKLOG: u32 = 1024;

impl Listeners {
    /// The ports of these brokers, all open. It must be called on the runtime.
    pub(super) fn new(bound: impl Iterator<Item = (BrokerId, TcpListener)>) -> io::Result<Self> {
        let port = |(broker, listener): (BrokerId, TcpListener)| {
            let address = listener.local_addr()?;
            let port = Port { address, state: State::Open(listener), waiting: None };
            io::Result::Ok((broker, Mutex::new(port)))
        };
        Ok(Self { ports: bound.map(port).collect::<Result<_, _>>()?, runtime: Handle::current() })
    }

    /// Takes the next connection to a broker; waits while its port is closed.
    pub(super) async fn accept(&self, broker: BrokerId) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| self.lock(broker).map_or(Poll::Pending, |mut port| port.poll(context)))
            .await
    }

    /// Opens or closes a broker's port.
    pub(super) fn set(&self, broker: BrokerId, open: bool) {
        let Some(mut port) = self.lock(broker) else { return };
        let _runtime = self.runtime.enter();
        let done = if open { port.open() } else { port.close() };
        if let Err(error) = done {
            let address = port.address;
            tracing::error!(%broker, %address, %error, open, "cannot open or close the broker's port");
        }
    }

    /// Closes all ports for good.
    pub(super) fn give_up(&self) {
        for broker in self.ports.keys() {
            if let Some(mut port) = self.lock(*broker) {
                port.state = State::Gone;
            }
        }
    }

    fn lock(&self, broker: BrokerId) -> Option<MutexGuard<'_, Port>> {
        Some(self.ports.get(&broker)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Port {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        // Also while it is open: when it is closed and opened again, there is another listener to wait for.
        self.waiting = Some(context.waker().clone());
        match &self.state {
            State::Open(listener) => listener.poll_accept(context),
            State::Closed(_) | State::Gone => Poll::Pending,
        }
    }

    fn close(&mut self) -> io::Result<()> {
        // Two sockets cannot have the port, so that it is free for a moment.
        self.state = State::Gone;
        let socket = bind(self.address)?;
        // Else others who set the same could listen on it.
        socket.set_reuseaddr(false)?;
        self.state = State::Closed(socket);
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        let socket = match std::mem::replace(&mut self.state, State::Gone) {
            State::Open(listener) => {
                self.state = State::Open(listener);
                return Ok(());
            }
            State::Closed(socket) => {
                socket.set_reuseaddr(REUSE)?;
                socket
            }
            State::Gone => bind(self.address)?,
        };
        self.state = State::Open(socket.listen(BACKLOG)?);
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
        Ok(())
    }
}

/// Connections that have just ended must not keep the port from us. On Windows this would mean something else.
const REUSE: bool = cfg!(not(windows));

/// A socket that has the port, and does not listen.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(REUSE)?;
    socket.bind(address)?;
    Ok(socket)
}
