//! A way between a client and a broker that changes one byte of record data when told to.
//!
//! It follows the frames of both directions, because a changed length would only break the connection. It finds record
//! batches in them by their checksum, so it knows nothing else of the protocol and shares no code with what it tests.

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

/// What the way does to the record batches that pass.
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

/// A proxy on a free port of loopback. It ends when dropped; its open connections end with their clients.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    tamper: Mutex<Tamper>,
    changed: AtomicUsize,
    stopped: AtomicBool,
}

impl Proxy {
    /// Starts to listen, and passes on what comes to `target`.
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State {
            target,
            tamper: Mutex::new(Tamper::Nothing),
            changed: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                pass_on(client, &shared);
            }
        });
        Self { port, state }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, for `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Does this from now on, to every frame that holds a record batch.
    pub fn tamper(&self, tamper: Tamper) {
        *self.state.tamper.lock().expect("no thread panics while it holds this lock") = tamper;
    }

    /// How many bytes have been changed so far.
    pub fn changed(&self) -> usize {
        self.state.changed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)); // wakes the listener up
    }
}

impl State {
    /// Changes the frame if this is what it is to do, and counts it.
    fn apply(&self, frame: &mut [u8], when: &[Tamper]) {
        let tamper = *self.tamper.lock().expect("no thread panics while it holds this lock");
        if when.contains(&tamper) && change_one_byte(frame, tamper != Tamper::Fetched) {
            self.changed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;

/// Correlation ids of fetches that are not answered yet.
type Fetches = Arc<Mutex<BTreeSet<i32>>>;

fn pass_on(client: TcpStream, state: &Arc<State>) {
    // A client of a broker that is gone sees its connection close, as it would without a proxy.
    let Ok(broker) = TcpStream::connect(state.target) else { return };
    let fetches = Fetches::default();
    let (Ok(client_reads), Ok(broker_reads)) = (client.try_clone(), broker.try_clone()) else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));

    let (shared, sent) = (Arc::clone(state), Arc::clone(&fetches));
    thread::spawn(move || {
        pump(&client_reads, &broker, |frame| {
            let Some(&[k0, k1, _, _, c0, c1, c2, c3]) = frame.first_chunk::<8>() else { return };
            match i16::from_be_bytes([k0, k1]) {
                PRODUCE => shared.apply(frame, &[Tamper::ProducedWithChecksum]),
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
                shared.apply(frame, &[Tamper::Fetched, Tamper::FetchedWithChecksum]);
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
