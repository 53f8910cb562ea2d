//! Decides how a minute of measurements is written: numbers little-endian, one value in nine bytes.

use crate::codec::Malformed;
use observe::measure::{Minute, Sketch, Statistics};

const EMPTY: u8 = 0;
const ONE: u8 = 1;
const SPREAD: u8 = 2;
const SUMMED: u8 = 3;

pub(super) fn write_minute(minute: &Minute) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16);
    write(&minute.coarse, &mut bytes);
    bytes.push(u8::try_from(minute.fine.len()).expect("a minute has 60 seconds"));
    for (second, values) in &minute.fine {
        bytes.push(*second);
        write(values, &mut bytes);
    }
    bytes
}

fn write(values: &Statistics, bytes: &mut Vec<u8>) {
    if values.is_empty() {
        bytes.push(EMPTY);
        return;
    }
    if values.count == 1.0 && values.spread.is_some() {
        bytes.push(ONE);
        bytes.extend(values.sum.to_le_bytes());
        return;
    }
    bytes.push(if values.spread.is_some() { SPREAD } else { SUMMED });
    for number in [values.count, values.sum, values.minimum, values.maximum] {
        bytes.extend(number.to_le_bytes());
    }
    if let Some(spread) = &values.spread {
        let (joined, buckets) = spread.parts();
        bytes.extend([joined, u8::try_from(buckets.len()).expect("a sketch has at most 128 buckets")]);
        for (key, times) in buckets {
            bytes.extend(key.to_le_bytes());
            bytes.extend(times.to_le_bytes());
        }
    }
}

pub(super) fn read_minute(bytes: &[u8]) -> Result<Minute, Malformed> {
    let mut rest = bytes;
    let mut minute = Minute { coarse: read(&mut rest)?, ..Minute::default() };
    for _ in 0..take::<1>(&mut rest)?[0] {
        let second = take::<1>(&mut rest)?[0];
        minute.fine.insert(second, read(&mut rest)?);
    }
    if rest.is_empty() { Ok(minute) } else { Err(Malformed("minute")) }
}

fn read(rest: &mut &[u8]) -> Result<Statistics, Malformed> {
    let kind = take::<1>(rest)?[0];
    let mut number = || take::<8>(rest).map(f64::from_le_bytes);
    match kind {
        EMPTY => Ok(Statistics::default()),
        ONE => Ok(Statistics::of(number()?)),
        SPREAD | SUMMED => {
            let (count, sum, minimum, maximum) = (number()?, number()?, number()?, number()?);
            let mut values = Statistics { count, sum, minimum, maximum, spread: None };
            if kind == SPREAD {
                let [joined, length] = take::<2>(rest)?;
                let mut buckets = Vec::with_capacity(length.into());
                for _ in 0..length {
                    buckets.push((i32::from_le_bytes(take(rest)?), f64::from_le_bytes(take(rest)?)));
                }
                values.spread = Some(Sketch::from_parts(joined, buckets));
            }
            Ok(values)
        }
        _ => Err(Malformed("minute")),
    }
}

fn take<const LENGTH: usize>(rest: &mut &[u8]) -> Result<[u8; LENGTH], Malformed> {
    let (first, after) = rest.split_first_chunk::<LENGTH>().ok_or(Malformed("minute"))?;
    *rest = after;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statistics() -> impl Strategy<Value = Statistics> {
        let values = proptest::collection::vec(-1e6..1e6f64, 0..300);
        (values, any::<bool>()).prop_map(|(values, summed)| {
            let mut all = Statistics::default();
            values.iter().for_each(|value| all.add(*value, 1.0));
            if summed && !values.is_empty() {
                all.merge(&Statistics::of_set(2.0, 3.0, 1.0, 2.0));
            }
            all
        })
    }

    proptest! {
        #[test]
        fn a_minute_is_read_as_it_was_written(
            coarse in statistics(),
            fine in proptest::collection::btree_map(0..60u8, statistics(), 0..4),
            cut in any::<proptest::sample::Index>(),
        ) {
            let minute = Minute { coarse, fine: fine.into_iter().collect() };
            let bytes = write_minute(&minute);
            prop_assert_eq!(read_minute(&bytes).unwrap(), minute);
            prop_assert!(read_minute(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_minute(&bytes);
        }
    }
}
