//! The rules of a real client, row by row.

use std::collections::BTreeSet;

use super::*;

/// What comes of settings: `enable.idempotence`, `acks`, `delivery.timeout.ms`.
type Taken = (bool, i16, u64);
/// The key that is refused, and a part of the rule.
type Blamed = (&'static str, &'static str);

/// Settings, and what is to come of them.
const ROWS: &[(&str, Result<Taken, Blamed>)] = &[
    ("", Ok((true, -1, 120_000))),
    ("enable.idempotence=true acks=1", Err(("acks", "must be all"))),
    ("enable.idempotence=true acks=0", Err(("acks", "must be all"))),
    ("enable.idempotence=true retries=0", Err(("retries", "must not be 0"))),
    ("enable.idempotence=true max.in.flight.requests.per.connection=6", Err((IN_FLIGHT, "at most 5"))),
    ("enable.idempotence=false acks=1 max.in.flight.requests.per.connection=6", Ok((false, 1, 120_000))),
    ("acks=1", Ok((false, 1, 120_000))),
    ("acks=0", Ok((false, 0, 120_000))),
    ("retries=0", Ok((false, -1, 120_000))),
    ("max.in.flight.requests.per.connection=6", Err((IN_FLIGHT, "at most 5"))),
    ("max.in.flight.requests.per.connection=0", Err((IN_FLIGHT, "at least 1"))),
    ("delivery.timeout.ms=100", Err(("delivery.timeout.ms", "which is 30005"))),
    ("linger.ms=100000 delivery.timeout.ms=120000", Err(("delivery.timeout.ms", "which is 130000"))),
    ("linger.ms=200000", Ok((true, -1, 230_000))),
    ("request.timeout.ms=200000", Ok((true, -1, 200_005))),
    ("request.timeout.ms=200000 delivery.timeout.ms=120000", Err(("delivery.timeout.ms", "which is 200005"))),
    ("acks=2", Err(("acks", "all, -1, 0, 1"))),
    ("acks=-1", Ok((true, -1, 120_000))),
    ("acks=all", Ok((true, -1, 120_000))),
    ("compression.type=brotli", Err(("compression.type", "none, gzip, snappy, lz4, zstd"))),
    ("batch.size=-1", Err(("batch.size", "at least 0"))),
    ("batch.size=2147483648", Err(("batch.size", "at most 2147483647"))),
    ("batch.size=0", Ok((true, -1, 120_000))),
    ("linger.ms=-1", Err(("linger.ms", "at least 0"))),
    ("linger.ms=5s", Err(("linger.ms", "a whole number"))),
    ("buffer.memory=-1", Err(("buffer.memory", "at least 0"))),
    ("buffer.memory=1", Ok((true, -1, 120_000))),
    ("max.block.ms=-1", Err(("max.block.ms", "at least 0"))),
    ("metadata.max.idle.ms=4999", Err(("metadata.max.idle.ms", "at least 5000"))),
    ("retries=-1", Err(("retries", "at least 0"))),
    ("max.request.size=-1", Err(("max.request.size", "at least 0"))),
    ("compression.gzip.level=0", Err(("compression.gzip.level", "between 1 and 9, or -1"))),
    ("compression.gzip.level=10", Err(("compression.gzip.level", "between 1 and 9, or -1"))),
    ("compression.gzip.level=-1", Ok((true, -1, 120_000))),
    ("compression.lz4.level=18", Err(("compression.lz4.level", "between 1 and 17"))),
    ("compression.zstd.level=23", Err(("compression.zstd.level", "and 22"))),
    ("client.dns.lookup=default", Err(("client.dns.lookup", "use_all_dns_ips"))),
    ("bootstrap.servers=", Err(("bootstrap.servers", "at least one address"))),
    ("bootstrap.servers=localhost", Err(("bootstrap.servers", "host:port"))),
    ("bootstrap.servers=localhost:0", Err(("bootstrap.servers", "host:port"))),
    ("bootstrap.servers=::1:9092", Err(("bootstrap.servers", "host:port"))),
    ("bootstrap.servers=[::1]:9092,b:1", Ok((true, -1, 120_000))),
    ("reconnect.backoff.ms=5000", Ok((true, -1, 120_000))),
    ("retry.backoff.ms=5000", Ok((true, -1, 120_000))),
    ("enable.idempotence=yes", Err(("enable.idempotence", "true or false"))),
    ("security.protocol=FOO", Err(("security.protocol", "one of SASL_SSL, PLAINTEXT"))),
    ("security.protocol=plaintext", Ok((true, -1, 120_000))),
    ("security.protocol=SSL", Err(("security.protocol", "not have it yet"))),
    ("transactional.id=t", Err(("transactional.id", "not have it yet"))),
    ("transactional.id=t enable.idempotence=false", Err(("transactional.id", "enable.idempotence = false"))),
    ("transactional.id=t acks=1", Err(("transactional.id", "takes acks = all"))),
    ("transactional.id=t retries=0", Err(("transactional.id", "retries = 0"))),
    ("transactional.id=t max.in.flight.requests.per.connection=6", Err((IN_FLIGHT, "at most 5"))),
    ("transactional.id=", Err(("transactional.id", "not be empty"))),
    ("transaction.two.phase.commit.enable=true", Ok((true, -1, 120_000))),
    (
        "transaction.two.phase.commit.enable=true transactional.id=t transaction.timeout.ms=1000",
        Err(("transaction.timeout.ms", "two.phase")),
    ),
    ("sasl.mechanism=PLAIN", Ok((true, -1, 120_000))),
    ("sasl.mechanism=SCRAM-SHA-256 security.protocol=SASL_PLAINTEXT", Err(("security.protocol", "yet"))),
    ("interceptor.classes=my.Own", Err(("interceptor.classes", "classes in Java"))),
    ("security.providers=my.Own", Err(("security.providers", "classes in Java"))),
    ("client.dns.lookup=resolve_canonical_bootstrap_servers_only", Err(("client.dns.lookup", "yet"))),
    ("key.serializer=org.apache.kafka.common.serialization.StringSerializer", Ok((true, -1, 120_000))),
    ("value.serializer=my.Own", Err(("value.serializer", "StringSerializer"))),
    ("partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner", Ok((true, -1, 120_000))),
    ("partitioner.class=my.Own", Err(("partitioner.class", "round_robin"))),
    ("lingr.ms=5", Err(("lingr.ms", "the nearest is linger.ms"))),
    ("bootstrap.server=a:1", Err(("bootstrap.server", "the nearest is bootstrap.servers"))),
    ("Acks=1", Err(("Acks", "the nearest is acks"))),
];

