//! Decode a produce request from a socket: bytes → frame → header → body → record batches → records.
//!
//! ```text
//! socket ──▶ Framer ──▶ RequestHeader ──▶ ProduceRequest ──▶ batches ──▶ records
//!            cuts        which request,    its fields         headers     borrowed from what
//!            frames      which version                        only        came from the socket
//! ```
//!
//! Run it with `cargo run -p milena-protocol --example decode_produce`: it plays the client too.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::{Bytes, BytesMut};
use milena_protocol::frame::{self, Framer};
use milena_protocol::messages::ProduceRequest;
use milena_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use milena_protocol::records::{BatchBuilder, BatchOptions, Compression, Header, Limits, Part, batches};
use milena_protocol::{ApiKey, Request, RequestHeader};

/// A whole record: key and value as text.
type Pair = (String, String);

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let client = thread::spawn(move || TcpStream::connect(address)?.write_all(&a_request()));

    let (mut socket, _) = listener.accept()?;
    let frame = read_frame(&mut socket)?.ok_or("the client left without a word")?;
    let found = decode(&frame)?;
    for (key, value) in &found {
        println!("{key}: {value}");
    }

    client.join().expect("the client does not panic")?;
    let expected = [("customer-7", "three pears"), ("customer-8", "a plum")];
    assert!(found.iter().map(|(key, value)| (&**key, &**value)).eq(expected));
    Ok(())
}

/// Reads until a whole frame is there; `None` if the other side ends before one begins.
fn read_frame(socket: &mut TcpStream) -> Result<Option<Bytes>, Box<dyn Error>> {
    // A longer frame is refused when its length is read, before any memory is spent on it.
    let framer = Framer::new(1 << 20);
    let (mut received, mut piece) = (BytesMut::new(), [0; 4096]);
    loop {
        if let Some(frame) = framer.next(&mut received)? {
            return Ok(Some(frame));
        }
        match socket.read(&mut piece)? {
            0 if received.is_empty() => return Ok(None),
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => received.extend_from_slice(&piece[..count]),
        }
    }
}

/// Reads a frame, which may hold anything. An error says which byte was wrong, why, and in which field.
fn decode(frame: &Bytes) -> Result<Vec<Pair>, Box<dyn Error>> {
    let (header, body) = RequestHeader::read(frame)?;
    println!("{} version {}", header.request_api_key, header.request_api_version);

    let request = Request::decode(header.request_api_key, header.request_api_version, &body)?;
    let Request::Produce(request) = request else { return Err("this is not a produce request".into()) };

    let mut pairs = Vec::new();
    for topic in &request.topic_data {
        for partition in &topic.partition_data {
            println!("topic {}, partition {}", topic.name, partition.index);
            let records = partition.records.as_ref().ok_or("a partition without records")?;
            pairs.extend(read_records(&records.to_bytes())?);
        }
    }
    Ok(pairs)
}

/// Reads the batches of one records field.
fn read_records(field: &Bytes) -> Result<Vec<Pair>, Box<dyn Error>> {
    // What a batch inflates to is bounded, whatever it claims.
    let limits = Limits::inflated_bytes(8 << 20);
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();

    let mut pairs = Vec::new();
    for part in batches(field) {
        // Messages from before Kafka 0.11 and a batch that is cut off do not belong into a request.
        let Part::Batch(batch) = part? else { return Err("not a whole batch of format 2".into()) };
        println!("{} records in {} bytes", batch.header().record_count, batch.size());
        for record in batch.records(&limits)?.iter() {
            let record = record?;
            pairs.push((text(record.key), text(record.value)));
        }
    }
    Ok(pairs)
}

/// What a client sends: two records in one batch, in version 9.
fn a_request() -> Bytes {
    let options = BatchOptions { compression: Compression::Lz4, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(Vec::new(), options);
    let now = 1_700_000_000_000;
    let trace = Header::new("trace", b"4711");
    builder.append(now, Some(b"customer-7"), Some(b"three pears"), [trace]).expect("small enough");
    builder.append(now, Some(b"customer-8"), Some(b"a plum"), []).expect("small enough");
    let batch = builder.build().expect("lz4 is built in");

    let partition = PartitionProduceData { index: 0, records: Some(batch.into()), ..Default::default() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { topic_data: vec![topic], timeout_ms: 30_000, ..Default::default() };
    assert!(ApiKey::PRODUCE.versions().is_some_and(|versions| versions.contains(9)));
    frame::encode_request(1, Some("example"), 9, &request).expect("version 9 can say this").into_bytes()
}
