//! A proxy that rewrites records without copying them.
//!
//! Its clients write to `orders`; behind it the topic is called `blue.orders`, and answers are turned back. Of produce
//! requests it also gives the batches a base offset and a leader epoch, as a broker does when it appends them: both lie
//! outside the checksum. The records stay slices of the buffer that they came in, all the way through:
//!
//! ```text
//! from the client   length │ header │ … orders …      │ batch header │ records │ …        one buffer
//!                                                                      ╰──┬──╯
//! to the broker     length │ header │ … blue.orders … │ batch header │ (a slice) │ …      new bytes but for the slice
//! ```
//!
//! Run it with `cargo run -p milena-protocol --example proxy`: it plays the client and the broker too.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::thread;

use bytes::{Buf, Bytes, BytesMut};
use milena_protocol::frame::{self, EncodedFrame, Framer};
use milena_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use milena_protocol::messages::{ProduceRequest, ProduceResponse};
use milena_protocol::names::TopicName;
use milena_protocol::records::{
    BatchBuilder, BatchOptions, HEADER_SIZE, Limits, Part, batches, rewrite_header,
};
use milena_protocol::wire::Records;
use milena_protocol::{ApiKey, Message, Request, RequestHeader, Response, ResponseHeader};

const PREFIX: &str = "blue.";

/// The version that the client here speaks; the proxy goes by what the header says.
const VERSION: i16 = 9;

/// What the proxy writes into batches.
const BASE_OFFSET: i64 = 1000;
const LEADER_EPOCH: i32 = 3;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let (broker, broker_address) = listen(|mut socket| play_broker(&mut socket))?;
    let (proxy, proxy_address) = listen(move |mut client| forward(&mut client, broker_address))?;

    let mut socket = TcpStream::connect(proxy_address)?;
    let value = vec![b'x'; 100_000];
    write_frame(&mut socket, frame::encode_request(7, Some("example"), VERSION, &a_request(&value)?)?)?;
    let answer = read_frame(&mut socket)?;
    let (header, body) = ResponseHeader::read(ApiKey::PRODUCE, VERSION, &answer)?;
    let response = ProduceResponse::read(&body, VERSION)?;

    let copied = proxy.join().expect("the proxy does not panic")?;
    let stored = broker.join().expect("the broker does not panic")?;
    println!("the broker got {} bytes of records for {}", stored.size, stored.topic);
    println!("the proxy wrote {copied} bytes of its own for it");

    assert_eq!((header.correlation_id, &*response.responses[0].name), (7, "orders"));
    assert_eq!(
        (&*stored.topic, stored.base_offset, stored.leader_epoch),
        ("blue.orders", BASE_OFFSET, LEADER_EPOCH)
    );
    assert_eq!(stored.values, [value]);
    assert!(copied < 300, "only headers and names are written anew");
    Ok(())
}

/// Passes one request on and one answer back. Gives how many bytes of the request were written anew.
fn forward(client: &mut TcpStream, broker: SocketAddr) -> Outcome<usize> {
    let mut broker = TcpStream::connect(broker)?;
    let received = read_frame(client)?;
    let (header, body) = RequestHeader::read(&received)?;
    let (key, version) = (header.request_api_key, header.request_api_version);

    let Request::Produce(mut request) = Request::decode(key, version, &body)? else {
        return Err(format!("this proxy is for Produce, and not for {key}").into());
    };
    for topic in &mut request.topic_data {
        topic.name = TopicName::from(format!("{PREFIX}{}", topic.name));
        for partition in &mut topic.partition_data {
            partition.records = partition.records.take().map(|records| append(&records)).transpose()?;
        }
    }
    let frame = frame::encode_request(header.correlation_id, header.client_id.as_deref(), version, &request)?;
    let copied = bytes_outside(&frame, &received);
    write_frame(&mut broker, frame)?;

    let answer = read_frame(&mut broker)?;
    let (header, body) = ResponseHeader::read(key, version, &answer)?;
    let mut response = ProduceResponse::read(&body, version)?;
    for topic in &mut response.responses {
        let name = topic.name.strip_prefix(PREFIX).ok_or("the broker answers for another topic")?;
        topic.name = TopicName::from(name);
    }
    write_frame(
        client,
        frame::encode_response(version, header.correlation_id, &Response::Produce(response))?,
    )?;
    Ok(copied)
}

