//! The program `milena`, as a person uses it, against the mock and against the real broker.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::Ordering,
    thread,
};

use harness::{
    cases::{Cases, Trouble, Work},
    random::Random,
    rows::{self, Row},
    tools,
};

use crate::{
    Places,
    parties::Parties,
    plan::{COMPRESSIONS, Leg, Party, Place},
};

/// The program's cases, as pieces of work of one case each.
pub(crate) fn work<'a>(cases: &'a Cases, parties: &'a Parties, places: &'a Places) -> Vec<Work<'a>> {
    let mut work: Vec<Work<'a>> = Vec::new();
    for place in [Place::Mock, Place::Kafka] {
        work.push(Box::new(move || {
            cases.run(&format!("milena topics > {place}"), || topics(&places.tool(place)?))
        }));
        for (index, compression) in COMPRESSIONS.into_iter().enumerate() {
            let [reader, writer] =
                [[Party::Librdkafka, Party::Java], [Party::Java, Party::Librdkafka]][index % 2];
            work.push(Box::new(move || {
                let case = format!("milena produce > {place} > {reader}, {compression}");
                cases.run(&case, || produce(places, &places.tool(place)?, parties, reader, compression));
            }));
            work.push(Box::new(move || {
                let topic = format!("program.read.{compression}");
                let leg = Leg { topic, writer, place, acks: "all", compression, readers: Vec::new() };
                let case = format!("{writer} > {place} > milena consume, {compression}");
                cases.run(&case, || consume(places, &places.tool(place)?, parties, &leg));
            }));
        }
    }
    work
}

/// The program, pointed at one place.
struct Tool<'a> {
    program: &'a Path,
    bootstrap: String,
}

impl Places {
    fn tool(&self, place: Place) -> Result<Tool<'_>, Trouble> {
        let bootstrap = self.bootstrap_servers(place)?;
        let program = self.program.get_or_init(tools::milena_program).as_deref().map_err(String::clone)?;
        Ok(Tool { program, bootstrap })
    }
}

impl Tool<'_> {
    /// Runs it with these words and `--bootstrap-server`, gives it `input`, returns what it prints.
    fn run(&self, words: &str, input: &str) -> Result<String, String> {
        let mut command = Command::new(self.program);
        command.args(words.split(' ')).args(["--bootstrap-server", &self.bootstrap]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| format!("{}: {e}", self.program.display()))?;
        let (mut stdin, input) = (child.stdin.take().expect("standard input is piped"), input.to_owned());
        // A thread of its own: the program may print before it has read everything.
        let feed = thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().map_err(|e| e.to_string())?;
        let fed = feed.join().expect("writing does not panic");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("milena {words}: {}: {printed}{}", output.status, tools::tail(&log)));
        }
        fed.map_err(|e| format!("milena {words}: it did not read its input: {e}"))?;
        Ok(printed)
    }

    fn create(&self, topic: &str, partitions: i32) -> Result<(), String> {
        let words = format!("topics create --topic {topic} --partitions {partitions} --replication-factor 1");
        self.run(&words, "").map(drop)
    }

    fn lists(&self, topic: &str) -> Result<bool, String> {
        Ok(self.run("topics list", "")?.lines().any(|line| line.trim() == topic))
    }
}

fn topics(tool: &Tool<'_>) -> Result<(), Trouble> {
    let topic = "program.topics";
    let expect = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    expect(!tool.lists(topic)?, "it is listed before it is there")?;
    tool.create(topic, 4)?;
    expect(tool.create(topic, 4).is_err(), "it can be created twice")?;
    expect(tool.lists(topic)?, "it is not listed")?;
    let described = tool.run(&format!("topics describe --topic {topic}"), "")?;
    // As kafka-topics shows it: a line for the topic, a line for each partition.
    let partitions = described.lines().filter(|line| line.contains("Partition: ")).count();
    expect(described.contains(topic) && partitions == 4, &format!("it is described as {described}"))?;
    tool.run(&format!("topics delete --topic {topic}"), "")?;
    expect(!tool.lists(topic)?, "it is listed after it was deleted")?;
    Ok(())
}

