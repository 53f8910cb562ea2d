//! Decides how functions and pipes are handed the messages of queues: received in batches, so many at once, and settled as
//! the function says, or as the pipe's target does.
//!
//! A poller waits for messages, not for a timer: a message that becomes visible wakes it. A message whose function
//! failed stays hidden for the queue's time and is then received again, until the queue takes it for poison. One that its
//! function puts back is no poison, however often that happens: it is exchanged for a new message, so that only failures
//! are counted. In a queue that keeps order it has to stay where it is, and is hidden.
//!
//! Whoever waits for an answer goes before work that nobody waits for: under a rush of requests pollers take one batch in a
//! while, so that the queue grows on disk instead of the answers' times; they never stop altogether.

use crate::aside::work;
use crate::codec::Malformed;
use crate::command::{self, By, Fate, Found, Settle};
use crate::commit::WriteRefused;
use crate::engine::{Engine, Inner, PipeError};
use crate::functions::{Functions, Handled, MessageFate};
use crate::pipes::FromQueue;
use crate::queues::{LiveQueue, Message, Outgoing, ReceiveRefused, ReceivedMessage, Wanted};
use crate::tables::Beside;
use delivery::Filters;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use types::{FunctionName, Qualifier, QueueName, SortedSet};

/// How many batches may be under way at once if nobody says.
const BATCHES_USUAL: u32 = 64;
/// How many receives a poller has open at once: while one becomes durable, the next is under way.
const RECEIVERS: usize = 3;
/// How long a receive waits for a message before it looks whether it is to stop.
const WAIT: Duration = Duration::from_secs(20);
/// From how many receives on a message is not shown again at once after a crash.
const SUSPECT: u32 = 4;
/// How many messages are shown again in one commit.
const SHOWN_AT_ONCE: usize = 256;
/// How long a busy function, or a failing disk, is left alone.
pub(crate) const BUSY_FOR: Duration = Duration::from_secs(1);
/// The longest that a message can be put back for, as of any message's delay.
const LATER_MAX: Duration = Duration::from_secs(15 * 60);

/// The longest that a batch waits because others go first, and how often it is looked whether they still do.
const GIVE_WAY_MAX: Duration = Duration::from_millis(40);
const GIVE_WAY_LOOK: Duration = Duration::from_millis(5);

/// Whether somebody waits who is to be served before functions work on messages.
pub type GiveWay = dyn Fn() -> bool + Send + Sync;

/// One poller, at work.
pub(crate) struct Poller {
    pub(crate) queue_name: QueueName,
    /// The most messages of one batch.
    pub(crate) batch_size: u32,
    pub(crate) window: Duration,
    /// How many batches may be under way at once; `None` for the usual number.
    pub(crate) concurrency: Option<u32>,
    /// How long messages are hidden; `None` for as long as the queue is set to.
    pub(crate) visible_for: Option<Duration>,
    pub(crate) filters: Filters,
    pub(crate) queue: Arc<LiveQueue>,
    pub(crate) inner: Arc<Inner>,
    pub(crate) hands: Hands,
}

/// Who is handed the messages.
pub(crate) enum Hands {
    /// A function, which says of each what becomes of it.
    Function {
        /// Which.
        function: FunctionName,
        /// Which version or alias of it, if not the function as it is.
        qualifier: Option<Qualifier>,
        /// Who runs it.
        functions: Arc<dyn Functions>,
    },
    /// A pipe.
    Pipe(Box<FromQueue>),
}

impl Hands {
    /// Whether a message is wanted.
    fn wants(&self, filters: &Filters, queue: &QueueName, received: &ReceivedMessage) -> bool {
        match self {
            Self::Function { .. } => filters.passes_message(&received.message.body),
            Self::Pipe(pipe) => pipe.wants(filters, queue, received),
        }
    }
}

impl std::fmt::Display for Hands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function { function, .. } => write!(f, "function {function}"),
            Self::Pipe(pipe) => write!(f, "pipe {}", pipe.name),
        }
    }
}

