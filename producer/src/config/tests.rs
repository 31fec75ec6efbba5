//! The rules of a real client, row by row.

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
    ("security.protocol=FOO", Err(("security.protocol", "one of PLAINTEXT"))),
    ("security.protocol=plaintext", Ok((true, -1, 120_000))),
    ("security.protocol=SSL", Err(("security.protocol", "not have it yet"))),
    ("transactional.id=t", Err(("transactional.id", "not have it yet"))),
    ("sasl.mechanism=PLAIN", Err(("sasl.mechanism", "not have it yet"))),
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
    assert_eq!(cases.each_ref().map(|case| case.0), KEYS);
    for (key, value, expected) in cases {
        let mut config = new();
        config.set(key, value).unwrap();
        assert_eq!(config, expected, "{key}");
    }
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
