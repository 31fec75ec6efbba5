//! Records to batches, batches to requests.

use super::*;
use crate::Partitioning;
use crate::core::receipt::Callback;

#[test]
fn records_that_come_while_the_batch_lingers_share_it() {
    let mut stage = Stage::with(config().linger(ms(5)));
    let mut first = stage.send("a");
    stage.pass(ms(4));
    let mut second = stage.send("b");
    assert!(stage.produced.is_empty());
    stage.pass(ms(1));
    let produced = stage.next();
    assert_eq!(produced.only(), (0, 0, vec!["a", "b"]));
    stage.answer_with(&produced, |_, answer| answer.base_offset = 40);
    assert_eq!(first.outcome().unwrap().unwrap().offset, 40);
    assert_eq!(second.outcome().unwrap().unwrap().offset, 41);
    assert!(stage.is_drained());
}

#[test]
fn a_full_batch_does_not_linger() {
    let mut stage = Stage::with(config().linger(ms(1000)).batch_size(200));
    let value = "v".repeat(40);
    let deliveries: Vec<_> = (0..3).map(|_| stage.send(&value)).collect();
    // Two records of 40 bytes and what goes with them fill 200 bytes; the third one opens the next batch.
    assert_eq!(stage.next().values().len(), 2);
    assert!(stage.produced.is_empty());
    drop(deliveries);
}

