use super::World;
use portico_core::{clock::Clock, dcr_clients};
use portico_model::states::ProviderType;
use portico_testing::providers::Trouble;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

const APPLICATIONS: usize = 1000;

/// Three calls of ten go wrong, each in its own way, and all applications end up with the client that they should have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_applications_get_their_clients_from_a_provider_that_fails_often() {
    let world = Arc::new(World::new(ProviderType::Okta).await);
    let random = portico_core::clock::Random::from_seed(7);
    world.provider.trouble(move |_, _| {
        let [chance, kind] = random.bytes::<2>();
        let kinds = [Trouble::Status(500), Trouble::TooMany(1), Trouble::ResetBefore, Trouble::ResetAfter, Trouble::Half];
        (chance < 77).then(|| kinds[usize::from(kind) % kinds.len()].clone())
    });
    let began = world.core.clock.now();
    let watch = std::time::Instant::now();
    let at_once = Arc::new(Semaphore::new(8));
    let creating: Vec<_> = (0..APPLICATIONS)
        .map(|index| {
            let (world, at_once) = (Arc::clone(&world), Arc::clone(&at_once));
            tokio::spawn(async move {
                let _turn = at_once.acquire().await;
                world.create(&format!("app {index}")).await
            })
        })
        .collect();
    let mut ids = Vec::new();
    for id in creating {
        ids.push(id.await.unwrap());
    }
    // Four at a time, as for a real provider.
    loop {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let world = Arc::clone(&world);
                tokio::spawn(async move { while dcr_clients::run_next(&world.core).await.unwrap() {} })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        let Some(due) = world.next_due().await else { break };
        let pause = (due - world.core.clock.now()).max(time::Duration::ZERO);
        world.core.clock.advance(pause + time::Duration::milliseconds(1));
    }
    let clients = world.provider.clients();
    let there: HashSet<String> = clients.iter().map(|client| client.client_id.clone()).collect();
    assert_eq!(clients.len(), APPLICATIONS, "none is doubled or lost");
    let known: Vec<(String, bool)> = sqlx::query_as(
        "select reference_id, secret is not null from application join dcr_client on application_id = application.id",
    )
    .fetch_all(&world.core.pool)
    .await
    .unwrap();
    assert_eq!(known.len(), APPLICATIONS);
    assert!(known.iter().all(|(client_id, has_secret)| there.contains(client_id) && *has_secret));
    assert_eq!(world.orphans().await.len(), 0);
    let calls = world.provider.calls().len();
    println!(
        "{APPLICATIONS} applications, 30 % of the calls failing: {calls} calls ({:.2} each), {:.0} s by the clock of the test, \
         {:.1} s of work",
        calls as f64 / APPLICATIONS as f64,
        (world.core.clock.now() - began).as_seconds_f64(),
        watch.elapsed().max(Duration::from_millis(1)).as_secs_f64(),
    );
    assert_eq!(ids.len(), APPLICATIONS);
}