const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";

#[test]
fn settings_are_taken_or_refused_as_a_real_client_does() {
    for &(settings, expected) in ROWS {
        let given = settings.split_whitespace().filter_map(|setting| setting.split_once('='));
        let properties = std::iter::once(("bootstrap.servers", "127.0.0.1:9092")).chain(given);
        let outcome = ProducerConfig::from_properties(properties).and_then(ProducerConfig::build);
        match (outcome, expected) {
            (Ok(settings), Ok((idempotent, acks, delivery))) => {
                let got = (settings.idempotent, settings.acks.0, settings.delivery_timeout.as_millis());
                assert_eq!(got, (idempotent, acks, u128::from(delivery)), "{settings:?}");
            }
            (Err(error), Err((key, rule))) => {
                assert_eq!(error.key(), key, "{settings}");
                assert!(error.broken_rule().contains(rule), "{settings}: {error}");
            }
            (outcome, _) => panic!("{settings}: {outcome:?}"),
        }
    }
}

#[test]
fn every_key_does_the_same_as_its_setter() {
    let ms = Duration::from_millis;
    let new = || ProducerConfig::new(["h:1"]);
    let cases = [
        ("acks", "1", new().acks(Acks::LEADER)),
        ("batch.size", "7", new().batch_size(7)),
        ("bootstrap.servers", "h:1", new()),
        ("buffer.memory", "7", new().buffer_memory(7)),
        ("client.dns.lookup", "use_all_dns_ips", new()),
        ("client.id", "me", new().client_id("me")),
        ("compression.gzip.level", "7", new().gzip_level(7)),
        ("compression.lz4.level", "7", new().lz4_level(7)),
        ("compression.type", "zstd", new().compression(Compression::Zstd)),
        ("compression.zstd.level", "7", new().zstd_level(7)),
        ("connections.max.idle.ms", "7", new().connections_max_idle(ms(7))),
        ("delivery.timeout.ms", "7", new().delivery_timeout(ms(7))),
        ("enable.idempotence", "false", new().enable_idempotence(false)),
        ("linger.ms", "7", new().linger(ms(7))),
        ("max.block.ms", "7", new().max_block(ms(7))),
        (IN_FLIGHT, "3", new().max_in_flight(NonZeroU32::new(3).unwrap())),
        ("max.request.size", "7", new().max_request_size(7)),
        ("metadata.max.age.ms", "7", new().metadata_max_age(ms(7))),
        ("metadata.max.idle.ms", "7000", new().metadata_max_idle(ms(7000))),
        ("partitioner.class", "round_robin", new().partitioner(Partitioning::RoundRobin)),
        ("partitioner.ignore.keys", "true", new().ignore_keys(true)),
        (
            "metadata.recovery.rebootstrap.trigger.ms",
            "7",
            new().metadata_recovery(Recovery::Rebootstrap, ms(7)),
        ),
        ("metadata.recovery.strategy", "None", new().metadata_recovery(Recovery::None, ms(300_000))),
        ("partitioner.adaptive.partitioning.enable", "false", new().adaptive_partitioning(false)),
        ("partitioner.availability.timeout.ms", "7", new().availability_timeout(ms(7))),
        ("partitioner.class", "round_robin_keyed", new().partitioner(Partitioning::RoundRobinKeyed)),
        ("receive.buffer.bytes", "7", new().socket_buffers(Some(131_072), Some(7))),
        ("send.buffer.bytes", "-1", new().socket_buffers(None, Some(32_768))),
        ("reconnect.backoff.max.ms", "7", new().reconnect_backoff(ms(50), ms(7))),
        ("reconnect.backoff.ms", "7", new().reconnect_backoff(ms(7), ms(1000))),
        ("request.timeout.ms", "7", new().request_timeout(ms(7))),
        ("retries", "7", new().retries(7)),
        ("retry.backoff.max.ms", "7", new().retry_backoff(ms(100), ms(7))),
        ("retry.backoff.ms", "7", new().retry_backoff(ms(7), ms(1000))),
        ("security.protocol", "PLAINTEXT", new()),
        ("socket.connection.setup.timeout.max.ms", "7", new().setup_timeout(ms(10_000), ms(7))),
        ("socket.connection.setup.timeout.ms", "7", new().setup_timeout(ms(7), ms(30_000))),
    ];
    // Those that this producer does not have yet, and those whose one accepted value is the default.
    let others = [
        "interceptor.classes",
        "key.serializer",
        "security.providers",
        "transaction.timeout.ms",
        "transaction.two.phase.commit.enable",
        "transactional.id",
        "value.serializer",
    ];
    let settings = KEYS.iter().filter(|key| key.effect == Effect::Setting).map(|key| key.name);
    let tested: BTreeSet<_> = cases.iter().map(|case| case.0).chain(others).collect();
    assert_eq!(tested, settings.collect());
    for (key, value, expected) in cases {
        let mut config = new();
        config.set(key, value).unwrap();
        assert_eq!(config, expected, "{key}");
    }
}