/// Gives each batch its offset and epoch: a new header, and the records as they came.
fn append(records: &Records) -> Outcome<Records> {
    let (mut offset, mut slices) = (BASE_OFFSET, Vec::new());
    for part in batches(&records.to_bytes()) {
        let Part::Batch(batch) = part? else { return Err("not a whole batch of format 2".into()) };
        let count = i64::from(batch.header().last_offset_delta) + 1;
        slices.extend(rewrite_header(&batch, offset, LEADER_EPOCH, None));
        offset += count;
    }
    Ok(Records::from_slices(slices))
}

/// How many bytes of `frame` are not slices of `received`.
fn bytes_outside(frame: &EncodedFrame, received: &Bytes) -> usize {
    let Range { start, end } = received.as_ptr_range();
    let is_outside = |part: &&Bytes| part.as_ptr() < start || part.as_ptr() >= end;
    frame.parts().filter(is_outside).map(Bytes::len).sum()
}

/// What the broker found in the request.
struct Stored {
    topic: TopicName,
    size: usize,
    base_offset: i64,
    leader_epoch: i32,
    values: Vec<Vec<u8>>,
}

/// Reads one produce request with one batch, checks it, and acknowledges it.
fn play_broker(socket: &mut TcpStream) -> Outcome<Stored> {
    let received = read_frame(socket)?;
    let (header, body) = RequestHeader::read(&received)?;
    let request = ProduceRequest::read(&body, header.request_api_version)?;
    let topic = &request.topic_data[0];
    let records = topic.partition_data[0].records.as_ref().ok_or("no records")?.to_bytes();
    let Some(Part::Batch(batch)) = batches(&records).next().transpose()? else {
        return Err("no batch".into());
    };
    // This compares the checksum, which has to hold although the header was changed.
    let set = batch.records(&Limits::default())?;
    let values = set.iter().map(|record| Ok(record?.value.unwrap_or_default().to_vec()));
    let stored = Stored {
        topic: topic.name.clone(),
        size: records.len() - HEADER_SIZE,
        base_offset: batch.header().base_offset,
        leader_epoch: batch.header().partition_leader_epoch,
        values: values.collect::<Outcome<_>>()?,
    };
    let partition = PartitionProduceResponse { base_offset: stored.base_offset, ..Default::default() };
    let answer = TopicProduceResponse {
        name: topic.name.clone(),
        partition_responses: vec![partition],
        ..Default::default()
    };
    let response = Response::Produce(ProduceResponse { responses: vec![answer], ..Default::default() });
    let (version, id) = (header.request_api_version, header.correlation_id);
    write_frame(socket, frame::encode_response(version, id, &response)?)?;
    Ok(stored)
}

/// One batch with one record for `orders`.
fn a_request(value: &[u8]) -> Outcome<ProduceRequest> {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    builder.append(1_700_000_000_000, Some(b"customer-7"), Some(value), [])?;
    let partition = PartitionProduceData { records: Some(builder.build()?.into()), ..Default::default() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
    Ok(ProduceRequest { topic_data: vec![topic], timeout_ms: 30_000, ..Default::default() })
}

/// Serves one connection on a free port.
fn listen<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> Outcome<T> + Send + 'static,
) -> io::Result<(thread::JoinHandle<Outcome<T>>, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    Ok((thread::spawn(move || serve(listener.accept()?.0)), address))
}

fn read_frame(socket: &mut TcpStream) -> Outcome<Bytes> {
    let (framer, mut received, mut piece) = (Framer::default(), BytesMut::new(), [0; 4096]);
    loop {
        if let Some(frame) = framer.next(&mut received)? {
            return Ok(frame);
        }
        match socket.read(&mut piece)? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => received.extend_from_slice(&piece[..count]),
        }
    }
}

/// Writes the parts of a frame in as few calls as the system allows.
fn write_frame(socket: &mut TcpStream, mut frame: EncodedFrame) -> io::Result<()> {
    while frame.has_remaining() {
        let mut slices = [IoSlice::new(&[]); 16];
        let count = frame.chunks_vectored(&mut slices);
        match socket.write_vectored(&slices[..count])? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => frame.advance(written),
        }
    }
    Ok(())
}