#[test]
fn batch_size_zero_sends_each_record_alone() {
    let mut stage = Stage::with(config().linger(ms(1000)).batch_size(0));
    for value in ["a", "b", "c"] {
        drop(stage.send(value));
    }
    let sent = stage.acknowledge_all();
    assert_eq!(sent.iter().map(|sent| sent.values.len()).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(stage.is_drained());
}

#[test]
fn without_a_key_each_partition_gets_a_whole_batch_before_the_next() {
    let config = config().linger(ms(1000)).batch_size(1000);
    let mut stage = Stage::with(config).leaders(&[(1, 0), (1, 0), (1, 0), (1, 0)]);
    for number in 0..200 {
        drop(stage.try_send(Record::to("t").value(format!("{number:040}"))).unwrap());
        stage.run();
    }
    drop(stage.core.flush());
    let sent = stage.acknowledge_all();
    let full = sent.iter().filter(|sent| sent.bytes.len() > 900).count();
    assert!(full >= sent.len() - 1, "only the last one may be unfilled: {full} of {}", sent.len());
    assert!(sent.iter().map(|sent| sent.partition).collect::<BTreeSet<_>>().len() >= 3);
    assert_eq!(counted(sent.iter().flat_map(|sent| &sent.values)).len(), 200);
}

#[test]
fn equal_keys_go_to_one_partition_and_the_hash_is_that_of_every_client() {
    let mut stage = Stage::new().leaders(&[(1, 0); 12]);
    for key in ["a", "abcd", "서울"] {
        drop(stage.try_send(Record::to("t").key(key).value(key)).unwrap());
    }
    let sent = stage.acknowledge_all();
    let places: BTreeMap<_, _> = sent.iter().map(|sent| (sent.values[0].as_str(), sent.partition)).collect();
    assert_eq!(places, BTreeMap::from([("a", 4), ("abcd", 8), ("서울", 0)]));
}

#[test]
fn round_robin_spreads_records_one_by_one() {
    let mut stage = Stage::with(config().partitioner(Partitioning::RoundRobin)).leaders(&[(1, 0); 3]);
    drop(stage.send_to(0, "first, to learn of the topic"));
    for _ in 0..6 {
        drop(stage.try_send(Record::to("t").key("k").value("v")).unwrap());
    }
    let sent = stage.acknowledge_all();
    let counts = [0, 1, 2].map(|index| {
        let own = sent.iter().filter(|sent| sent.partition == index);
        own.flat_map(|sent| &sent.values).filter(|value| *value == "v").count()
    });
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn all_ready_partitions_of_a_broker_share_a_request_up_to_its_size() {
    let config = config().linger(ms(5)).max_request_size(2500);
    let mut stage = Stage::with(config).leaders(&[(1, 0), (1, 0), (2, 0), (1, 0), (1, 0)]);
    for partition in 0..5 {
        drop(stage.send_to(partition, &"v".repeat(1000)));
    }
    stage.pass(ms(5));
    let mut requests: Vec<Vec<i32>> = Vec::new();
    while let Some(produced) = stage.produced.pop_front() {
        let mut partitions: Vec<_> = produced.batches.iter().map(|sent| sent.partition).collect();
        partitions.sort_unstable();
        requests.push(partitions);
    }
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert!(requests.contains(&vec![2]));
    assert_eq!(requests.iter().flatten().count(), 5);
}

#[test]
fn a_callback_is_called_once_for_each_record_in_their_order() {
    let mut stage = Stage::with(config().linger(ms(5)));
    let heard = Arc::new(Mutex::new(Vec::new()));
    for value in ["a", "b", "c"] {
        let heard = Arc::clone(&heard);
        let callback: Callback = Box::new(move |outcome: Result<_, _>| {
            let metadata: crate::RecordMetadata = outcome.unwrap();
            lock(&heard).push((value, metadata.offset));
            assert_ne!(value, "b", "a callback that panics harms nobody else");
        });
        let now = stage.now;
        let sent = stage.core.accumulator.send(Record::to("t").value(value), Some(callback), &|| now);
        drop(sent.unwrap());
    }
    stage.pass(ms(5));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    stage.acknowledge_all();
    std::panic::set_hook(hook);
    assert_eq!(*lock(&heard), [("a", 0), ("b", 1), ("c", 2)]);
}

#[test]
fn keys_headers_nulls_and_times_arrive_as_they_were_given() {
    let mut stage = Stage::new();
    let record = Record::to("t").key("").header("h", b"1").header("h", None::<&str>).timestamp(5);
    drop(stage.try_send(record).unwrap());
    let sent = stage.acknowledge_all();
    let Some(Ok(Part::Batch(batch))) = batches(&sent[0].bytes).next() else { panic!() };
    let records = batch.records(&Limits::default()).unwrap();
    let record = records.iter().next().unwrap().unwrap();
    assert_eq!((record.timestamp, record.key, record.value), (5, Some(&b""[..]), None));
    let headers: Vec<_> = record.headers.iter().map(|header| (header.key, header.value)).collect();
    assert_eq!(headers, [("h", Some(&b"1"[..])), ("h", None)]);
}

#[test]
fn a_record_without_a_time_gets_that_of_its_sending() {
    let mut stage = Stage::with(config().linger(ms(100)));
    drop(stage.send("a"));
    stage.pass(ms(30));
    drop(stage.send("b"));
    stage.pass(ms(70));
    let sent = stage.acknowledge_all();
    assert_eq!((sent[0].header.base_timestamp, sent[0].header.max_timestamp), (START.0, START.0 + 30));
}

#[test]
fn every_compression_is_read_back() {
    use crate::Compression;
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let mut stage = Stage::with(config().compression(compression).linger(ms(5)));
        for number in 0..20 {
            drop(stage.send(&format!("value {number}")));
        }
        stage.pass(ms(5));
        let sent = stage.acknowledge_all();
        assert_eq!(sent[0].header.attributes.compression().unwrap(), compression);
        assert_eq!(sent.iter().flat_map(|sent| &sent.values).count(), 20);
        assert!(stage.is_drained());
    }
}

#[test]
fn the_same_seed_and_input_give_the_same_bytes() {
    let run = || {
        let mut stage =
            Stage::with(config().linger(ms(3)).batch_size(300)).leaders(&[(1, 0), (2, 0), (1, 0)]);
        for number in 0..50 {
            drop(stage.try_send(Record::to("t").value(format!("{number}"))).unwrap());
            stage.pass(ms(1));
        }
        stage.acknowledge_all().into_iter().map(|sent| (sent.partition, sent.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
