//! Build a produce request and send it: records → batch → request → frame → socket, and the answer back.
//!
//! ```text
//! us      ApiVersions ──▶                   ◀── what the broker offers       broker
//!         Produce, in the highest version
//!         that both sides have ──▶          ◀── offset, or an error code
//! ```
//!
//! Run it with `cargo run -p milena-protocol --example send_produce`: it plays the broker too. With an address, such as
//! `-- 127.0.0.1:9092`, it sends to the topic `orders` of a real one.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bytes::{Buf, Bytes, BytesMut};
use milena_protocol::frame::{self, EncodedFrame, Framer};
use milena_protocol::messages::api_versions::ApiVersion;
use milena_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use milena_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, ProduceRequest, ProduceResponse};
use milena_protocol::names::Acks;
use milena_protocol::records::{BatchBuilder, BatchOptions, Compression};
use milena_protocol::{
    ApiKey, ApiVersionsAnswer, BrokerVersions, Message, Request, RequestHeader, RequestMessage, Response,
    ResponseHeader,
};

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(address) = std::env::args().nth(1) {
        let offset = send(&mut Connection::to(TcpStream::connect(address)?))?;
        println!("stored from offset {offset} on");
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let broker = thread::spawn(move || play_broker(listener).map_err(|error| error.to_string()));

    let offset = send(&mut Connection::to(TcpStream::connect(address)?))?;
    println!("stored from offset {offset} on");

    let stored = broker.join().expect("the broker does not panic")?;
    assert_eq!((offset, stored), (42, a_request()?.topic_data));
    Ok(())
}

/// Agrees on a version, sends, and gives the offset of the first record.
fn send(connection: &mut Connection) -> Result<i64, Box<dyn Error>> {
    let versions = connection.versions()?;
    let version = versions.agree(ApiKey::PRODUCE).ok_or("the broker speaks no Produce that we know")?;
    // From version 13 on topics go by id, which a client learns from Metadata.
    let version = version.min(12);
    println!("Produce in version {version}");

    let body = connection.ask(version, &a_request()?)?;
    let response = ProduceResponse::read(&body, version)?;
    let partition = response.responses.first().and_then(|topic| topic.partition_responses.first());
    let partition = partition.ok_or("the answer has no partition")?;
    if partition.error_code.is_error() {
        return Err(format!("not stored: {}", partition.error_code).into());
    }
    Ok(partition.base_offset)
}

/// One batch for one partition.
fn a_request() -> Result<ProduceRequest, Box<dyn Error>> {
    let options = BatchOptions { compression: Compression::Zstd, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(Vec::with_capacity(16 * 1024), options);
    for number in 0..100_u32 {
        let (key, value) = (format!("customer-{}", number % 7), format!("order {number}"));
        builder.append(1_700_000_000_000, Some(key.as_bytes()), Some(value.as_bytes()), [])?;
    }
    let partition =
        PartitionProduceData { index: 0, records: Some(builder.build()?.into()), ..Default::default() };
    let topic =
        TopicProduceData { name: "orders".into(), partition_data: vec![partition], ..Default::default() };
    Ok(ProduceRequest { acks: Acks::ALL, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() })
}

/// A socket, what came from it and was not used yet, and how many requests were sent.
struct Connection {
    socket: TcpStream,
    received: BytesMut,
    correlation_id: i32,
}

impl Connection {
    fn to(socket: TcpStream) -> Self {
        Self { socket, received: BytesMut::new(), correlation_id: 0 }
    }

    /// Asks which versions the broker has, in a lower version if it must be (KIP-511).
    fn versions(&mut self) -> Result<BrokerVersions, Box<dyn Error>> {
        let us = ApiVersionsRequest {
            client_software_name: "example".into(),
            client_software_version: "1.0".into(),
            ..Default::default()
        };
        let mut version = ApiVersionsAnswer::FIRST_VERSION;
        loop {
            match ApiVersionsAnswer::read(&self.ask(version, &us)?, version)? {
                ApiVersionsAnswer::Offered(versions) => return Ok(versions),
                ApiVersionsAnswer::AskAgain(lower) => version = lower,
                ApiVersionsAnswer::Refused(code) => return Err(format!("no versions: {code}").into()),
            }
        }
    }

    /// Sends a request and gives the body of the answer.
    fn ask<M: RequestMessage>(&mut self, version: i16, request: &M) -> Result<Bytes, Box<dyn Error>> {
        self.correlation_id += 1;
        let frame = frame::encode_request(self.correlation_id, Some("example"), version, request)?;
        write_frame(&mut self.socket, frame)?;
        let answer = read_frame(&mut self.socket, &mut self.received)?;
        let (header, body) = ResponseHeader::read(M::KEY, version, &answer)?;
        if header.correlation_id != self.correlation_id {
            return Err("this is the answer to another request".into());
        }
        Ok(body)
    }
}

/// Writes the parts of a frame in as few calls as the system allows: the batch in it is not copied.
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

fn read_frame(socket: &mut TcpStream, received: &mut BytesMut) -> Result<Bytes, Box<dyn Error>> {
    let (framer, mut piece) = (Framer::default(), [0; 4096]);
    loop {
        if let Some(frame) = framer.next(received)? {
            return Ok(frame);
        }
        match socket.read(&mut piece)? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => received.extend_from_slice(&piece[..count]),
        }
    }
}

/// A broker that stores everything at offset 42, knows ApiVersions up to version 2 only, and Produce up to 9.
fn play_broker(listener: TcpListener) -> Result<Vec<TopicProduceData>, Box<dyn Error>> {
    let (mut socket, _) = listener.accept()?;
    let mut received = BytesMut::new();
    loop {
        let frame = read_frame(&mut socket, &mut received)?;
        let (header, body) = RequestHeader::read(&frame)?;
        let (version, id) = (header.request_api_version, header.correlation_id);
        match Request::decode(header.request_api_key, version, &body)? {
            Request::ApiVersions(_) => {
                let (version, response) = offer(version);
                write_frame(
                    &mut socket,
                    frame::encode_response(version, id, &Response::ApiVersions(response))?,
                )?;
            }
            Request::Produce(request) => {
                let response = Response::Produce(acknowledge(&request));
                write_frame(&mut socket, frame::encode_response(version, id, &response)?)?;
                return Ok(request.topic_data);
            }
            other => return Err(format!("{} is not expected", other.api_key()).into()),
        }
    }
}

/// The answer to ApiVersions, and the version that it is in.
fn offer(asked: i16) -> (i16, ApiVersionsResponse) {
    let range = |key: ApiKey, max_version| ApiVersion { api_key: key.0, max_version, ..Default::default() };
    let api_keys = vec![range(ApiKey::PRODUCE, 9), range(ApiKey::API_VERSIONS, 2)];
    let mut response = ApiVersionsResponse { api_keys, ..Default::default() };
    if asked > 2 {
        response.error_code = milena_protocol::ErrorCode::UNSUPPORTED_VERSION;
        return (0, response);
    }
    (asked, response)
}

fn acknowledge(request: &ProduceRequest) -> ProduceResponse {
    let partition = |partition: &PartitionProduceData| PartitionProduceResponse {
        index: partition.index,
        base_offset: 42,
        ..Default::default()
    };
    let topic = |topic: &TopicProduceData| TopicProduceResponse {
        name: topic.name.clone(),
        partition_responses: topic.partition_data.iter().map(partition).collect(),
        ..Default::default()
    };
    ProduceResponse { responses: request.topic_data.iter().map(topic).collect(), ..Default::default() }
}
