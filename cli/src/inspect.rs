//! `milena inspect`: prints what lies in bytes of the Kafka protocol.
//!
//! ```text
//! inspect.rs      the command line, and what the bytes are taken for
//!   input.rs      hex, files, standard input
//!   packets.rs    a capture, of the format of pcap.rs or pcapng.rs ─▶ packets
//!   segment.rs    packets ─▶ TCP segments      capture.rs   segments ─▶ streams of both directions ─▶ frames
//!   stream.rs     a stream ─▶ frames; which response answers which request
//!   message.rs    a frame or a body ─▶ a finding: header, body, or what is wrong where
//!   tree.rs       a body as named values       batches.rs   the batches in a records field
//!   report.rs     findings ─▶ text.rs, json.rs
//! ```
//!
//! All of it works on bytes that may be anything: what cannot be read is said with its place, and reading goes on behind.

mod batches;
mod capture;
mod input;
mod json;
mod message;
mod packets;
mod pcap;
mod pcapng;
mod report;
mod segment;
mod stream;
mod text;
mod tree;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use protocol::frame::DEFAULT_MAX_FRAME_BYTES;
use protocol::{ApiKey, RequestHeader};

use self::input::Format;
use self::message::{Finding, Named, Trouble};
use self::report::{Place, Reporter};
use self::stream::{Awaited, Content, PREFIX};
use self::tree::Item;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The bytes, as hex digits.
    #[arg(long, conflicts_with = "file")]
    hex: Option<String>,
    /// A file with the bytes, or with hex digits, or a capture; `-` is standard input.
    #[arg(long)]
    file: Option<PathBuf>,
    /// How the file is written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// One message: the API by name or key, or a data message by name.
    #[arg(long, value_name = "NAME", value_parser = Named::parse)]
    api: Option<Named>,
    /// The version of that message.
    #[arg(long, value_name = "N")]
    version: Option<i16>,
    /// Whether it is a request or a response.
    #[arg(long = "type", value_enum)]
    direction: Option<Direction>,
    /// It is a body alone, without length and header; found out by trying if this is not given.
    #[arg(long, requires = "api")]
    body: bool,
    /// The bytes are the content of a records field: record batches.
    #[arg(long, conflicts_with_all = ["api", "stream"])]
    records: bool,
    /// Whole frames, one after another, as one side of a connection sent them.
    #[arg(long, value_enum, conflicts_with = "body")]
    stream: Option<Stream>,
    /// The frames that the other side sent: a response does not say which request it answers, its correlation id does.
    #[arg(long, value_name = "FILE", requires = "stream")]
    requests: Option<PathBuf>,
    /// The brokers' port in a capture.
    #[arg(long, default_value_t = 9092)]
    port: u16,

    /// Prints one JSON object a line, with bodies in Kafka's JSON form; unknown tagged fields stand in an extra key,
    /// `_unknownTaggedFields`, which Kafka's does not have.
    #[arg(long)]
    json: bool,
    /// Prints the records in the batches too.
    #[arg(long)]
    records_content: bool,
    /// The longest frame that is taken for one, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_FRAME_BYTES)]
    max_frame_bytes: usize,
}

const EXAMPLES: &str = "\
Examples:
  milena inspect --api Metadata --version 12 --type request --hex '01 00 01 00'
  milena inspect --stream responses --requests sent.bin --file received.bin --json
  milena inspect --file port-9092.pcapng --records-content
  milena inspect --records --file 00000000000000000000.log

