//! The nearest known name: what an error text says beside a name that is not known.

/// The one of `known` that takes the fewest letters added, dropped or changed to make of `name` (Levenshtein), whatever
/// their case; of equally near ones the first. `None` if there are none.
///
/// It is here for error texts: all of our crates that read names from people use it, so that a slip of the finger is
/// answered in the same way everywhere. Of a long name only the first 256 bytes are looked at, so that names from the
/// wire cannot make it slow.
///
/// ```
/// use milena_protocol::nearest;
///
/// assert_eq!(nearest("lingr.ms", ["acks", "linger.ms", "retries"]), Some("linger.ms"));
/// assert_eq!(nearest("ACK", ["retries", "acks"]), Some("acks"));
/// assert_eq!(nearest("acks", []), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().min_by_key(|known| distance(looked_at(name), looked_at(known)))
}

/// As much of a name as is compared.
fn looked_at(name: &str) -> &[u8] {
    &name.as_bytes()[..name.len().min(LONGEST)]
}

const LONGEST: usize = 256;

/// How many bytes must be added, dropped or changed to make `other` of `name`.
fn distance(name: &[u8], other: &[u8]) -> usize {
    // What the part of `name` so far takes to become each beginning of `other`.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, byte) in name.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (left, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(!byte.eq_ignore_ascii_case(known));
            diagonal = row[left + 1];
            row[left + 1] = changed.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_added_dropped_or_changed_is_one_step() {
        let cases =
            [("", "", 0), ("acks", "acks", 0), ("ack", "acks", 1), ("aacks", "acks", 1), ("acts", "acks", 1)];
        for (name, other, steps) in cases {
            assert_eq!(distance(name.as_bytes(), other.as_bytes()), steps, "{name} {other}");
            assert_eq!(distance(other.as_bytes(), name.as_bytes()), steps, "{other} {name}");
        }
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }

    #[test]
    fn of_equally_near_names_the_first_is_told_and_long_ones_are_cut() {
        assert_eq!(nearest("x", ["a", "b"]), Some("a"));
        assert_eq!(nearest("주문", ["orders", "o"]), Some("orders"));
        assert_eq!(nearest(&"a".repeat(1 << 20), ["b", "a"]), Some("a"));
    }
}
