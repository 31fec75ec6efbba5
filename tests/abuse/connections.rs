//! Many connections, and those that close one half.

use std::thread;
use std::time::Duration;

use protocol::messages::{FetchRequest, MetadataRequest};

use crate::broker::{Broker, eventually};
use crate::client::{Client, fetch, metadata};

#[test]
fn an_idle_connection_costs_less_than_16_kib() {
    const CONNECTIONS: usize = 2000;
    let broker = Broker::start(&[]);
    let base = broker.usage().descriptors;
    assert!(Client::connect(broker.address).is_served());
    broker.wait_for_descriptors(base);
    let before = broker.usage();
    let mut idle: Vec<_> = (0..CONNECTIONS).map(|_| Client::connect(broker.address)).collect();
    assert!(idle.iter_mut().all(Client::is_served));
    let during = broker.usage();
    drop(idle);
    broker.wait_for_descriptors(before.descriptors);
    let after = broker.usage();
    let each = (during.rss - before.rss) * 1024 / CONNECTIONS;
    println!(
        "{CONNECTIONS} connections, {each} bytes each\nbefore {before}\nduring {during}\nafter  {after}"
    );
    assert!(each <= 16 * 1024);
    assert!(Client::connect(broker.address).is_served());
}

#[test]
fn connections_over_the_limit_are_closed_at_once_until_others_leave() {
    for limit in ["max.connections", "max.connections.per.ip"] {
        let broker = Broker::start(&[&format!("{limit}=5")]);
        let mut inside: Vec<_> = (0..5).map(|_| Client::connect(broker.address)).collect();
        assert!(inside.iter_mut().all(Client::is_served));
        for _ in 0..20 {
            assert!(!Client::connect(broker.address).is_served());
        }
        assert!(inside.iter_mut().all(Client::is_served));
        broker.wait_for_log(&format!("limit=\"{limit}\""));
        assert_eq!(broker.log().lines().count(), 1, "said once: {}", broker.log());
        inside.pop();
        eventually("a place is free again", || Client::connect(broker.address).is_served());
    }
}

#[test]
fn out_of_file_descriptors_it_waits_and_recovers() {
    let broker = Broker::start_with_descriptors(&[], Some(40));
    let mut good = Client::connect(broker.address);
    assert!(good.is_served());
    let before = broker.usage();
    let crowd: Vec<_> = (0..100).map(|_| Client::connect(broker.address)).collect();
    broker.wait_for_log("cannot accept connections");
    let full = broker.usage();
    thread::sleep(Duration::from_millis(1000));
    let a_second_later = broker.usage();
    assert!(good.is_served(), "who is inside is served");
    assert_eq!(broker.log().lines().count(), 1, "said once: {}", broker.log());
    drop(crowd);
    assert!(Client::connect(broker.address).is_served(), "it recovers by itself");
    broker.wait_for_descriptors(before.descriptors);
    println!("before {before}\nfull   {full}\n+1 s   {a_second_later}\nafter  {}", broker.usage());
    let busy = a_second_later.ticks - full.ticks;
    assert!(busy < 50, "it spins: {busy} of 100 ticks");
}

#[test]
fn who_closes_its_half_gets_what_it_asked_for() {
    let broker = Broker::start(&[]);
    let before = broker.usage();
    for _ in 0..50 {
        let mut client = Client::connect(broker.address);
        client.send(12, &fetch("orders", 0, 50));
        client.send(12, &metadata(["orders".to_owned()]));
        client.close_own_half();
        assert!(client.receive::<FetchRequest>(12).is_some());
        assert!(client.receive::<MetadataRequest>(12).is_some());
        client.wait_for_end();
    }
    broker.wait_for_descriptors(before.descriptors);
    println!("50 half-closed connections\nbefore {before}\nafter  {}", broker.usage());
}

#[test]
fn who_asks_on_while_its_answer_is_late_is_read_no_more_and_others_do_not_wait() {
    let broker = Broker::start(&[]);
    let before = broker.usage();
    let mut eager = Client::connect(broker.address);
    eager.send(12, &fetch("orders", 0, 60_000));
    let request = crate::client::frame(12, &metadata(["orders".to_owned()]));
    let many = request.repeat(1000);
    eager.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut sent = 0;
    while let Ok(count) = std::io::Write::write(&mut eager.stream, &many) {
        sent += count;
    }
    let during = broker.usage();
    println!("{sent} bytes went into the sockets\nbefore {before}\nduring {during}");
    assert!(during.rss < before.rss + 4096);
    assert!(Client::connect(broker.address).is_served());
}
