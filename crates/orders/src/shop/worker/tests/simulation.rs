//! Decides whether orders, stock, money and messages agree after any mishap: the oracle of the worker.

use super::*;

/// What a run met, so that a test which meets nothing is noticed.
#[derive(Debug, Default)]
struct Met {
    completed: u64,
    failed: u64,
    cancelled: u64,
    dead: u64,
    redriven: u64,
    incomplete: u64,
    crashes: u64,
    doubles: u64,
}

/// A worker at work.
struct Slot {
    id: u64,
    until: Duration,
    running: Running,
}

/// How wild it is.
#[derive(Clone, Copy)]
struct Chaos {
    crash_percent: u64,
    cancel_percent: u64,
    /// The longest time for which a received message is hidden.
    visibility_millis: u64,
}

const CALM: Chaos = Chaos { crash_percent: 0, cancel_percent: 0, visibility_millis: 60_000 };

/// Runs workers, interleaved at every await, until the queue is empty or so many moments went by.
fn run(house: &House, workers: usize, chaos: Chaos, moments: u64, met: &mut Met) {
    let mut slots: Vec<Option<Slot>> = (0..workers).map(|_| None).collect();
    for _ in 0..moments {
        let mut world = house.world();
        let step = Duration::from_millis(world.below(8));
        world.now += step;
        if world.chance(chaos.cancel_percent) {
            let orders = world.orders();
            let at = usize::try_from(world.below(orders.len() as u64)).unwrap();
            world.cancel(&orders[at].id);
        }
        let at = usize::try_from(world.below(workers as u64)).unwrap();
        let Some(slot) = &mut slots[at] else {
            let now = world.now;
            let first = world.below(u64::MAX) % (world.queue.keys().last().unwrap_or(&0) + 1);
            let mut all = world.queue.range(first..).chain(world.queue.range(..first));
            let Some(id) = all.find(|(_, queued)| queued.visible_at <= now).map(|(id, _)| *id) else {
                drop(world);
                if slots.iter().all(Option::is_none) {
                    let mut world = house.world();
                    match world.queue.values().map(|queued| queued.visible_at).min() {
                        Some(due) => world.now = world.now.max(due),
                        None => return,
                    }
                }
                continue;
            };
            let until = now + Duration::from_millis(1 + world.below(chaos.visibility_millis));
            let queued = world.queue.get_mut(&id).unwrap();
            queued.visible_at = until;
            queued.receives += 1;
            let (body, receives) = (queued.body.clone(), queued.receives);
            drop(world);
            met.doubles += u64::from(slots.iter().flatten().any(|slot| slot.id == id));
            slots[at] = Some(Slot { id, until, running: house.start(Some(id), body, receives) });
            continue;
        };
        if world.chance(chaos.crash_percent) {
            drop(world);
            slots[at] = None;
            met.crashes += 1;
            continue;
        }
        drop(world);
        if let Some(worked) = poll(&mut slot.running) {
            if let Worked::Failed { error } = &worked {
                panic!("nothing here is broken: {error}");
            }
            settle(&mut house.world(), slot.id, slot.until, worked);
            slots[at] = None;
        }
    }
    let world = house.world();
    assert!(chaos.crash_percent > 0, "the queue never empties: {:?}", world.queue);
}

/// What must hold when nothing is under way.
fn judge(house: &House, away: Away, accepted: usize, stock: u64) {
    let world = house.world();
    assert_eq!(world.violations, Vec::<String>::new());
    let orders = world.orders();
    assert_eq!(orders.len(), accepted);
    assert_eq!(world.done + world.dead.len() as u64, world.sent, "every message is done or dead");
    let mut sold: BTreeMap<&str, u64> = BTreeMap::new();
    let mut dead = 0;
    for order in &orders {
        let (id, status) = (order.id.as_str(), order.status);
        assert!(status.is_final(), "{id} is {status}: {:?}", house.lines.lock().unwrap().last());
        assert_eq!(order.error.is_some(), status == Status::Failed, "{id}");
        assert_eq!(order.tracking.is_some(), status == Status::Completed, "{id}");
        dead += usize::from(order.progress.dead_lettered);
        let incomplete = order.progress.undo.as_ref().is_some_and(Undo::is_left);
        let lies_dead = world.dead.iter().any(|body| message::order_id(body).as_deref() == Some(id));
        assert_eq!(order.progress.dead_lettered, lies_dead, "{id}");
        assert!(!incomplete || lies_dead, "{id} is given up only among the dead letters");
        // Which of what was given up had its effect nobody knows.
        if incomplete {
            continue;
        }
        let done = |book: &BTreeMap<(String, String), Remotely>| {
            book.iter().filter(|((of, _), what)| of == id && **what == Remotely::Done).count()
        };
        let charged = if away.payments {
            done(&world.payments)
        } else {
            let payment = world.items.get(&(Table::Payments, id.to_owned()));
            payment.into_iter().filter(|payment| payment.text("state") == Some("charged")).count()
        };
        let wanted = usize::from(status == Status::Completed);
        assert_eq!(charged, wanted, "{id} is {status}: {:?}", statuses(order));
        if away.fulfilment {
            assert_eq!(done(&world.parcels), wanted, "{id} is {status}: {:?}", statuses(order));
        }
        if away.inventory {
            assert_eq!(done(&world.holds), wanted, "{id} is {status}: {:?}", statuses(order));
        }
        if status == Status::Completed {
            for line in &order.lines {
                *sold.entry(&line.sku).or_default() += u64::from(line.quantity);
            }
        }
    }
    assert_eq!(dead, world.dead.len());
    if orders.iter().all(|order| !order.progress.undo.as_ref().is_some_and(Undo::is_left)) && !away.inventory {
        for sku in LISTED {
            let gone = sold.get(sku).copied().unwrap_or(0);
            assert_eq!(world.counts(sku), [stock - gone, 0, gone], "{sku}");
        }
    }
}

