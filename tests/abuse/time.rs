//! Connections that take their time.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use protocol::messages::FetchRequest;

use crate::broker::{Broker, Watch, eventually};
use crate::client::{Client, batch, fetch};

#[test]
fn a_frame_that_comes_byte_by_byte_is_cut_at_its_deadline() {
    let broker = Broker::start(&["milena.frame.deadline.ms=300"]);
    let mut good = Client::connect(broker.address);
    assert!(good.is_served());
    let before = broker.usage();
    let mut slow = Client::connect(broker.address);
    let watch = Watch::start();
    // A Metadata request of a megabyte, of which a byte comes now and then.
    let head = [0, 0x10, 0, 0, 0, 3, 0, 12];
    let bytes = head.into_iter().chain(std::iter::repeat(0));
    let sent = bytes.take_while(|byte| {
        thread::sleep(Duration::from_millis(10));
        slow.stream.write_all(&[*byte]).is_ok()
    });
    let sent = sent.count();
    println!("closed after {sent} bytes and {:?}, with a deadline of 300 ms", watch.elapsed());
    println!("before {before}\nafter  {}", broker.usage());
    broker.wait_for_log("api_key=Metadata version=12");
    broker.wait_for_descriptors(before.descriptors);
    assert!(good.is_served(), "who is not slow is served");
}

#[test]
fn a_connection_that_asks_for_nothing_is_closed_but_not_one_that_waits() {
    let broker = Broker::start(&["connections.max.idle.ms=300"]);
    let base = broker.usage().descriptors;
    let mut waits = Client::connect(broker.address);
    waits.send(12, &fetch("orders", 0, 1500));
    let mut idle = Client::connect(broker.address);
    assert!(idle.is_served());
    let watch = Watch::start();
    idle.wait_for_end();
    println!("closed after {:?}, with a limit of 300 ms", watch.elapsed());
    assert!(waits.receive::<FetchRequest>(12).is_some(), "an answer that is long in coming comes");
    waits.wait_for_end();
    broker.wait_for_descriptors(base);
}

#[test]
fn who_never_reads_its_answers_is_closed_and_costs_no_memory() {
    let broker = Broker::start(&["milena.write.deadline.ms=500"]);
    let mut good = Client::connect(broker.address);
    let stored = batch(900_000);
    for _ in 0..10 {
        assert_eq!(good.produce("orders", &stored).0, 0);
    }
    let before = broker.usage();
    let mut deaf: Vec<_> = (0..20).map(|_| Client::connect(broker.address)).collect();
    // Each asks for 9 MB, a hundred times.
    for client in &mut deaf {
        for _ in 0..100 {
            client.send(12, &fetch("orders", 0, 0));
        }
    }
    thread::sleep(Duration::from_millis(200));
    let during = broker.usage();
    assert!(good.is_served());
    broker.wait_for_descriptors(before.descriptors);
    let after = broker.usage();
    println!("20 clients asked for 18 GB and read nothing\nbefore {before}\nduring {during}\nafter  {after}");
    // What is sent lies in the log anyway, and is not copied; the rest is the buffer that is promised.
    assert!(during.rss < before.rss + 20 * 1024, "more than a MiB each");
    eventually("each is told", || broker.log().matches("has not read its answers").count() == 20);
}

#[test]
fn who_reads_slowly_gets_all_of_a_long_answer() {
    let broker = Broker::start(&["milena.write.deadline.ms=2000", "milena.write.buffer.bytes=65536"]);
    let mut client = Client::connect(broker.address);
    let stored = batch(900_000);
    for _ in 0..15 {
        assert_eq!(client.produce("orders", &stored).0, 0);
    }
    client.send(12, &fetch("orders", 0, 0));
    // The whole takes twice the deadline, which is for one buffer's worth of it.
    let watch = Watch::start();
    let (mut piece, mut read) = (vec![0; 320_000], 0);
    while read < 13_500_000 {
        read += client.stream.read(&mut piece).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    println!("{read} bytes came in {:?}, with a deadline of 2 s", watch.elapsed());
}
