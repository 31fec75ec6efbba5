//! A sink that costs next to nothing: it answers blindly, and the kernel throws the records away.
//!
//! It speaks ApiVersions, Metadata, InitProducerId and Produce 3 to 11, for one topic with all partitions on one broker.
//! Of a batch it reads the header, for the number of records, and no more.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use bytes::Bytes;
use milena_protocol::messages::api_versions::ApiVersion;
use milena_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::{ApiVersionsResponse, InitProducerIdResponse, MetadataResponse};
use milena_protocol::names::{BrokerId, ProducerId, Uuid};
use milena_protocol::{ApiKey, Request, RequestHeader, Response, frame};
use rustix::net::{RecvFlags, recv};

use super::load::TOPIC;

/// How many partitions the topic has.
pub const PARTITIONS: i32 = 6;

/// A sink that runs in threads of this process.
#[derive(Debug)]
pub struct Sink {
    port: u16,
    next_offset: Vec<AtomicI64>,
    next_producer_id: AtomicI64,
}

/// Starts a sink that lives as long as the process, and gives its port.
///
/// # Errors
/// That no port is to be had.
pub fn start() -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let next_offset = (0..PARTITIONS).map(|_| AtomicI64::new(0)).collect();
    let sink = Arc::new(Sink { port, next_offset, next_producer_id: AtomicI64::new(1000) });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sink = Arc::clone(&sink);
            thread::spawn(move || match Connection::new(&stream).and_then(|link| link.serve(&sink)) {
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => eprintln!("sink: {error}"),
                _ => {}
            });
        }
    });
    Ok(port)
}

struct Connection<'a> {
    stream: &'a TcpStream,
    input: BufReader<&'a TcpStream>,
    answer: Vec<u8>,
    /// Where the kernel would write what it throws away; it never does.
    nowhere: Vec<u8>,
}

/// Bytes of a batch up to its records.
const BATCH_HEADER: usize = 61;

impl<'a> Connection<'a> {
    fn new(stream: &'a TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let input = BufReader::with_capacity(64 << 10, stream);
        Ok(Self { stream, input, answer: Vec::new(), nowhere: vec![0; 1 << 20] })
    }

    fn serve(mut self, sink: &Sink) -> io::Result<()> {
        loop {
            let length = self.int32()? as usize;
            let key = self.int16()?;
            let version = self.int16()?;
            let correlation_id = self.int32()?;
            self.answer.clear();
            if key == ApiKey::PRODUCE.0 {
                self.answer.extend([0; 4]);
                self.answer.extend(correlation_id.to_be_bytes());
                let acks = self.produce(version, sink)?;
                let size = self.answer.len() as i32 - 4;
                self.answer[..4].copy_from_slice(&size.to_be_bytes());
                if acks == 0 {
                    continue;
                }
            } else {
                let mut request = [&key.to_be_bytes()[..], &version.to_be_bytes()].concat();
                request.extend(correlation_id.to_be_bytes());
                request.resize(length, 0);
                self.input.read_exact(&mut request[8..])?;
                let response = sink.answer(&Bytes::from(request)).map_err(io::Error::other)?;
                let frame = frame::encode_response(version, correlation_id, &response);
                self.answer.extend(frame.map_err(io::Error::other)?.into_bytes());
            }
            self.stream.write_all(&self.answer)?;
        }
    }

    /// Walks through a Produce request from behind its correlation id, and writes the answer; gives the acks.
    fn produce(&mut self, version: i16, sink: &Sink) -> io::Result<i16> {
        let is_flexible = version >= 9;
        let client_id = self.int16()?;
        self.skip(usize::try_from(client_id).unwrap_or(0))?;
        if is_flexible {
            self.skip_tags()?;
            self.answer.push(0);
        }
        self.text(is_flexible)?;
        let acks = self.int16()?;
        self.int32()?;
        let topics = self.count(is_flexible)?;
        self.put_count(is_flexible, topics);
        for _ in 0..topics {
            let name = self.text(is_flexible)?;
            if is_flexible {
                self.answer.push(name.len() as u8 + 1);
            } else {
                self.answer.extend((name.len() as i16).to_be_bytes());
            }
            self.answer.extend(name);
            let partitions = self.count(is_flexible)?;
            self.put_count(is_flexible, partitions);
            for _ in 0..partitions {
                self.partition(version, sink)?;
            }
            if is_flexible {
                self.skip_tags()?;
                self.answer.push(0);
            }
        }
        if is_flexible {
            self.skip_tags()?;
        }
        self.answer.extend(0_i32.to_be_bytes());
        if is_flexible {
            self.answer.push(0);
        }
        Ok(acks)
    }

