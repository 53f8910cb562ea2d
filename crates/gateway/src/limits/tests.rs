//! What limits hold, against counting every request that was ever taken.

use super::*;
use proptest::prelude::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn plan(rate: Option<Rate>, quota: Option<Quota>) -> Plan {
    Plan { name: PlanName::new("p"), limits: Limits { overall: rate, methods: Vec::new() }, quota }
}

const ORDERS: Asked<'static> = Asked { resource: "/orders", method: Method::Post };
const STATUS: Asked<'static> = Asked { resource: "/orders/{id}", method: Method::Get };

fn key() -> KeyId {
    KeyId::new("k")
}

/// Takes one, making leases durable where they are asked for.
fn take(usage: &mut Usage, plan: &Plan, now: Timestamp) -> Verdict {
    let verdict = usage.take(&key(), plan, &Limits::default(), ORDERS, now);
    if verdict != Verdict::Reserve {
        return verdict;
    }
    let kept = usage.keep(now);
    usage.kept(&kept);
    usage.take(&key(), plan, &Limits::default(), ORDERS, now)
}

#[test]
fn a_burst_is_taken_at_once_and_then_the_rate() {
    let plan = plan(Some(Rate::new(2.0, 3).unwrap()), None);
    let mut usage = Usage::default();
    let taken = |usage: &mut Usage, now| take(usage, &plan, at(now));
    assert!((0..3).all(|_| taken(&mut usage, 0) == Verdict::Taken));
    assert_eq!(taken(&mut usage, 0), Verdict::Throttled { retry_after: Duration::from_millis(500) });
    assert_eq!(taken(&mut usage, 499), Verdict::Throttled { retry_after: Duration::from_millis(1) });
    assert_eq!(taken(&mut usage, 500), Verdict::Taken);
    assert_eq!(taken(&mut usage, 501), Verdict::Throttled { retry_after: Duration::from_millis(499) });
}

#[test]
fn a_method_and_the_stage_have_limits_of_their_own() {
    let one = Rate::new(1.0, 1).unwrap();
    let limits = |overall, method: Option<Asked<'static>>| Limits {
        overall,
        methods: method
            .map(|asked| MethodRate { resource: asked.resource.into(), method: asked.method, rate: one })
            .into_iter()
            .collect(),
    };
    let plan = Plan { name: PlanName::new("p"), limits: limits(None, Some(ORDERS)), quota: None };
    let mut usage = Usage::default();
    let free = Limits::default();
    assert_eq!(usage.take(&key(), &plan, &free, ORDERS, at(0)), Verdict::Taken);
    assert!(matches!(usage.take(&key(), &plan, &free, ORDERS, at(0)), Verdict::Throttled { .. }));
    assert_eq!(usage.take(&key(), &plan, &free, STATUS, at(0)), Verdict::Taken);
    assert_eq!(usage.take(&KeyId::new("other"), &plan, &free, ORDERS, at(0)), Verdict::Taken);

    let stage = limits(Some(one), None);
    let mut usage = Usage::default();
    assert_eq!(usage.take(&key(), &plan, &stage, STATUS, at(0)), Verdict::Taken);
    assert!(matches!(usage.take(&KeyId::new("other"), &plan, &stage, ORDERS, at(0)), Verdict::Throttled { .. }));
    assert!(matches!(usage.take_keyless(&stage, STATUS, at(0)), Verdict::Throttled { .. }));
    // What the stage refused was not taken from the key.
    assert_eq!(usage.take(&KeyId::new("other"), &plan, &stage, ORDERS, at(1_000)), Verdict::Taken);
}

#[test]
fn what_is_throttled_takes_no_quota() {
    let quota = Quota { limit: 3, offset: 0, period: Period::Day };
    let plan = plan(Some(Rate::new(1.0, 1).unwrap()), Some(quota));
    let mut usage = Usage::default();
    assert_eq!(take(&mut usage, &plan, at(0)), Verdict::Taken);
    for _ in 0..10 {
        assert!(matches!(take(&mut usage, &plan, at(0)), Verdict::Throttled { .. }));
    }
    assert_eq!(usage.used(&key()), 1);
    assert_eq!(take(&mut usage, &plan, at(1_000)), Verdict::Taken);
    assert_eq!(take(&mut usage, &plan, at(2_000)), Verdict::Taken);
    let Verdict::QuotaExceeded { retry_after } = take(&mut usage, &plan, at(3_000)) else { panic!("it is used up") };
    // 1_700_000_000 is 22:13:20 of a day.
    assert_eq!(retry_after, Duration::from_millis(((86_400 - 80_000) - 3) * 1_000));
    assert_eq!(take(&mut usage, &plan, at(3_000) + retry_after), Verdict::Taken);
}

