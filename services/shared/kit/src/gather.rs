//! Questions that come at the same time, answered together.
//!
//! While one group is being answered the next one gathers. A lone question is answered at once; only after a group that
//! was a crowd the next one is left to grow for a moment, because each group costs the same whatever its size.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Questions that may wait; those who ask more are held back.
const WAITING_MAX: usize = 4096;
/// From this size on a group is a crowd.
const CROWD: usize = 4;
/// A group is left to grow for so many times the time that the one before took.
const LINGER_TIMES: u32 = 4;

/// After a group that was a crowd and took so long, leaves the next one to grow: the longer a group takes, because it is
/// large or the machine is busy, the more is won by having fewer of them. A full group does not wait: the next one is
/// there already.
pub async fn linger(group: usize, group_max: usize, took: Duration, most: Duration) {
    if (CROWD..group_max).contains(&group) {
        tokio::time::sleep(most.min(took * LINGER_TIMES)).await;
    }
}

struct Question<Q, A> {
    question: Q,
    reply: oneshot::Sender<A>,
}

/// A place where questions gather. Cheap to clone.
pub struct Gather<Q, A> {
    sender: mpsc::Sender<Question<Q, A>>,
}

impl<Q, A> Clone for Gather<Q, A> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<Q, A> std::fmt::Debug for Gather<Q, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

/// Answers groups of questions; ends when nobody can ask any more, or when the service stops.
pub struct Answering<Q, A> {
    receiver: mpsc::Receiver<Question<Q, A>>,
    group_max: usize,
    linger: Duration,
}

impl<Q: Send + 'static, A: Send + 'static> Gather<Q, A> {
    /// A place, and the part that answers; at most `group_max` questions are answered together, and none waits longer
    /// than `linger` for company (see [`linger`]).
    pub fn new(group_max: usize, linger: Duration) -> (Self, Answering<Q, A>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self { sender }, Answering { receiver, group_max: group_max.max(1), linger })
    }

    /// Asks; `None` when the service stops or the one who answers has failed.
    pub async fn ask(&self, question: Q) -> Option<A> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(Question { question, reply }).await.ok()?;
        answer.await.ok()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Answering<Q, A> {
    /// Answers each group with `answer`: one answer per question, in their order.
    ///
    /// After `shutdown` it goes on as long as requests in flight ask, and ends with the last one who could.
    pub async fn run<F, Fut>(mut self, shutdown: CancellationToken, answer: F)
    where
        F: Fn(Vec<Q>) -> Fut + Send,
        Fut: Future<Output = Vec<A>> + Send,
    {
        let mut group = Vec::new();
        loop {
            let taken = tokio::select! {
                taken = self.receiver.recv_many(&mut group, self.group_max) => taken,
                () = quiet_after(&shutdown) => 0,
            };
            if taken == 0 {
                return;
            }
            let begin = Instant::now();
            let (questions, replies): (Vec<Q>, Vec<oneshot::Sender<A>>) =
                group.drain(..).map(|asked| (asked.question, asked.reply)).unzip();
            for (reply, answer) in replies.into_iter().zip(answer(questions).await) {
                // Whoever asked may be gone: its connection was closed.
                let _ = reply.send(answer);
            }
            linger(taken, self.group_max, begin.elapsed(), self.linger).await;
        }
    }
}

/// Ends when the service stops and nobody has asked for a second.
async fn quiet_after(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn questions_that_come_together_are_answered_together() {
        let (gather, answering) = Gather::<u32, u32>::new(10, Duration::ZERO);
        let groups = Arc::new(Mutex::new(Vec::new()));
        let seen = groups.clone();
        tokio::spawn(answering.run(CancellationToken::new(), move |questions: Vec<u32>| {
            seen.lock().unwrap().push(questions.len());
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                questions.iter().map(|q| q * 2).collect()
            }
        }));
        let asked = (0..25).map(|n| {
            let gather = gather.clone();
            async move { gather.ask(n).await }
        });
        let answers = futures::future::join_all(asked).await;
        assert_eq!(answers, (0..25).map(|n| Some(n * 2)).collect::<Vec<_>>());
        let groups = groups.lock().unwrap().clone();
        assert_eq!(groups.iter().sum::<usize>(), 25);
        assert!(groups.len() <= 4 && groups.iter().all(|size| *size <= 10), "{groups:?}");
    }

    #[tokio::test]
    async fn a_group_grows_only_behind_a_crowd() {
        const TOOK: Duration = Duration::from_millis(300);
        let (gather, answering) = Gather::<u32, usize>::new(100, Duration::from_secs(60));
        tokio::spawn(answering.run(CancellationToken::new(), |questions: Vec<u32>| async move {
            tokio::time::sleep(if questions.len() < CROWD { Duration::ZERO } else { TOOK }).await;
            vec![questions.len(); questions.len()]
        }));
        let begin = Instant::now();
        for lone in 0..3 {
            assert_eq!(gather.ask(lone).await, Some(1));
        }
        assert!(begin.elapsed() < TOOK, "nobody waits who comes alone");
        let crowd = futures::future::join_all((0..6).map(|n| gather.ask(n))).await;
        assert_eq!(crowd, vec![Some(6); 6]);
        let late = async {
            tokio::time::sleep(TOOK).await;
            gather.ask(8).await
        };
        let both = tokio::join!(gather.ask(7), late);
        assert_eq!(both, (Some(2), Some(2)));
        assert!(begin.elapsed() >= TOOK * (1 + LINGER_TIMES));
    }

    #[tokio::test]
    async fn a_place_whose_answering_part_is_gone_says_so() {
        let (gather, answering) = Gather::<u32, u32>::new(10, Duration::ZERO);
        drop(answering);
        assert_eq!(gather.ask(1).await, None);
    }
}
