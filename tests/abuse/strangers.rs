//! Who has come to the wrong port, and what stands in the log of those who are sent away.

use std::io::Write;

use bytes::Bytes;
use protocol::messages::MetadataRequest;

use crate::broker::{Broker, Watch, eventually};
use crate::client::{Client, batch, metadata};

#[test]
fn what_is_no_kafka_is_closed_at_once_and_costs_nothing() {
    let strangers: [(&[u8], &str); 10] = [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "an HTTP request"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "an HTTP answer"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "an HTTP/2 preface"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "a TLS hello"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "a TLS alert"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "an SSH greeting"),
        (b"\x7f\xff\xff\xff\0\x12\0\x03\0\0\0\x05", "2147483647"),
        (b"\xff\xff\xff\xff", "-1"),
        (b"\0\0\0\0", "api_key=\"none\""),
        (b"\0\0\0\x08\x7d\0\0\x01\0\0\0\x05", "api key 32000"),
    ];
    let broker = Broker::start(&[]);
    let mut good = Client::connect(broker.address);
    assert!(good.is_served());
    let before = broker.usage();
    let mut longest = std::time::Duration::ZERO;
    for round in 0..100 {
        for (bytes, _) in strangers {
            let mut client = Client::connect(broker.address);
            let watch = Watch::start();
            client.stream.write_all(bytes).unwrap();
            client.wait_for_end();
            longest = longest.max(watch.elapsed());
        }
        assert!(good.is_served(), "round {round}");
    }
    broker.wait_for_descriptors(before.descriptors);
    let after = broker.usage();
    println!("1000 strangers, the longest stayed {longest:?}\nbefore {before}\nafter  {after}");
    assert!(after.rss < before.rss + 2048, "no length that they claim is allocated");
    for (_, words) in strangers {
        broker.wait_for_log(words);
    }
}

#[test]
fn a_frame_that_ends_before_its_correlation_id_is_told_by_its_api_key() {
    let broker = Broker::start(&[]);
    let cut: [(&[u8], &str); 4] = [
        (b"\0\0\0\x20\0\x03", "api_key=Metadata version=\"none\""),
        (b"\0\0\0\x20\0\x03\0\x0c", "api_key=Metadata version=12"),
        (b"\0\0\0\x20\0\x03\0\x0c\0\0", "api_key=Metadata version=12"),
        (b"\0\0\0\x04\0\0\0\x09", "api_key=Produce version=9"),
    ];
    for (number, (bytes, words)) in cut.into_iter().enumerate() {
        let mut client = Client::connect(broker.address);
        client.stream.write_all(bytes).unwrap();
        client.close_own_half();
        client.wait_for_end();
        // Two of them have the same words.
        eventually("there is a line for each", || broker.log().matches("WARN").count() == number + 1);
        let log = broker.log();
        assert!(log.lines().last().is_some_and(|line| line.contains(words)), "{log}");
    }
}

#[test]
fn what_a_client_sends_cannot_forge_a_line_of_the_log() {
    let broker = Broker::start(&[]);
    let forged = "x\n2026-01-01T00:00:00Z ERROR all is lost\r\x1b[31mred";
    let mut client = Client::connect(broker.address);
    // As a topic's name, in a request that is answered; as client id and name in one that is not.
    assert!(client.ask::<MetadataRequest>(12, &metadata([forged.to_owned()])).is_some());
    let mut bad =
        protocol::frame::encode_request(1, Some(forged), 9, &crate::client::produce(&[(forged, &batch(1))]))
            .unwrap()
            .into_bytes()
            .to_vec();
    bad.truncate(bad.len() - 3);
    let length = (bad.len() as i32 - 4).to_be_bytes();
    bad[..4].copy_from_slice(&length);
    client.stream.write_all(&Bytes::from(bad)).unwrap();
    client.wait_for_end();
    broker.wait_for_log("closing");
    let log = broker.log();
    assert!(!log.contains('\x1b') && log.lines().all(|line| !line.starts_with("2026-01-01")), "{log}");
}
