//! The end, in the middle of the work.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::broker::{Broker, eventually};
use crate::client::{batch, fetch, frame, produce};

#[test]
fn sigterm_under_load_ends_the_program_well_and_soon() {
    let broker = Broker::start(&[]);
    let answered = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..8).map(|number| load(broker.address, number, Arc::clone(&answered))).collect();
    eventually("all is busy", || answered.load(Ordering::Relaxed) > 1_000_000);
    let during = broker.usage();
    let (status, time) = broker.terminate();
    println!("during {during}\nSIGTERM to the end: {time:?}");
    assert!(status.success(), "{status}");
    assert!(time < Duration::from_secs(5));
    clients.into_iter().for_each(|client| client.join().unwrap());
}

/// A client that produces or fetches, several requests at once, until it is closed.
fn load(address: std::net::SocketAddr, number: usize, answered: Arc<AtomicU64>) -> thread::JoinHandle<()> {
    let requests = match number % 4 {
        0 => frame(12, &fetch("orders", 0, 500)),
        1 => frame(9, &produce(&[("orders", &batch(50_000))])),
        _ => frame(9, &produce(&[("orders", &batch(10))])).repeat(5).into(),
    };
    let mut stream = TcpStream::connect(address).unwrap();
    thread::spawn(move || {
        let mut reader = stream.try_clone().unwrap();
        let reading = thread::spawn(move || {
            let mut piece = vec![0; 1 << 20];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                answered.fetch_add(count as u64, Ordering::Relaxed);
            }
        });
        while stream.write_all(&requests).is_ok() {}
        reading.join().unwrap();
    })
}
