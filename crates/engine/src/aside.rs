//! Decides how work is done that waits for the disk, or for a function, while others are to go on: on a thread that may
//! wait.
//!
//! Start at [`aside`]. Whatever the work is, the scheduler sees one type of it, a box: each type that it sees costs some
//! forty functions in the program, and boxing costs nothing beside what is waited for.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::{JoinError, JoinHandle};

type Done = Box<dyn Any + Send>;

/// Begins work on a thread that may wait.
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
    let work: Box<dyn FnOnce() -> Done + Send> = Box::new(move || Box::new(work()));
    Aside { working: begin(work), done: PhantomData }
}

fn begin(work: Box<dyn FnOnce() -> Done + Send>) -> JoinHandle<Done> {
    tokio::task::spawn_blocking(work)
}

/// Work that goes on elsewhere, also if nobody waits for it any longer. It fails if it panicked, or if the scheduler ends.
#[derive(Debug)]
pub struct Aside<T> {
    working: JoinHandle<Done>,
    done: PhantomData<fn() -> T>,
}

impl<T: 'static> Future for Aside<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let working = Pin::new(&mut self.working);
        working.poll(context).map_ok(|done| *done.downcast().expect("the work's own result was boxed"))
    }
}