/// Lines to `milena produce`, read back by a real client.
fn produce(
    places: &Places,
    tool: &Tool<'_>,
    parties: &Parties,
    reader: Party,
    compression: &str,
) -> Result<(), Trouble> {
    let topic = format!("program.written.{compression}");
    tool.create(&topic, 1)?;
    let mut sent = lines_sample(compression);
    let input: String =
        sent.iter().map(|row| format!("{}\t{}\t{}\n", headers(row), key(row), value(row))).collect();
    let properties = "--reader-property parse.headers=true --reader-property parse.key=true \
                      --reader-property null.marker=null";
    let words = format!(
        "produce --topic {topic} --compression-codec {compression} --request-required-acks all {properties}"
    );
    tool.run(&words, &input)?;
    let read = parties.read(reader, &tool.bootstrap, &topic, 1, sent.len())?;
    // The program took the time at which it read a line.
    for (sent, read) in sent.iter_mut().zip(&read) {
        sent.timestamp = read.timestamp;
    }
    super::compare_and_prove(&sent, read, &mut Random::new(7))?;
    places.proven.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// What a real client wrote, as `milena consume` prints it.
fn consume(places: &Places, tool: &Tool<'_>, parties: &Parties, leg: &Leg) -> Result<(), Trouble> {
    tool.create(&leg.topic, 1)?;
    let sent = lines_sample(leg.compression);
    parties.write(leg, &tool.bootstrap, &sent)?;
    let properties: String = ["timestamp", "partition", "offset", "headers", "key"]
        .iter()
        .map(|what| format!(" --formatter-property print.{what}=true"))
        .collect();
    let words = format!(
        "consume --topic {} --from-beginning --max-messages {} --timeout-ms 20000{properties}",
        leg.topic,
        sent.len()
    );
    let printed = tool.run(&words, "")?;
    let expected = sent.iter().map(|row| {
        let (time, offset) = (row.timestamp, row.offset);
        let (headers, key, value) = (headers(row), key(row), value(row));
        format!("CreateTime:{time}\tPartition:0\tOffset:{offset}\t{headers}\t{key}\t{value}\n")
    });
    let expected: String = expected.collect();
    compare_lines(&expected, &printed)?;
    let changed = printed.replacen('\t', " ", 1);
    if compare_lines(&expected, &changed).is_ok() {
        return Err("with one byte changed the comparison still passes".to_owned().into());
    }
    places.proven.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn compare_lines(expected: &str, printed: &str) -> Result<(), String> {
    if expected == printed {
        return Ok(());
    }
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("nothing").to_owned();
    let at =
        expected.lines().zip(printed.lines()).take_while(|(expected, printed)| expected == printed).count();
    Err(format!("in line {} it printed {:?} instead of {:?}", at + 1, line(printed, at), line(expected, at)))
}

/// Records that can be typed: one partition, no tabs and no line ends, a null value now and then.
fn lines_sample(seed: &str) -> Vec<Row> {
    let mut random = Random::new(seed.len() as u64);
    (0..40)
        .map(|offset| Row {
            partition: 0,
            offset,
            timestamp: 1_700_000_000_000 + offset,
            key: Some(format!("키-{}", random.below(9)).into_bytes()),
            value: (!random.one_in(8))
                .then(|| rows::hex(&random.bytes(random.clone().below(700))).into_bytes()),
            headers: (1..=1 + random.below(3)).map(|n| (format!("h{n}"), Some(b"x y".to_vec()))).collect(),
        })
        .collect()
}

fn headers(row: &Row) -> String {
    let text =
        |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or(b"null")).into_owned();
    let headers: Vec<String> =
        row.headers.iter().map(|(name, value)| format!("{name}:{}", text(value))).collect();
    headers.join(",")
}

fn key(row: &Row) -> String {
    String::from_utf8_lossy(row.key.as_deref().unwrap_or(b"null")).into_owned()
}

fn value(row: &Row) -> String {
    String::from_utf8_lossy(row.value.as_deref().unwrap_or(b"null")).into_owned()
}