impl Poller {
    /// A poller's whole life: until it is told to stop, and what it has begun is done.
    pub(crate) async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let most = self.concurrency.unwrap_or(BATCHES_USUAL).max(1);
        let places = Arc::new(Semaphore::new(most as usize));
        let receivers = RECEIVERS.min(most as usize);
        let mut running = JoinSet::new();
        for _ in 0..receivers {
            running.spawn(work(Arc::clone(&self).receive(Arc::clone(&places), stop.clone())));
        }
        while running.join_next().await.is_some() {}
    }

    async fn receive(self: Arc<Self>, places: Arc<Semaphore>, stop: watch::Receiver<bool>) {
        let mut batches = JoinSet::new();
        loop {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            if *stop.borrow() {
                break;
            }
            self.give_way().await;
            // Never cut off: what is being made durable as received has to be handed over.
            match self.batch(&stop).await {
                Ok(batch) if batch.is_empty() => {}
                Ok(batch) => {
                    let poller = Arc::clone(&self);
                    batches.spawn(work(async move {
                        poller.hand_over(batch).await;
                        drop(place);
                    }));
                }
                Err(ReceiveRefused::Gone) => break,
                Err(refused) => {
                    crate::complain!("orderflow: {} gets nothing for now: {refused}", self.hands);
                    tokio::time::sleep(BUSY_FOR).await;
                }
            }
            while batches.try_join_next().is_some() {}
        }
        while batches.join_next().await.is_some() {}
    }

    /// Lets those go first who are to be served first, for a while.
    async fn give_way(&self) {
        let Some(others_wait) = self.inner.give_way.get() else { return };
        let until = tokio::time::Instant::now() + GIVE_WAY_MAX;
        while others_wait() && tokio::time::Instant::now() < until {
            tokio::time::sleep(GIVE_WAY_LOOK).await;
        }
    }

    /// The next batch: as soon as there is a message, and then for as long as the window is open, or until it is to stop.
    async fn batch(&self, stop: &watch::Receiver<bool>) -> Result<Vec<ReceivedMessage>, ReceiveRefused> {
        let (max, visible_for) = (self.batch_size as usize, self.visible_for);
        let wanted = |max, wait| Wanted { max, wait, visible_for, stop: Some(stop.clone()), ..Wanted::default() };
        let mut batch = self.queue.receive(&self.inner.commits, &wanted(max, WAIT)).await?;
        let until = tokio::time::Instant::now() + self.window;
        while !batch.is_empty() && batch.len() < max {
            let rest = until.saturating_duration_since(tokio::time::Instant::now());
            if rest.is_zero() || *stop.borrow() {
                break;
            }
            // What cannot be received now comes with the next batch.
            let Ok(more) = self.queue.receive(&self.inner.commits, &wanted(max - batch.len(), rest)).await else {
                break;
            };
            batch.extend(more);
        }
        Ok(batch)
    }

    async fn hand_over(self: &Arc<Self>, batch: Vec<ReceivedMessage>) {
        let (batch, passed_over): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|received| self.hands.wants(&self.filters, &self.queue_name, received));
        let mut done: Vec<Settle> = passed_over.iter().map(|one| self.settle(one, Fate::Delete)).collect();
        let mut later: Vec<(ReceivedMessage, Duration)> = Vec::new();
        let mut dead: Vec<Settle> = Vec::new();
        let handled = match &self.hands {
            _ if batch.is_empty() => Handled::Each(Vec::new()),
            Hands::Function { function, qualifier, functions } => {
                functions.handle(function, qualifier.as_ref(), &self.queue_name, &batch).await
            }
            Hands::Pipe(pipe) => Handled::Each(pipe.hand_on(self, &batch).await),
        };
        match handled {
            Handled::Each(fates) => {
                for (received, fate) in batch.into_iter().zip(fates) {
                    match fate {
                        MessageFate::Done => done.push(self.settle(&received, Fate::Delete)),
                        MessageFate::Later(span) => later.push((received, span)),
                        MessageFate::Dead(error) => {
                            if let Hands::Function { function, .. } = &self.hands {
                                let function = function.clone();
                                dead.push(self.settle(&received, Fate::DeadLetter { function, error }));
                            }
                        }
                        MessageFate::Settled | MessageFate::Failed => {}
                    }
                }
            }
            // They come again when they are seen again.
            Handled::Failed => {}
            Handled::NotRun => later.extend(batch.into_iter().map(|received| (received, BUSY_FOR))),
        }
        // Each by itself, so that one that was received anew does not keep the others, and all at the same time.
        let mut putting = JoinSet::new();
        for (received, span) in later {
            let poller = Arc::clone(self);
            putting.spawn(work(async move { poller.put_back(received, span).await }));
        }
        for settle in dead {
            let poller = Arc::clone(self);
            putting.spawn(work(async move { poller.commit(vec![settle], Vec::new()).await }));
        }
        if !done.is_empty() {
            self.commit(done, Vec::new()).await;
        }
        while putting.join_next().await.is_some() {}
    }

    /// Has a message come again after so long, without a mark against it.
    async fn put_back(&self, received: ReceivedMessage, span: Duration) {
        if self.queue.keeps_order() {
            return self.commit(vec![self.settle(&received, Fate::Hide(span))], Vec::new()).await;
        }
        let done = self.settle(&received, Fate::Delete);
        let Message { body, attributes, trace, group, .. } = received.message;
        let delay = Some(span.min(LATER_MAX));
        let anew = Outgoing { body, attributes, trace, group, deduplication: None, delay };
        self.commit(vec![done], vec![anew]).await;
    }

    fn settle(&self, received: &ReceivedMessage, fate: Fate) -> Settle {
        Settle { queue: self.queue_name.clone(), receipt: received.receipt, fate }
    }

    async fn commit(&self, settles: Vec<Settle>, sends: Vec<Outgoing>) {
        let settles = settles.into_iter().map(|settle| (Arc::clone(&self.queue), settle)).collect();
        let sends = sends.into_iter().map(|outgoing| (Arc::clone(&self.queue), outgoing)).collect();
        let found = Found { sends, settles, letters: Vec::new(), told: Beside::default() };
        match command::run(&self.inner.commits, &self.inner.indexes, Vec::new(), found, By::Function).await {
            // A message that somebody else has received since is theirs.
            Ok(_) | Err(command::CommandError::Hide(_) | command::CommandError::Gone(_)) => {}
            Err(error) => {
                let (who, queue) = (&self.hands, &self.queue_name);
                crate::complain!("orderflow: messages of queue {queue} that {who} has done come again: {error}");
            }
        }
    }
}