    fn partition(&mut self, version: i16, sink: &Sink) -> io::Result<()> {
        let is_flexible = version >= 9;
        let index = self.int32()?;
        let size = self.count(is_flexible)? as usize;
        let mut header = [0; BATCH_HEADER];
        self.input.read_exact(&mut header)?;
        let count = i64::from(u32::from_be_bytes([header[57], header[58], header[59], header[60]]));
        self.skip(size.saturating_sub(BATCH_HEADER))?;
        if is_flexible {
            self.skip_tags()?;
        }
        let next = sink.next_offset.get(index as usize);
        let next = next.ok_or_else(|| io::Error::other(format!("there is no partition {index}")))?;
        let base_offset = next.fetch_add(count, Ordering::Relaxed);
        self.answer.extend(index.to_be_bytes());
        self.answer.extend(0_i16.to_be_bytes());
        self.answer.extend(base_offset.to_be_bytes());
        self.answer.extend((-1_i64).to_be_bytes());
        if version >= 5 {
            self.answer.extend(0_i64.to_be_bytes());
        }
        match version {
            ..8 => {}
            8 => self.answer.extend([0, 0, 0, 0, 0xff, 0xff]),
            // No record errors, no message, no tagged fields.
            _ => self.answer.extend([1, 0, 0]),
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) -> io::Result<()> {
        let buffered = bytes.min(self.input.buffer().len());
        self.input.consume(buffered);
        let mut left = bytes - buffered;
        while left > 0 {
            // With TRUNC the kernel drops the bytes instead of copying them.
            let most = left.min(self.nowhere.len());
            let (_, dropped) = recv(self.stream, &mut self.nowhere[..most], RecvFlags::TRUNC)?;
            if dropped == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= dropped;
        }
        Ok(())
    }

    fn skip_tags(&mut self) -> io::Result<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let size = self.varint()?;
            self.skip(size as usize)?;
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn int16(&mut self) -> io::Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    fn int32(&mut self) -> io::Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    fn varint(&mut self) -> io::Result<u32> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 28 {
                return Ok(value);
            }
        }
    }

    /// The length of an array or of a records field.
    fn count(&mut self, is_flexible: bool) -> io::Result<i32> {
        if is_flexible { Ok(self.varint()? as i32 - 1) } else { self.int32() }
    }

    fn put_count(&mut self, is_flexible: bool, count: i32) {
        if is_flexible {
            self.answer.push(count as u8 + 1);
        } else {
            self.answer.extend(count.to_be_bytes());
        }
    }

    fn text(&mut self, is_flexible: bool) -> io::Result<Vec<u8>> {
        let length = if is_flexible { self.varint()? as i32 - 1 } else { i32::from(self.int16()?) };
        let mut text = vec![0; usize::try_from(length).unwrap_or(0)];
        self.input.read_exact(&mut text)?;
        Ok(text)
    }
}

impl Sink {
    fn answer(&self, frame: &Bytes) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
        let (header, body) = RequestHeader::read(frame)?;
        let request = Request::decode(header.request_api_key, header.request_api_version, &body)?;
        Ok(match request {
            Request::ApiVersions(_) => versions().into(),
            Request::Metadata(_) => self.metadata().into(),
            Request::InitProducerId(_) => {
                let producer_id = ProducerId(self.next_producer_id.fetch_add(1, Ordering::Relaxed));
                InitProducerIdResponse { producer_id, ..Default::default() }.into()
            }
            other => return Err(format!("a producer does not ask {other:?}").into()),
        })
    }

    fn metadata(&self) -> MetadataResponse {
        let broker = MetadataResponseBroker {
            node_id: BrokerId(1),
            host: "127.0.0.1".into(),
            port: i32::from(self.port),
            ..Default::default()
        };
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            leader_id: BrokerId(1),
            replica_nodes: [BrokerId(1)].into_iter().collect(),
            isr_nodes: [BrokerId(1)].into_iter().collect(),
            ..Default::default()
        };
        let topic = MetadataResponseTopic {
            name: Some(TOPIC.into()),
            topic_id: Uuid::from_u128(7),
            partitions: (0..PARTITIONS).map(partition).collect(),
            ..Default::default()
        };
        MetadataResponse {
            brokers: vec![broker],
            cluster_id: Some("sink".into()),
            controller_id: BrokerId(1),
            topics: vec![topic],
            ..Default::default()
        }
    }
}

fn versions() -> ApiVersionsResponse {
    // Fetch, ListOffsets and FindCoordinator are never asked for; some clients judge a broker's age by them.
    let offered = [(0, 3, 11), (1, 4, 11), (2, 1, 5), (3, 0, 12), (10, 0, 4), (18, 0, 4), (22, 0, 4)];
    let api = |&(api_key, min_version, max_version): &(i16, i16, i16)| ApiVersion {
        api_key,
        min_version,
        max_version,
        ..Default::default()
    };
    ApiVersionsResponse { api_keys: offered.iter().map(api).collect(), ..Default::default() }
}

/// Counts nothing, but keeps the process alive until its parent has gone.
///
/// # Errors
/// That no port is to be had.
pub fn serve() -> io::Result<()> {
    println!("{}", start()?);
    // Ends with the standard input, so that no sink outlives the race.
    let mut nothing = Vec::new();
    io::stdin().read_to_end(&mut nothing)?;
    Ok(())
}
