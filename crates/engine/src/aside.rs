//! Decides where work goes that is not done where it is asked for: what waits, for the disk say, to a thread that may
//! wait; what goes on by itself to a task of the runtime.
//!
//! All of it goes there in a box. The code with which the runtime runs a task, some two thousand lines for the compiler,
//! is made anew for each type of work; so there is one type. A box costs nothing beside a turn of the disk.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::{JoinError, JoinHandle};

/// A task's work.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work for a task that is to be spawned.
pub(crate) fn work(work: impl Future<Output = ()> + Send + 'static) -> Work {
    Box::pin(work)
}

/// Does something that waits on a thread that may; it is begun at once, and goes on if nobody waits for it any longer. To
/// be called within a runtime. Refused if that ends, or the work panics.
pub fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, JoinError>> + Send {
    let place = Arc::new(Mutex::new(None));
    let to = Arc::clone(&place);
    let begun = begin(Box::new(move || {
        let done = work();
        *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }));
    end(begun, place)
}

fn begin(work: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    tokio::task::spawn_blocking(work)
}

async fn end<T>(begun: JoinHandle<()>, place: Arc<Mutex<Option<T>>>) -> Result<T, JoinError> {
    begun.await?;
    let done = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(done.expect("work that has ended has put there what came of it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_aside_comes_back_and_a_panic_is_told_of() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let here = std::thread::current().id();
            let other = aside(move || std::thread::current().id() != here);
            assert!(other.await.unwrap());
            assert!(aside(|| -> u8 { panic!("on purpose") }).await.unwrap_err().is_panic());
        });
    }

    #[test]
    fn what_nobody_waits_for_goes_on() {
        let (done, is_done) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { drop(aside(move || done.send(()).unwrap())) });
        is_done.recv().unwrap();
    }
}
