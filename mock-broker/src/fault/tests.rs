//! Rules: their text, what they fit, what they strike.

use std::time::Duration;

use protocol::names::{BrokerId, ProducerId};
use protocol::{ApiKey, ErrorCode, VersionRange};

use super::occurrence::{Occurrence, Pick, Probability};
use super::which::Which;
use super::*;
use protocol::random::Random;

fn faults(rules: impl IntoIterator<Item = Fault>) -> Faults {
    let mut faults = Faults::new(0);
    for rule in rules {
        faults.add(rule);
    }
    faults
}

const SITES: [fn() -> Site<'static>; 2] =
    [|| Site::partition("orders", 0).of_producer(ProducerId(7)), || Site::partition("orders", 1)];

fn strike(faults: &mut Faults, change: impl FnOnce(&mut Arrival<'_>)) -> Strikes {
    let sites = SITES.map(|site| site());
    let whole = Whole { transactional_id: Some("t".into()), ..Whole::default() };
    let mut arrival = Arrival {
        api_key: ApiKey::PRODUCE,
        version: 9,
        client_id: Some("app"),
        broker: BrokerId(1),
        connection: 3,
        since: Duration::from_secs(10),
        whole: &whole,
        sites: &sites,
    };
    change(&mut arrival);
    faults.strike(&arrival)
}

fn is_struck(rule: &str) -> bool {
    let rule = format!("{rule} then=observe").parse().unwrap();
    !strike(&mut faults([rule]), |_| {}).is_empty()
}

#[test]
fn a_rule_strikes_only_what_it_names() {
    for (yes, no) in [
        ("on=Produce", "on=Fetch"),
        ("versions=9", "versions=10+"),
        ("versions=3-9", "versions=3-8"),
        ("client_id=app", "client_id=other"),
        ("broker=1", "broker=2"),
        ("connection=3", "connection=1"),
        ("topic=orders", "topic=audit"),
        ("topic=orders partition=1", "topic=orders partition=2"),
        ("producer_id=7", "producer_id=8"),
        ("partition=0 producer_id=7", "partition=1 producer_id=7"),
        ("transactional_id=t", "transactional_id=u"),
        ("topic=orders transactional_id=t", "group=t"),
        ("from=10s", "from=11s"),
        ("until=11s", "until=10s"),
    ] {
        assert!(is_struck(yes), "{yes}");
        assert!(!is_struck(no), "{no}");
    }
}

#[test]
fn an_error_is_for_the_named_partition_alone() {
    let mut faults = faults(["on=Produce partition=1 then=error=NOT_LEADER_OR_FOLLOWER".parse().unwrap()]);
    let strikes = strike(&mut faults, |_| {});
    assert_eq!(strikes.verdict(SITES[0]()), None);
    assert_eq!(strikes.verdict(SITES[1]()), Some(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    assert_eq!(strikes.afterthought(SITES[1]()), None);
}

#[test]
fn times_that_several_rules_want_add_up_and_never_overflow() {
    let delays = |delays: &[Duration]| {
        let rules = delays.iter().map(|delay| Fault::on_any().then(Reaction::DelayAfter(*delay)));
        strike(&mut faults(rules), |_| {}).sum(|reaction| match reaction {
            Reaction::DelayAfter(delay) => Some(*delay),
            _ => None,
        })
    };
    let second = Duration::from_secs(1);
    assert_eq!(delays(&[second, second]), 2 * second);
    assert_eq!(delays(&[Duration::MAX, second]), Duration::MAX);
}

#[test]
fn rules_are_counted_released_replaced_and_removed() {
    let mut faults = Faults::new(0);
    let id = faults.add("name=x on=Produce nth=2 then=observe".parse().unwrap());
    for _ in 0..3 {
        strike(&mut faults, |_| {});
    }
    assert_eq!((faults.hits(id), faults.named("x"), faults.named("y")), (Some(1), Some(id), None));
    assert!(faults.replace(id, "on=Produce then=observe".parse().unwrap()));
    strike(&mut faults, |_| {});
    assert_eq!((faults.hits(id), faults.lasts(id, Duration::ZERO)), (Some(1), true));
    assert!(faults.release(id) && !faults.release(id));
    assert!(strike(&mut faults, |_| {}).is_empty());
    assert_eq!((faults.hits(id), faults.lasts(id, Duration::ZERO)), (Some(1), false));
    assert!(faults.remove(id) && !faults.remove(id) && !faults.release(id));
    assert_eq!(faults.hits(id), None);
}

#[test]
fn what_is_outside_the_time_is_not_counted() {
    let mut faults = faults(["from=5s nth=1 then=observe".parse().unwrap()]);
    let mut at =
        |seconds| !strike(&mut faults, |arrival| arrival.since = Duration::from_secs(seconds)).is_empty();
    assert_eq!([at(1), at(4), at(6), at(7)], [false, false, true, false]);
}

#[test]
fn what_cannot_be_is_refused_where_it_stands_with_the_nearest_word() {
    for (text, complaint) in [
        ("on=Produce nht=2 then=close", "column 12: a fault rule has no word `nht`; the nearest is `nth`"),
        ("on=produce then=close", "column 1: no API is called `produce`; the nearest is `Produce`"),
        ("on=Prodce then=close", "column 1: no API is called `Prodce`; the nearest is `Produce`"),
        (
            "then=drop_reponse",
            "column 1: nothing that happens is called `drop_reponse`; the nearest is `drop_response`",
        ),
        (
            "then=error=NOT_LEADER_OR_FOLOWER",
            "column 1: no error code is called `NOT_LEADER_OR_FOLOWER`; the nearest is `NOT_LEADER_OR_FOLLOWER`",
        ),
        ("then=error", "column 1: `error` lacks what it is: error=CODE"),
        ("then=close=1", "column 1: `close` stands alone, without `=`"),
        ("then=error=NONE", "NONE is no error"),
        (
            "then=delay_after=5",
            "column 1: `5` is no time; a time is a number with its unit, such as 250ms, 3s, 2m or 1h",
        ),
        ("then=corrupt=crcs on=Fetch", "column 1: no damage is called `crcs`; the nearest is `crc`"),
        ("then=corrupt=raw:0", "column 1: `0` is not bytes in hexadecimal digits, two a byte"),
        ("then=pretend_version=Produce", "column 1: `Produce` is not API:MAX, such as Produce:7"),
        ("then=bandwidth=0", "at 0 bytes a second nothing is ever written; see `silence`"),
        ("nth=two then=close", "column 1: `two` is not a whole number, or out of range"),
        ("nth=-1 then=close", "column 1: `-1` is not a whole number, or out of range"),
        ("nth=0 then=close", "a count of 0 is none, so that the rule would never strike"),
        ("nth=1 first=2 then=close", "column 7: `first` and `nth` exclude each other"),
        ("nth=1 nth=2 then=close", "column 7: `nth` is said twice"),
        ("from=2s until=1s then=close", "`from` is not before `until`, so that the rule would never strike"),
        ("probability=0 then=close", "a probability of 0 is none, so that the rule would never strike"),
        (
            "probability=1.1 then=close",
            "column 1: `1.1` is no probability: a number from 0 to 1, with at most six decimals",
        ),
        ("versions=9-3 then=close", "no version is in this range"),
        ("partition=-1 then=close", "partitions are counted from 0"),
        ("connection=0 then=close", "connections are counted from 1"),
        ("on=Produce", "a fault rule says what happens: then=…, such as then=drop_response"),
        ("", "a fault rule says what happens: then=…, such as then=drop_response"),
        (
            "on=Produce drop_response",
            "column 12: `drop_response` is not a word of a rule, which is key=value",
        ),
        (r#"topic="x then=close"#, "column 7: the quotes are never closed"),
        ("then=corrupt=crc", "`then=corrupt=crc` goes only with on=Fetch, whose answers have checksums"),
        ("then=stale_metadata", "`then=stale_metadata` goes only with on=Metadata"),
        (
            "topic=t then=refuse_connections",
            "`then=refuse_connections` goes only with `broker`, `from` and `until`",
        ),
        (
            "nth=1 then=pretend_version=Produce:7",
            "`then=pretend_version=Produce:7` goes only with `broker`, `from` and `until`",
        ),
    ] {
        let error = text.parse::<Fault>().unwrap_err();
        assert_eq!(error.to_string(), complaint, "{text}");
    }
}

#[test]
fn words_of_a_file_tell_which_of_them_is_wrong() {
    let error = Fault::from_words([("on", "Produce"), ("nht", "2"), ("then", "close")]).unwrap_err();
    assert_eq!(
        (error.word(), error.reason()),
        (Some(1), "a fault rule has no word `nht`; the nearest is `nth`")
    );
    assert_eq!(error.to_string(), error.reason());
}

/// Any rule that makes sense.
fn generated(random: &mut Random) -> Fault {
    loop {
        let rule = maybe_senseless(random);
        if rule.check().is_ok() {
            return rule;
        }
    }
}

fn maybe_senseless(random: &mut Random) -> Fault {
    let which = Which {
        api_key: some(random, |random| ApiKey::ALL[random.below(ApiKey::ALL.len())]),
        versions: some(random, |random| {
            let lowest = random.below(10) as i16;
            let highest = if random.below(3) == 0 { i16::MAX } else { lowest + random.below(3) as i16 };
            VersionRange::new(lowest, highest)
        }),
        client_id: some(random, |random| text(random).as_str().into()),
        broker: some(random, |random| BrokerId(random.below(4) as i32)),
        connection: some(random, |random| random.bits()),
        topic: some(random, |random| text(random).as_str().into()),
        partition: some(random, |random| random.below(9) as i32),
        producer_id: some(random, |random| ProducerId(random.bits() as i64)),
        group: some(random, |random| text(random).as_str().into()),
        transactional_id: some(random, |random| text(random).as_str().into()),
    };
    let n = 1 + random.bits() / 2;
    let occurrence = Occurrence {
        after: if random.below(2) == 0 { 0 } else { random.bits() },
        pick: [Pick::All, Pick::First(n), Pick::Nth(n), Pick::Every(n)][random.below(4)],
        from: some(random, time),
        until: some(random, time),
        probability: some(random, |random| Probability(1 + random.below(1_000_000) as u32)),
    };
    let name = some(random, text);
    let is_about_brokers = random.below(3) == 0;
    let which = if is_about_brokers { Which { broker: which.broker, ..Which::default() } } else { which };
    let occurrence = if is_about_brokers { Occurrence::default() } else { occurrence };
    Fault { name, which, occurrence, reaction: reaction(random) }
}

fn some<T>(random: &mut Random, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    (random.below(3) == 0).then(|| make(random))
}

fn text(random: &mut Random) -> String {
    const LETTERS: [char; 12] = ['a', 'Z', '0', '.', '_', '-', ' ', '"', '\\', '=', '\n', 'ö'];
    (0..random.below(6)).map(|_| LETTERS[random.below(LETTERS.len())]).collect()
}

fn time(random: &mut Random) -> Duration {
    let unit = [1, 1000, 1_000_000, 1_000_000_000][random.below(4)];
    Duration::from_nanos(unit * random.below(100_000) as u64)
}

fn reaction(random: &mut Random) -> Reaction {
    let code = ErrorCode(random.below(140) as i16 - 1);
    match random.below(22) {
        0 => Reaction::Fail(code),
        1 => Reaction::ApplyThenFail(code),
        2 => Reaction::DelayBefore(time(random)),
        3 => Reaction::DelayAfter(time(random)),
        4 => Reaction::HoldBefore,
        5 => Reaction::HoldAfter,
        6 => Reaction::DropRequest,
        7 => Reaction::DropResponse,
        8 => Reaction::HalfResponse(some(random, |random| random.below(1000))),
        9 => Reaction::Close,
        10 => Reaction::Reset,
        11 => Reaction::Corrupt(match random.below(5) {
            0 => Corruption::Length,
            1 => Corruption::CorrelationId,
            2 => Corruption::Crc,
            3 => Corruption::Garbage,
            _ => Corruption::Raw((0..random.below(9)).map(|_| random.bits() as u8).collect()),
        }),
        12 => Reaction::Duplicate,
        13 => Reaction::Reorder,
        14 => Reaction::Throttle(time(random)),
        15 => Reaction::Bandwidth(random.bits() as u32),
        16 => Reaction::Silence,
        17 => Reaction::StopReading,
        18 => Reaction::RefuseConnections,
        19 => Reaction::StaleMetadata,
        20 => {
            let api = |random: &mut Random| (ApiKey::ALL[random.below(90)], random.below(20) as i16);
            Reaction::PretendVersion((0..1 + random.below(3)).map(|_| api(random)).collect())
        }
        _ => Reaction::Observe,
    }
}

#[test]
fn every_rule_is_read_back_from_its_text() {
    let mut random = Random::new(2026);
    for _ in 0..20_000 {
        let rule = generated(&mut random);
        let text = rule.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&rule), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

#[test]
fn cut_and_stirred_text_is_refused_or_read_and_never_panics() {
    let mut random = Random::new(7);
    for _ in 0..5000 {
        let text = generated(&mut random).to_string();
        let mut letters: Vec<char> = text.chars().collect();
        letters.truncate(random.below(letters.len() + 1));
        if !letters.is_empty() {
            let (one, other) = (random.below(letters.len()), random.below(letters.len()));
            letters.swap(one, other);
        }
        let stirred: String = letters.into_iter().collect();
        if let Ok(rule) = stirred.parse::<Fault>() {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
}

#[test]
fn both_tables_of_words_have_every_word() {
    let tables = [
        ("docs/faults.md", include_str!("../../../docs/faults.md")),
        ("fault/mod.rs", include_str!("mod.rs")),
    ];
    for (path, text) in tables {
        for word in super::grammar::WORDS {
            assert!(text.contains(&format!("`{word}=")), "{path} lacks `{word}=`");
        }
    }
}