#[test]
fn a_quota_is_smaller_by_its_offset_the_first_time() {
    let plan = plan(None, Some(Quota { limit: 5, offset: 3, period: Period::Week }));
    let mut usage = Usage::default();
    let taken = |usage: &mut Usage, now| (0..9).filter(|_| take(usage, &plan, now) == Verdict::Taken).count();
    assert_eq!(taken(&mut usage, at(0)), 2);
    assert_eq!(taken(&mut usage, at(7 * 86_400_000)), 5);
}

#[test]
fn a_clock_that_steps_back_gives_nothing() {
    let quota = Quota { limit: 2, offset: 0, period: Period::Day };
    let plan = plan(Some(Rate::new(1_000.0, 1_000).unwrap()), Some(quota));
    let mut usage = Usage::default();
    let day = 86_400_000;
    assert_eq!(take(&mut usage, &plan, at(day)), Verdict::Taken);
    assert_eq!(take(&mut usage, &plan, at(0)), Verdict::Taken);
    assert!(matches!(take(&mut usage, &plan, at(0)), Verdict::QuotaExceeded { .. }));
    assert!(matches!(take(&mut usage, &plan, at(day)), Verdict::QuotaExceeded { .. }));
}

#[test]
fn a_clock_put_right_by_a_year_does_not_lock_a_key_out() {
    let rate = Rate::new(1.0, 2).unwrap();
    let mut bucket = Bucket::empty(at(365 * 86_400_000));
    let wait = bucket.look(&rate, at(0)).unwrap();
    assert!(wait <= Duration::from_secs(4), "{wait:?}");
    assert_eq!(bucket.look(&rate, at(0) + wait), None);
}

#[test]
fn a_rate_of_nothing_takes_nothing() {
    for (per_second, burst, taken) in [(5.0, 0, 0), (0.0, 2, 2), (0.0, 0, 0)] {
        let plan = plan(Some(Rate::new(per_second, burst).unwrap()), None);
        let mut usage = Usage::default();
        let all = (0..100).filter(|second| take(&mut usage, &plan, at(second * 1_000)) == Verdict::Taken).count();
        assert_eq!(all, taken, "{per_second} {burst}");
    }
    assert!(Rate::new(-1.0, 1).is_err() && Rate::new(f64::NAN, 1).is_err() && Rate::new(f64::INFINITY, 1).is_err());
}

#[test]
fn an_orderly_end_gives_leases_and_tokens_back() {
    let quota = Quota { limit: 1_000, offset: 0, period: Period::Day };
    let plan = plan(Some(Rate::new(0.001, 10).unwrap()), Some(quota));
    let mut usage = Usage::default();
    assert!((0..4).all(|_| take(&mut usage, &plan, at(0)) == Verdict::Taken));
    let text = serde_json::to_string(&usage.close(at(0))).unwrap();
    let mut usage = Usage::restore(serde_json::from_str(&text).unwrap(), at(1));
    assert_eq!(usage.used(&key()), 4);
    assert_eq!((0..20).filter(|_| take(&mut usage, &plan, at(1)) == Verdict::Taken).count(), 6);
}

#[test]
fn an_orderly_end_after_a_crash_does_not_fill_what_the_crash_emptied() {
    let plan = plan(Some(Rate::new(1.0, 5).unwrap()), None);
    let mut usage = Usage::default();
    assert_eq!(take(&mut usage, &plan, at(0)), Verdict::Taken);
    let kept = usage.keep(at(0));
    let mut usage = Usage::restore(kept, at(0));
    let mut usage = Usage::restore(usage.close(at(0)), at(0));
    assert!(matches!(take(&mut usage, &plan, at(0)), Verdict::Throttled { .. }));
    assert_eq!(take(&mut usage, &plan, at(1_000)), Verdict::Taken);
}