fn tally(house: &House, met: &mut Met) {
    let world = house.world();
    for order in world.orders() {
        met.completed += u64::from(order.status == Status::Completed);
        met.failed += u64::from(order.status == Status::Failed);
        met.cancelled += u64::from(order.status == Status::Cancelled);
        met.incomplete += u64::from(order.error.as_ref().is_some_and(|error| error.code == COMPENSATION_INCOMPLETE));
    }
    met.dead += world.dead.len() as u64;
}

fn simulate(seed: u64, met: &mut Met) {
    const STOCK: u64 = 40;
    let (house, away) = {
        let probe = shared(seed ^ 0x5EED);
        let mut dice = lock(&probe);
        let away = Away { inventory: dice.chance(40), payments: dice.chance(40), fulfilment: dice.chance(40) };
        let payment =
            PaymentBehaviour { failure_percent: 20, decline_percent: 5, hang_percent: 5, ..Default::default() };
        let mut house = House::new(seed, away, payment);
        let attempts_max = 2 + u32::try_from(dice.below(4)).unwrap();
        house.settings = Arc::new(Settings { attempts_max, ..(*house.settings).clone() });
        (house, away)
    };
    let (accepted, workers, chaos) = {
        let mut world = house.world();
        let worst = 1 + world.below(60);
        world.faults = Faults {
            fails_before: world.below(worst),
            fails_after: world.below(worst),
            hangs: world.below(worst),
            refuses: world.below(10),
            busy: world.below(5),
            unreadable: world.below(5),
            waits: 40,
        };
        for sku in LISTED {
            world.stock(sku, STOCK);
        }
        world.remote_stock = STOCK;
        let accepted = usize::try_from(4 + world.below(12)).unwrap();
        for index in 0..accepted {
            let skus = ["mug", "pen", "hat", "unlisted"];
            let lines: Vec<_> = (0..1 + world.below(3))
                .map(|_| {
                    let sku = skus[usize::try_from(world.below(4)).unwrap()];
                    (sku, u32::try_from(1 + world.below(6)).unwrap(), 100 + world.below(9_000))
                })
                .collect();
            let order = pending(&format!("O-{index}"), &lines);
            world.submit(&order);
        }
        let workers = usize::try_from(1 + world.below(5)).unwrap();
        let visibility_millis = [50, 500, 5_000][usize::try_from(world.below(3)).unwrap()];
        (accepted, workers, Chaos { crash_percent: world.below(6), cancel_percent: world.below(3), visibility_millis })
    };
    let context = format!("seed {seed}, {away:?}");
    run(&house, workers, Chaos { crash_percent: chaos.crash_percent.max(1), ..chaos }, 4_000, met);
    // Faults stop; what is under way was stopped with them.
    house.world().faults = Faults { waits: 20, ..Faults::default() };
    let quiet = |met: &mut Met| {
        let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&house, workers, CALM, 400_000, met);
            judge(&house, away, accepted, STOCK);
        }));
        if let Err(panic) = judged {
            eprintln!("{context}:\n{}", house.lines.lock().unwrap().join("\n"));
            std::panic::resume_unwind(panic);
        }
    };
    quiet(met);
    tally(&house, met);
    // An operator has everything tried again that lies among the dead letters, until nothing does.
    for _ in 0..20 {
        house.world().redrive();
        quiet(met);
    }
    let world = house.world();
    assert_eq!(world.dead, Vec::<String>::new(), "{context}");
    assert!(world.orders().iter().all(|order| !order.progress.undo.as_ref().is_some_and(Undo::is_left)), "{context}");
    met.redriven += world.orders().iter().filter(|order| workflow::round(order) > 0).count() as u64;
}

/// However workers interleave, stop, and are received twice, and whatever dependencies do: afterwards every order is in
/// one terminal state by lawful moves, its effects are there once or not at all, and stock, money and messages agree.
#[test]
fn nothing_is_lost_or_done_twice() {
    let mut met = Met::default();
    let seeds = std::env::var("ORDERFLOW_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(100);
    for seed in 0..seeds {
        simulate(seed, &mut met);
    }
    let Met { completed, failed, cancelled, dead, redriven, incomplete, crashes, doubles } = met;
    let all = [completed, failed, cancelled, dead, redriven, crashes, doubles];
    assert!(all.iter().all(|count| *count >= seeds / 10) && incomplete >= seeds / 100, "{met:?}");
}

/// However many want the last one at once, it is sold once.
#[test]
fn a_thousand_buyers_of_one_unit_make_one_sale() {
    let mut house = House::new(11, Away::default(), PaymentBehaviour::default());
    house.settings = Arc::default();
    house.world().faults.waits = 50;
    house.world().stock("mug", 1);
    for index in 0..1_000 {
        house.world().submit(&pending(&format!("O-{index}"), &[("mug", 1, 100)]));
    }
    run(&house, 64, CALM, 2_000_000, &mut Met::default());
    let world = house.world();
    assert_eq!(world.violations, Vec::<String>::new());
    assert_eq!(world.counts("mug"), [0, 0, 1]);
    let sold = world.orders().iter().filter(|order| order.status == Status::Completed).count();
    assert_eq!((sold, world.done, world.dead.len()), (1, 1_000, 0));
}