Exit code: 0 if all could be read, 1 if anything was malformed.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
    Request,
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stream {
    Requests,
    Responses,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let content = match (&arguments.hex, &arguments.file) {
        (Some(hex), _) => input::unhex(hex.as_bytes())?,
        (None, Some(file)) => input::read(file)?,
        (None, None) => return Err(Failure::usage("give the bytes with --hex or --file")),
    };
    let mut reporter = Reporter {
        output: BufWriter::new(io::stdout().lock()),
        as_json: arguments.json,
        with_records: arguments.records_content,
        is_right: true,
    };
    let is_capture = match arguments.format {
        Format::Auto => arguments.hex.is_none() && packets::is_capture(&content),
        format => format == Format::Pcap,
    };
    let shown = if is_capture {
        show_capture(arguments, &content, &mut reporter)
    } else {
        let bytes = if arguments.hex.is_some() { content } else { input::decode(content, arguments.format)? };
        show_bytes(arguments, &bytes, &mut reporter)
    };
    // What was found before a failure is shown too.
    reporter.output.flush()?;
    shown.map(|()| if reporter.is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show_capture<W: Write>(
    arguments: &Arguments,
    capture: &[u8],
    reporter: &mut Reporter<W>,
) -> Result<(), Failure> {
    let (port, max_frame_bytes) = (arguments.port, arguments.max_frame_bytes);
    let show = |place: &Place<'_>, finding| Ok(reporter.show(place, &finding)?);
    match capture::frames(capture, port, max_frame_bytes, show)? {
        0 => {
            Err(Failure::new(format!("the capture has no TCP connection to port {port}: try another --port")))
        }
        _ => Ok(()),
    }
}

fn show_bytes<W: Write>(
    arguments: &Arguments,
    bytes: &Bytes,
    reporter: &mut Reporter<W>,
) -> Result<(), Failure> {
    let length = bytes.len();
    let whole = |start| Place { offset: 0, start, length, origin: None };
    if arguments.records {
        let body = Ok(Item::Records(bytes.clone()));
        let finding = Finding::start("records", "", None).with_body(body);
        return Ok(reporter.show(&whole(0), &finding)?);
    }
    if let Some(stream) = arguments.stream {
        return show_stream(arguments, stream, bytes, reporter);
    }
    let (start, finding) = match (arguments.api, arguments.direction) {
        (Some(Named::Data(name, read)), None) => {
            let version = arguments.version.ok_or_else(|| Failure::usage(NO_VERSION))?;
            (0, message::data(name, read, version, bytes))
        }
        (Some(Named::Data(..)), Some(_)) => {
            return Err(Failure::usage(
                "a data message is neither a request nor a response: leave --type out",
            ));
        }
        (Some(Named::Api(key)), Some(Direction::Response)) => {
            let version = arguments.version.ok_or_else(|| Failure::usage(NO_VERSION))?;
            response_reading(arguments, key, version, bytes).ok_or_else(|| Failure::usage(NO_VERSION))?
        }
        (Some(Named::Api(key)), Some(Direction::Request)) => {
            request_reading(arguments, Some(key), bytes).ok_or_else(|| Failure::usage(NO_VERSION))?
        }
        (None, Some(Direction::Request)) => {
            request_reading(arguments, None, bytes).ok_or_else(|| Failure::usage(NO_VERSION))?
        }
        (Some(Named::Api(_)), None) => return Err(Failure::usage("give --type request or --type response")),
        (None, Some(Direction::Response)) => {
            return Err(Failure::usage("a response does not say what it is: give --api and --version"));
        }
        (None, None) => {
            let ways = "--stream, --type with --api and --version, --records, or a capture file";
            return Err(Failure::usage(format!("say what the bytes are: {ways}")));
        }
    };
    Ok(reporter.show(&whole(start), &finding)?)
}

const NO_VERSION: &str = "give --version: these bytes do not say their version";

/// What bytes could be read as: where the reading begins, and what comes of it.
type Reading = (usize, Finding);

/// The first reading without trouble, else that which got furthest.
fn best(readings: impl DoubleEndedIterator<Item = Reading>) -> Option<Reading> {
    let progress = |(_, finding): &Reading| match &finding.trouble {
        None => usize::MAX,
        Some(trouble) => trouble.offset,
    };
    // Of equal ones `max_by_key` takes the last.
    readings.rev().max_by_key(progress)
}

/// A request frame if its length stands before it, else one without its length, or a body. If it is said what it is, its
/// header must agree.
fn request_reading(arguments: &Arguments, api_key: Option<ApiKey>, bytes: &Bytes) -> Option<Reading> {
    let is_asked = |frame: &Bytes| match (RequestHeader::peek(frame), api_key) {
        (Some((key, version, _)), Some(asked)) => {
            key == asked && arguments.version.is_none_or(|asked| version == asked)
        }
        (_, asked) => asked.is_none(),
    };
    let mut frame = None;
    if !arguments.body {
        let (start, content) =
            framed(bytes, LEAST_REQUEST).map_or((0, bytes.clone()), |frame| (PREFIX, frame));
        frame = is_asked(&content).then(|| (start, message::request(&content)));
        if frame.is_some() && start == PREFIX {
            return frame;
        }
    }
    let body =
        api_key.zip(arguments.version).map(|(key, version)| message::request_body(key, version, bytes));
    best(frame.into_iter().chain(body.map(|body| (0, body))))
}

/// A response frame if its length stands before it, else a body, or a frame without its length. A correlation id is no
/// sign to know a frame by, so that a body that can be read is taken for one.
fn response_reading(arguments: &Arguments, key: ApiKey, version: i16, bytes: &Bytes) -> Option<Reading> {
    let body = || (0, message::response_body(key, version, bytes));
    if arguments.body {
        return Some(body());
    }
    match framed(bytes, LEAST_RESPONSE) {
        Some(frame) => Some((PREFIX, message::response(key, version, &frame))),
        None => best([body(), (0, message::response(key, version, bytes))].into_iter()),
    }
}

/// What follows a length that fits exactly. That is no accident, unless what it counts is too short for a header: four
/// bytes of zeros may well be a body.
fn framed(bytes: &Bytes, least: usize) -> Option<Bytes> {
    let length = usize::try_from(i32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
    (length >= least && length == bytes.len() - PREFIX).then(|| bytes.slice(PREFIX..))
}

/// The shortest header of a request: key, version, correlation id.
const LEAST_REQUEST: usize = 8;
/// The shortest header of a response: the correlation id.
const LEAST_RESPONSE: usize = 4;

fn show_stream<W: Write>(
    arguments: &Arguments,
    stream: Stream,
    bytes: &[u8],
    reporter: &mut Reporter<W>,
) -> Result<(), Failure> {
    let mut awaited = Awaited::default();
    let known = match (stream, &arguments.requests, arguments.api, arguments.version) {
        (Stream::Responses, Some(file), ..) => {
            let sent = input::decode(input::read(file)?, arguments.format)?;
            for piece in stream::pieces(&sent, arguments.max_frame_bytes) {
                if let Content::Frame(frame) = &piece.content {
                    awaited.note(frame);
                }
            }
            None
        }
        (Stream::Responses, None, Some(Named::Api(key)), Some(version)) => Some((key, version)),
        (Stream::Responses, None, ..) => {
            let ways = "give the requests with --requests FILE, or --api and --version if all are the same";
            return Err(Failure::usage(format!("a response does not say which request it answers: {ways}")));
        }
        (Stream::Requests, ..) => None,
    };
    let kind = if stream == Stream::Requests { "request" } else { "response" };
    for piece in stream::pieces(bytes, arguments.max_frame_bytes) {
        let (start, length, finding) = match &piece.content {
            Content::Frame(frame) => {
                let finding = match (stream, known) {
                    (Stream::Requests, _) => message::request(frame),
                    (Stream::Responses, Some((key, version))) => message::response(key, version, frame),
                    (Stream::Responses, None) => awaited.response(frame),
                };
                (PREFIX, PREFIX + frame.len(), finding)
            }
            Content::Cut { have, missing } => {
                let message = format!("the input ends within a frame: {missing} bytes are missing");
                (*have, *have, Finding::broken(kind, Trouble::new("UnexpectedEnd", message)))
            }
            Content::Senseless(trouble) => {
                let trouble = trouble.clone();
                (0, bytes.len() - piece.offset, Finding::broken(kind, trouble))
            }
        };
        let place = Place { offset: piece.offset, start: piece.offset + start, length, origin: None };
        reporter.show(&place, &finding)?;
    }
    Ok(())
}