#[test]
fn a_request_is_decided_without_asking_for_memory() {
    let plan = plan(
        Some(Rate::new(1e6, 1_000_000).unwrap()),
        Some(Quota { limit: 1_000_000, offset: 0, period: Period::Month }),
    );
    let mut usage = Usage::default();
    assert_eq!(take(&mut usage, &plan, at(0)), Verdict::Taken);
    let (key, stage) = (key(), Limits::default());
    let counted = allocation_counter::measure(|| {
        for turn in 0..100 {
            assert_eq!(usage.take(&key, &plan, &stage, ORDERS, at(turn)), Verdict::Taken);
        }
    });
    assert_eq!(counted.count_total, 0);
}

/// What happens to a limit.
#[derive(Debug, Clone, Copy)]
enum Act {
    Wait(u32),
    Ask(u8),
    Keep,
    /// All that was done since the last [`Act::Keep`] is lost, which is at most a second.
    Crash(u32),
    Restart(u32),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u32..400).prop_map(Act::Wait),
        8 => (1u8..30).prop_map(Act::Ask),
        2 => Just(Act::Keep),
        1 => (0u32..3_000).prop_map(Act::Crash),
        1 => (0u32..3_000).prop_map(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// However requests, crashes and restarts follow each other: of no span is more taken than burst and rate allow, of
    /// no day more than the quota, and without crashes nobody is refused what a slow count allows.
    #[test]
    fn no_span_has_more_than_its_share(
        acts in prop::collection::vec(any_act(), 1..120), per_second in 1u32..200, burst in 1u32..40, limit in 1u64..400,
    ) {
        let rate = Rate::new(f64::from(per_second), burst).unwrap();
        let plan = plan(Some(rate), Some(Quota { limit, offset: 0, period: Period::Day }));
        let (mut usage, mut disk): (Usage, Vec<KeptKey>) = (Usage::default(), Vec::new());
        let (mut now, mut taken, mut crashed) = (0i64, Vec::<i64>::new(), false);
        // The slow count: tokens in thousandths, one millisecond at a time.
        let (mut slow, mut slow_at) = (i64::from(burst) * 1_000, 0i64);
        for act in acts {
            let write = |usage: &mut Usage, disk: &mut Vec<KeptKey>| {
                let kept = usage.keep(at(now));
                for row in &kept.keys {
                    disk.retain(|had| had.id != row.id);
                    disk.push(row.clone());
                }
                usage.kept(&kept);
            };
            match act {
                Act::Wait(millis) => now += i64::from(millis),
                Act::Keep => write(&mut usage, &mut disk),
                Act::Ask(times) => for _ in 0..times {
                    let mut verdict = usage.take(&key(), &plan, &Limits::default(), ORDERS, at(now));
                    if verdict == Verdict::Reserve {
                        write(&mut usage, &mut disk);
                        verdict = usage.take(&key(), &plan, &Limits::default(), ORDERS, at(now));
                    }
                    while slow_at < now {
                        slow_at += 1;
                        slow = (slow + i64::from(per_second)).min(i64::from(burst) * 1_000);
                    }
                    let may = slow >= 1_000 && (taken.len() as u64) < limit;
                    prop_assert!(may || verdict != Verdict::Taken, "{:?} at {}", verdict, now);
                    prop_assert!(crashed || (verdict == Verdict::Taken) == may, "{:?} at {}", verdict, now);
                    if verdict == Verdict::Taken {
                        taken.push(now);
                        slow -= 1_000;
                    }
                },
                Act::Crash(millis) => {
                    now += i64::from(millis);
                    crashed = true;
                    usage = Usage::restore(Kept { at: at(now), orderly: false, stage: Buckets::default(), empty_since: None, keys: disk.clone() }, at(now));
                }
                Act::Restart(millis) => {
                    let kept = usage.close(at(now));
                    now += i64::from(millis);
                    disk = kept.keys.clone();
                    usage = Usage::restore(kept, at(now));
                }
            }
        }
        prop_assert!(taken.len() as u64 <= limit);
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let most = f64::from(burst) + f64::from(per_second) * (to - from) as f64 / 1_000.0;
                prop_assert!((last - first + 1) as f64 <= most + 1e-6, "{} to {}", from, to);
            }
        }
    }
}
