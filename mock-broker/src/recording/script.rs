//! Scripts as bytes.

use std::time::Duration;

use super::bytes::{Bad, Reader, put_blob};
use super::step::parsed;
use crate::scenario::{Deed, Script, Step, When};

pub(super) fn write(script: &Script, out: &mut Vec<u8>) {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&count(script.rules.len()));
    for rule in &script.rules {
        put_blob(out, rule.to_string().as_bytes());
    }
    out.extend_from_slice(&count(script.steps.len()));
    for Step { when, deed } in &script.steps {
        match when {
            When::At(time) => {
                out.push(0);
                put_time(out, *time);
            }
            When::Hits { rule, hits, after } => {
                out.push(1);
                put_blob(out, rule.as_bytes());
                out.extend_from_slice(&hits.to_be_bytes());
                put_time(out, *after);
            }
        }
        let (kind, text) = match deed {
            Deed::Act(action) => (0, action.to_string()),
            Deed::Begin(rule) => (1, rule.to_string()),
            Deed::End(rule) => (2, rule.clone()),
        };
        out.push(kind);
        put_blob(out, text.as_bytes());
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Script, Bad> {
    let mut script = Script::new();
    for _ in 0..reader.u32()? {
        script.rules.push(parsed(reader)?);
    }
    for _ in 0..reader.u32()? {
        let at = reader.at();
        let when = match reader.u8()? {
            0 => When::At(time(reader)?),
            1 => When::Hits { rule: reader.text()?, hits: reader.u64()?, after: time(reader)? },
            kind => return Err((at, format!("no step of a script waits in way {kind}"))),
        };
        let at = reader.at();
        let deed = match reader.u8()? {
            0 => Deed::Act(parsed(reader)?),
            1 => Deed::Begin(Box::new(parsed(reader)?)),
            2 => Deed::End(reader.text()?),
            kind => return Err((at, format!("no step of a script does something of kind {kind}"))),
        };
        script.steps.push(Step { when, deed });
    }
    Ok(script)
}

fn put_time(out: &mut Vec<u8>, time: Duration) {
    out.extend_from_slice(&time.as_secs().to_be_bytes());
    out.extend_from_slice(&time.subsec_nanos().to_be_bytes());
}

fn time(reader: &mut Reader) -> Result<Duration, Bad> {
    let (at, seconds, nanos) = (reader.at(), reader.u64()?, reader.u32()?);
    match nanos {
        0..1_000_000_000 => Ok(Duration::new(seconds, nanos)),
        _ => Err((at, format!("{nanos} nanoseconds are more than a second"))),
    }
}