/// The pollers that run.
#[derive(Default)]
pub(crate) struct Pollers {
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Pollers {
    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().expect("no thread panics while it holds the pollers")
    }

    /// Tells all of them to stop, and waits for none.
    pub(crate) fn stop(&self) {
        if let Some(running) = &*self.lock() {
            // Those who still listen stop; nobody listening is as good.
            let _ = running.stop.send(true);
        }
    }
}

/// Shows what a queue has in flight: whoever had received it was a function, which went with the process before.
pub(crate) fn show_again(inner: &Inner, queue: &Arc<LiveQueue>) -> Result<(), WriteRefused> {
    // What was received that often may be what the process died of: it waits for its time.
    let receipts: Vec<_> = queue.receipts().into_iter().filter(|receipt| receipt.receives < SUSPECT).collect();
    for receipts in receipts.chunks(SHOWN_AT_ONCE) {
        // One that has just come back by itself needs no showing.
        let parts: Vec<_> =
            receipts.iter().filter_map(|receipt| queue.hide_part(*receipt, Duration::ZERO).ok()).collect();
        if !parts.is_empty() {
            inner.commits.commit_parts_blocking(parts, Vec::new())?;
        }
    }
    Ok(())
}

impl Engine {
    /// Starts to hand over the messages of these stacks' queues; to be called within a runtime if there are any.
    /// Those `shown` show already what was in flight.
    pub(crate) fn start_pollers(
        &self,
        stacks: &[String],
        functions: &Arc<dyn Functions>,
        shown: &SortedSet<QueueName>,
    ) -> Result<(), PipeError> {
        let catalog = self.inner.catalog();
        let specs = catalog.pollers.iter().filter(|(stack, _)| stacks.contains(stack)).flat_map(|(_, specs)| specs);
        let polled: SortedSet<QueueName> =
            specs.clone().filter(|spec| spec.running).map(|spec| spec.queue.clone()).collect();
        // Before any begins, so that nothing is shown that one has just received.
        for queue in polled.iter().filter(|queue| !shown.contains(*queue)) {
            show_again(&self.inner, &self.inner.queue(queue)?)?;
        }
        let mut running = self.inner.pollers.lock();
        for spec in specs.filter(|spec| spec.running) {
            let queue = self.inner.queue(&spec.queue)?;
            let filters = Filters::parse(&spec.filters).map_err(|_| WriteRefused::Malformed(Malformed("filter")))?;
            let (inner, functions) = (Arc::clone(&self.inner), Arc::clone(functions));
            let poller = Arc::new(Poller {
                queue_name: spec.queue.clone(),
                batch_size: spec.batch_size,
                window: Duration::from_secs(spec.window_seconds.into()),
                concurrency: spec.concurrency,
                visible_for: None,
                filters,
                queue,
                inner,
                hands: Hands::Function {
                    function: spec.function.clone(),
                    qualifier: spec.qualifier.clone(),
                    functions,
                },
            });
            let begun = || Running { stop: watch::channel(false).0, tasks: JoinSet::new() };
            let running = running.get_or_insert_with(begun);
            let stop = running.stop.subscribe();
            running.tasks.spawn(work(poller.run(stop)));
        }
        Ok(())
    }

    /// Hands over no more messages, and waits until what was handed over is settled.
    pub async fn stop_pollers(&self) {
        self.inner.pollers.stop();
        let running = self.inner.pollers.lock().take();
        if let Some(mut running) = running {
            while running.tasks.join_next().await.is_some() {}
        }
    }
}
