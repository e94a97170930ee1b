//! The queue beside a model of it: random orders of asking, claiming, finishing and waiting.

use std::{collections::BTreeMap, time::Duration};

use kernel::{FakeEnv, Id};
use serde_json::json;
use store::{Store, Write};

use super::system;
use crate::{Depth, Error, Failure, Job, MIGRATIONS, Task, depth, enqueue, limits, queue};

const STEPS: u32 = 250;
const KEYS: u32 = 6;

/// What the model knows of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stand {
    Ready,
    Running { attempt: i64, lease_left: Duration },
    Over,
    Dead,
}

#[derive(Debug, Default)]
struct Model {
    jobs: BTreeMap<Id<Task>, (String, i64, Stand)>,
}

impl Model {
    fn is_live(&self, key: &str) -> bool {
        self.jobs.values().any(|(taken, _, stand)| {
            taken == key && matches!(stand, Stand::Ready | Stand::Running { .. })
        })
    }

    fn wait(&mut self, span: Duration) {
        for (_, attempts, stand) in self.jobs.values_mut() {
            if let Stand::Running { lease_left, .. } = stand {
                *lease_left = lease_left.saturating_sub(span);
                if lease_left.is_zero() && *attempts >= limits::ATTEMPTS {
                    *stand = Stand::Dead;
                } else if lease_left.is_zero() {
                    *stand = Stand::Ready;
                }
            }
        }
    }

    fn count(&self, wanted: impl Fn(&Stand) -> bool) -> i64 {
        i64::try_from(
            self.jobs
                .values()
                .filter(|(_, _, stand)| wanted(stand))
                .count(),
        )
        .unwrap()
    }
}

async fn step(store: &Store, clock: &FakeEnv, model: &mut Model, held: &mut Vec<Task>) {
    let dice = |bound: u32| store.env().below(bound);
    match dice(10) {
        0..3 => {
            let key = format!("key-{}", dice(KEYS));
            let is_live = model.is_live(&key);
            let asked = ask(store, key.clone()).await;
            assert_eq!(asked.is_none(), is_live, "{key}");
            if let Some(id) = asked {
                model.jobs.insert(id, (key, 0, Stand::Ready));
            }
        }
        3 => {
            // Whatever is ready becomes due, so that the model need not know the pauses.
            let span = limits::BACKOFF_MOST * 2;
            clock.advance(span);
            model.wait(span);
            let most = 1 + usize::try_from(dice(4)).unwrap();
            let ready = model.count(|stand| *stand == Stand::Ready);
            let claimed = queue::claim(store, &["model"], most).await.unwrap();
            assert_eq!(
                i64::try_from(claimed.len()).unwrap(),
                ready.min(most.try_into().unwrap())
            );
            for task in claimed {
                let (_, attempts, stand) = model.jobs.get_mut(&task.id).unwrap();
                assert_eq!(*stand, Stand::Ready);
                *attempts += 1;
                assert_eq!(*attempts, task.attempt);
                *stand = Stand::Running {
                    attempt: task.attempt,
                    lease_left: limits::LEASE,
                };
                held.push(task);
            }
        }
        4..9 if !held.is_empty() => finish_one(store, model, held).await,
        _ => {
            let span = limits::LEASE / 3;
            clock.advance(span);
            model.wait(span);
            // Freeing what has expired is part of claiming.
            queue::claim(store, &[], 1).await.unwrap();
        }
    }
}

async fn finish_one(store: &Store, model: &mut Model, held: &mut Vec<Task>) {
    let dice = |bound: u32| store.env().below(bound);
    // Mostly one claimed lately, sometimes one whose lease has long run out.
    let place = usize::try_from(dice(u32::try_from(held.len()).unwrap())).unwrap();
    let place = if dice(4) == 0 { place } else { held.len() - 1 };
    let task = held.remove(place);
    let outcome = match dice(4) {
        0 => Err(Failure::Again("again".to_owned())),
        1 => Err(Failure::Dead("dead".to_owned())),
        _ => Ok(()),
    };
    let (_, attempts, stand) = model.jobs.get_mut(&task.id).unwrap();
    // One that lost its lease changes nothing.
    if matches!(stand, Stand::Running { attempt, .. } if *attempt == task.attempt) {
        *stand = match &outcome {
            Ok(()) => Stand::Over,
            Err(Failure::Again(_)) if *attempts < limits::ATTEMPTS => Stand::Ready,
            Err(_) => Stand::Dead,
        };
    }
    queue::finish(store, &task, outcome).await.unwrap();
}

async fn ask(store: &Store, key: String) -> Option<Id<Task>> {
    let asked: Result<_, Error> = store
        .write(&system(), move |tx: Write| {
            let key = Some(key.clone());
            async move {
                let job = Job {
                    kind: "model",
                    key,
                    payload: json!({}),
                    run_at: tx.now(),
                };
                enqueue(&tx, job).await
            }
        })
        .await;
    asked.unwrap()
}

store::db_tests! {
    [&MIGRATIONS];

    async fn the_queue_behaves_as_its_model(store: Store, clock: FakeEnv) {
        let (mut model, mut held) = (Model::default(), Vec::new());
        for number in 0..STEPS {
            step(&store, &clock, &mut model, &mut held).await;
            let depth: Depth = store.read(|db| async move { depth(&db).await }).await.unwrap();
            let expected = (
                model.count(|stand| *stand == Stand::Ready),
                model.count(|stand| matches!(stand, Stand::Running { .. })),
                model.count(|stand| *stand == Stand::Dead),
            );
            assert_eq!((depth.ready, depth.running, depth.dead), expected, "step {number}");
        }
        assert!(model.count(|stand| *stand == Stand::Over) > 5);
    }
}
