//! A way between clients and a cluster that changes one byte of record data.
//!
//! It follows the frames of both directions, because a changed length would only break the connection. It finds record
//! batches in them by their checksum, and the addresses of the brokers by their bytes, so it knows next to nothing of
//! the protocol and shares no code with what it tests.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// What a way does to the record batches that pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// Nothing.
    Nothing,
    /// Changes a byte in what a broker answers to a fetch; the checksum no longer fits.
    Fetched,
    /// The same, and writes the checksum anew: only comparing the records can tell.
    FetchedWithChecksum,
    /// Changes a byte in what a client produces and writes the checksum anew: the broker stores it.
    ProducedWithChecksum,
}

/// A proxy for each broker of a cluster, on free ports of loopback. Clients that begin on the way stay on it, because
/// the brokers' addresses are changed as they pass. It ends when dropped; open connections end with their clients.
#[derive(Debug)]
pub struct Way {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    tamper: Tamper,
    brokers: Vec<Broker>,
    changed: AtomicUsize,
    stopped: AtomicBool,
}

#[derive(Debug)]
struct Broker {
    port: u16,
    proxy_port: u16,
}

/// The host of every address: brokers that advertise another one are not followed.
const HOST: &str = "127.0.0.1";

impl Way {
    /// Starts a way to the brokers of this list of addresses.
    pub fn to(bootstrap_servers: &str, tamper: Tamper) -> Self {
        let ports = bootstrap_servers.split(',').map(|address| {
            let port = address.strip_prefix(HOST).and_then(|port| port.strip_prefix(':')?.parse().ok());
            port.unwrap_or_else(|| panic!("{address} is not an address on {HOST}"))
        });
        let (brokers, listeners): (Vec<_>, Vec<_>) = ports
            .map(|port| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
                let proxy_port = listener.local_addr().expect("it is bound").port();
                (Broker { port, proxy_port }, listener)
            })
            .unzip();
        let (changed, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let state = Arc::new(State { tamper, brokers, changed, stopped });
        for (broker, listener) in state.brokers.iter().zip(listeners) {
            let target = (Ipv4Addr::LOCALHOST, broker.port).into();
            let state = Arc::clone(&state);
            thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    if state.stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    pass_on(client, target, &state);
                }
            });
        }
        Self { state }
    }

    /// Its addresses, for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        let addresses = self.state.brokers.iter().map(|broker| format!("{HOST}:{}", broker.proxy_port));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// How many bytes have been changed so far.
    pub fn changed(&self) -> usize {
        self.state.changed.load(Ordering::SeqCst)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        for broker in &self.state.brokers {
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, broker.proxy_port)); // wakes the listener up
        }
    }
}

impl State {
    /// Changes the frame if this is what it is to do, and counts it.
    fn change(&self, frame: &mut [u8], when: &[Tamper]) {
        if when.contains(&self.tamper) && change_one_byte(frame, self.tamper != Tamper::Fetched) {
            self.changed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Puts the proxies in the brokers' place: in every response that names a broker its port follows its host.
    fn redirect(&self, frame: &mut [u8]) {
        for broker in &self.brokers {
            let address = |port: u16| [HOST.as_bytes(), &u32::from(port).to_be_bytes()].concat();
            let (from, to) = (address(broker.port), address(broker.proxy_port));
            let places = frame.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
            for place in places.map(|(place, _)| place).collect::<Vec<_>>() {
                frame[place..place + to.len()].copy_from_slice(&to);
            }
        }
    }
}

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;

/// Correlation ids of fetches that are not answered yet.
type Fetches = Arc<Mutex<BTreeSet<i32>>>;

fn pass_on(client: TcpStream, target: SocketAddr, state: &Arc<State>) {
    // A client of a broker that is gone sees its connection close, as it would without a proxy.
    let Ok(broker) = TcpStream::connect(target) else { return };
    let fetches = Fetches::default();
    let (Ok(client_reads), Ok(broker_reads)) = (client.try_clone(), broker.try_clone()) else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));

    let (shared, sent) = (Arc::clone(state), Arc::clone(&fetches));
    thread::spawn(move || {
        pump(&client_reads, &broker, |frame| {
            let Some(&[k0, k1, _, _, c0, c1, c2, c3]) = frame.first_chunk::<8>() else { return };
            match i16::from_be_bytes([k0, k1]) {
                PRODUCE => shared.change(frame, &[Tamper::ProducedWithChecksum]),
                FETCH => {
                    let correlation_id = i32::from_be_bytes([c0, c1, c2, c3]);
                    sent.lock().expect("no panic holds it").insert(correlation_id);
                }
                _ => {}
            }
        });
    });
    let shared = Arc::clone(state);
    thread::spawn(move || {
        pump(&broker_reads, &client, |frame| {
            let is_fetch = frame.first_chunk::<4>().is_some_and(|id| {
                fetches.lock().expect("no panic holds it").remove(&i32::from_be_bytes(*id))
            });
            if is_fetch {
                shared.change(frame, &[Tamper::Fetched, Tamper::FetchedWithChecksum]);
            } else {
                shared.redirect(frame);
            }
        });
    });
}

/// Passes frames from one socket to the other, each shown to `look` first, until one side ends; then ends the other.
fn pump(mut from: &TcpStream, mut to: &TcpStream, mut look: impl FnMut(&mut [u8])) {
    let mut one_frame = || -> io::Result<()> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let len = usize::try_from(i32::from_be_bytes(length)).map_err(io::Error::other)?;
        let mut frame = Vec::new();
        from.take(len as u64).read_to_end(&mut frame)?;
        if frame.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        look(&mut frame);
        to.write_all(&length)?;
        to.write_all(&frame)
    };
    while one_frame().is_ok() {}
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

// A record batch: base offset 0..8, length 8..12, leader epoch 12..16, magic 16, checksum 17..21 over what follows,
// records from 61 on.
const LENGTH: usize = 8;
const MAGIC: usize = 16;
const CHECKSUM: usize = 17;
const CHECKED: usize = 21;
const RECORDS: usize = 61;

/// Changes a byte in the middle of the longest record batch of the frame; false if there is none.
fn change_one_byte(frame: &mut [u8], with_checksum: bool) -> bool {
    let Some((start, len)) = batches(frame).max_by_key(|&(_, len)| len) else { return false };
    let batch = &mut frame[start..start + len];
    batch[RECORDS + (len - RECORDS) / 2] ^= 0x04;
    if with_checksum {
        let checksum = crc32c::crc32c(&batch[CHECKED..]);
        batch[CHECKSUM..CHECKED].copy_from_slice(&checksum.to_be_bytes());
    }
    true
}

/// Where record batches lie: at each place that looks like one and has the checksum to prove it.
fn batches(frame: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let be32 = |at: usize| frame[at..].first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    (0..frame.len().saturating_sub(RECORDS)).filter_map(move |start| {
        if frame[start + MAGIC] != 2 {
            return None;
        }
        let len = LENGTH + 4 + be32(start + LENGTH)? as usize;
        let body = frame.get(start + CHECKED..start.checked_add(len)?)?;
        (len > RECORDS && crc32c::crc32c(body) == be32(start + CHECKSUM)?).then_some((start, len))
    })
}