/// Kafka's table: key, type, default (`-` is none), and what its values must be: a range, or names.
const TABLE: &str = include_str!("keys.tsv");

#[test]
fn the_table_of_keys_is_kafkas() {
    let rows: Vec<Vec<&str>> = TABLE.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), KEYS.len());
    for (row, key) in rows.iter().zip(KEYS) {
        let [name, kind, default, _] = row[..] else { panic!("{row:?}") };
        assert_eq!((name, kind), (key.name, format!("{:?}", key.kind).to_uppercase().as_str()));
        assert_eq!(default, key.default.unwrap_or("-"), "{name}");
    }
}

#[test]
fn every_default_is_taken_and_every_value_beside_the_rule_is_refused() {
    let refused = |name: &str, value: &str| {
        let error = ProducerConfig::new(["h:1"]).set(name, value).map(drop).unwrap_err();
        assert_eq!(error.key(), name);
        assert_eq!(error.value(), if name.contains("password") { "[hidden]" } else { value });
    };
    for line in TABLE.lines() {
        let row: Vec<_> = line.split('\t').collect();
        let [name, kind, default, rule] = row[..] else { panic!("{row:?}") };
        let mut config = ProducerConfig::new(["h:1"]);
        if default != "-" {
            config.set(name, default).unwrap_or_else(|error| panic!("{error}"));
        }
        match kind {
            "BOOLEAN" => refused(name, "maybe"),
            "SHORT" => ["1.5", "x", "", "32768"].iter().for_each(|value| refused(name, value)),
            "INT" => ["1.5", "x", "", "2147483648"].iter().for_each(|value| refused(name, value)),
            "LONG" => ["1.5", "x", "", "9223372036854775808"].iter().for_each(|value| refused(name, value)),
            "DOUBLE" => ["x", ""].iter().for_each(|value| refused(name, value)),
            _ => {}
        }
        let Some((least, most)) = rule.split_once("..") else {
            if !rule.is_empty() {
                refused(name, "no such name");
            }
            continue;
        };
        let beside = |bound: &str, step: i64| match bound.parse::<i64>() {
            Ok(bound) => (bound + step).to_string(),
            Err(_) => (bound.parse::<f64>().unwrap() + step as f64 / 100.0).to_string(),
        };
        config.set(name, least).unwrap_or_else(|error| panic!("{error}"));
        refused(name, &beside(least, if name == "compression.gzip.level" { -3 } else { -1 }));
        if !most.is_empty() {
            config.set(name, most).unwrap_or_else(|error| panic!("{error}"));
            refused(name, &beside(most, 1));
        }
    }
}

