//! Decides how several things are waited for at once on one task.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Waits for all of these futures; what they give is in their order. There are few, so each wake looks at all that are
/// not done.
pub(crate) async fn all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(Ok).collect();
    poll_fn(|context| {
        let mut pending = false;
        for slot in &mut waiting {
            if let Ok(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(given) => *slot = Err(given),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().map(|slot| slot.err().expect("all are done")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn all_are_waited_for_at_the_same_time_and_keep_their_order() {
        let after = |seconds: u64| -> Pin<Box<dyn Future<Output = u64> + Send>> {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                seconds
            })
        };
        let begun = tokio::time::Instant::now();
        assert_eq!(all(vec![after(3), after(1), after(2)]).await, [3, 1, 2]);
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
        assert!(all::<u64>(Vec::new()).await.is_empty());
    }
}