#[test]
fn what_is_about_java_is_taken_and_named_as_without_effect() {
    let given = [("metric.reporters", "my.Own"), ("linger.ms", "7"), ("enable.metrics.push", "true")];
    let config = ProducerConfig::from_properties(given).unwrap();
    let named: Vec<_> = config.without_effect().map(|(key, _)| key).collect();
    assert_eq!(named, ["enable.metrics.push", "metric.reporters"]);
}

#[test]
fn unless_strict_an_unknown_key_is_named_with_the_nearest_and_does_nothing() {
    let config = ProducerConfig::new(["h:1"]).strict(false).properties([("lingr.ms", "7")]).unwrap();
    let expected = ("lingr.ms", "there is no such setting (the nearest is linger.ms)");
    assert_eq!(config.without_effect().collect::<Vec<_>>(), [expected]);
    assert!(config.build().is_ok());
}

#[test]
fn a_file_is_read_as_java_reads_it() {
    let path = std::env::temp_dir().join(format!("milena-producer-{}.properties", std::process::id()));
    std::fs::write(&path, "# two brokers\nbootstrap.servers = a:1,\\\n  b:2\nlinger.ms: 7\n").unwrap();
    let config = ProducerConfig::from_file(&path);
    std::fs::remove_file(&path).unwrap();
    let expected = ProducerConfig::new(["a:1,b:2"]).linger(Duration::from_millis(7));
    assert_eq!(config.unwrap(), expected);
    let error = ProducerConfig::from_file("/no/such.properties").unwrap_err().to_string();
    assert!(error.starts_with("file = \"/no/such.properties\": cannot be read"), "{error}");
}

#[test]
fn a_secret_is_in_no_error() {
    let key = Key::find("ssl.key.password").unwrap();
    assert!(!key.error("hunter2", "is wrong").to_string().contains("hunter2"));
}

#[test]
fn an_error_names_key_value_and_rule() {
    let error = ProducerConfig::from_properties([("linger.ms", "-1")]).unwrap_err();
    assert_eq!(error.to_string(), "linger.ms = \"-1\": must be at least 0");
}

#[test]
fn addresses_may_come_one_by_one_or_in_one_list() {
    let one_by_one = ProducerConfig::new(["a:1", "b:2"]).build().unwrap();
    let in_one_list = ProducerConfig::new(["a:1, b:2"]).build().unwrap();
    assert_eq!(one_by_one.bootstrap, in_one_list.bootstrap);
    assert!(ProducerConfig::new([","]).build().is_err());
}
