//! The crash matrix: the process is killed before and after every write and every call of every operation at every kind of
//! provider, and another goes on.

use super::World;
use portico_core::{
    Actor,
    applications::ApplicationInput,
    dcr_clients::{self, PossibleOrphan},
    dcr_providers::Recovery,
    registrations,
};
use portico_model::{ids::ApplicationId, states::ProviderType};
use portico_testing::{
    application_input,
    providers::{RemoteClient, Tampering, Trouble},
};
use std::collections::{BTreeMap, BTreeSet};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Create,
    /// Created, and the application is deleted while the process is dead.
    CreateThenDelete,
    /// Renamed, with another redirect URI.
    Update,
    Rotate,
    Register,
    Unregister,
    Delete,
}

const OPERATIONS: [(Operation, &str); 7] = [
    (Operation::Create, "create"),
    (Operation::CreateThenDelete, "create, application deleted meanwhile"),
    (Operation::Update, "rename, change redirect URIs"),
    (Operation::Rotate, "rotate the secret"),
    (Operation::Register, "add a registration"),
    (Operation::Unregister, "remove a registration"),
    (Operation::Delete, "delete"),
];

/// When the process is killed. What it writes next is not written; what it calls next is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Write(i64),
    /// Before the provider has done anything.
    BeforeCall(usize),
    /// After it has, and before its answer.
    AfterCall(usize),
}

/// What an admin is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trace {
    None,
    /// The client works; the provider does not take calls about it any more.
    Unmanageable,
    PossibleOrphan,
}

impl Trace {
    fn words(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Unmanageable => "works, and is shown as one that cannot be managed any more",
            Self::PossibleOrphan => "possible orphan reported",
        }
    }
}

/// Counts statements that change anything here, and fails one of them.
const COUNTING: &str = "
    create sequence writes;
    create table crash (at bigint not null);
    insert into crash values (-1);
    create function crash_at() returns trigger language plpgsql as $$
    begin
        if nextval('writes') = (select at from crash) then raise exception 'killed'; end if;
        return null;
    end $$;
    create trigger crash before insert or update or delete on dcr_client for each statement execute function crash_at();
    create trigger crash before insert or update or delete on application for each statement execute function crash_at();
    create trigger crash before insert or update or delete on possible_orphan for each statement execute function crash_at();";

struct Scene {
    world: World,
    recovery: Recovery,
    made: usize,
}

impl Scene {
    async fn new(provider_type: ProviderType) -> Self {
        let world = World::new(provider_type).await;
        sqlx::raw_sql(COUNTING).execute(&world.core.pool).await.unwrap();
        let provider = portico_core::dcr_providers::get(&world.core, Actor::System, world.id).await.unwrap();
        Self { world, recovery: provider.abilities().recovery, made: 0 }
    }

    async fn crash_at_write(&self, at: i64) {
        sqlx::query("update crash set at = $1").bind(at).execute(&self.world.core.pool).await.unwrap();
        sqlx::query("select setval('writes', 1, false)").execute(&self.world.core.pool).await.unwrap();
    }

    async fn writes(&self) -> i64 {
        let next: i64 = sqlx::query_scalar("select nextval('writes')").fetch_one(&self.world.core.pool).await.unwrap();
        next - 1
    }

    /// An application just before the work on the operation begins.
    async fn prepare(&mut self, operation: Operation) -> ApplicationId {
        let world = &self.world;
        self.made += 1;
        let id = world.create(&format!("app {}", self.made)).await;
        if matches!(operation, Operation::Create | Operation::CreateThenDelete) {
            return id;
        }
        if operation == Operation::Unregister {
            registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
        }
        world.settle().await;
        match operation {
            Operation::Update => {
                let redirect_uris = vec!["https://app.example.com/cb".to_owned()];
                world
                    .update(id, &ApplicationInput { redirect_uris, ..application_input(&format!("renamed {}", self.made)) })
                    .await;
            }
            Operation::Rotate => {
                world.open(id).await;
                world.rotate(id).await;
            }
            Operation::Register => {
                registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
            }
            Operation::Unregister => {
                let own = registrations::of_application(&world.core, world.developer, world.portal.id, id).await.unwrap();
                registrations::delete(&world.core, world.developer, world.portal.id, own[0].id).await.unwrap();
            }
            Operation::Delete => world.delete(id).await,
            Operation::Create | Operation::CreateThenDelete => {}
        }
        id
    }

    /// Works until the process is killed, or until all is done.
    async fn run_into(&self, point: Point) {
        let world = &self.world;
        if let Point::Write(at) = point {
            self.crash_at_write(at).await;
        }
        world.provider.trouble(move |index, _| match point {
            Point::BeforeCall(at) if at == index => Some(Trouble::KillBefore),
            Point::AfterCall(at) if at == index => Some(Trouble::KillAfter),
            _ => None,
        });
        tokio::select! {
            _ = world.try_to_settle() => {}
            () = world.provider.wait_for_kill() => {}
        }
        self.crash_at_write(-1).await;
        world.provider.trouble(|_, _| None);
    }

    /// What is at the provider once all is done, and what an admin is told of it.
    async fn verdict(&self, id: ApplicationId, operation: Operation, point: Point) -> Trace {
        let mut trace = Trace::None;
        let world = &self.world;
        let case = format!("{:?}, {operation:?}, {point:?}", world.provider.provider_type);
        let mut surplus = world.provider.clients();
        if !matches!(operation, Operation::CreateThenDelete | Operation::Delete) {
            let own = world.own(id).await.client;
            let reference = world.reference(id).await;
            assert!(reference.is_some() && reference == own.client_id, "{case}: never lost");
            let there = surplus.iter().position(|client| Some(&client.client_id) == reference.as_ref());
            let there = surplus.remove(there.unwrap_or_else(|| panic!("{case}: never lost, {:?}", world.provider.calls())));
            if matches!(operation, Operation::Create | Operation::Rotate) || own.has_secret() {
                assert!(own.has_secret(), "{case}: {own:?}");
                let (_, secret) = world.open(id).await;
                assert_eq!(there.secrets, [secret], "{case}: the one secret is the one that is shown");
            }
            trace = if own.is_unmanageable { Trace::Unmanageable } else { Trace::None };
            if operation == Operation::Update && !own.is_unmanageable {
                assert!(there.name.starts_with("renamed"), "{case}");
                assert_eq!(there.redirect_uris.len(), 1, "{case}");
            }
            let is_told = matches!(world.provider.provider_type, ProviderType::Auth0 | ProviderType::Http);
            if is_told && matches!(operation, Operation::Register | Operation::Unregister) {
                assert_eq!(there.access.len(), usize::from(operation == Operation::Register), "{case}");
            }
        }
        let orphans = self.report(&case, &surplus).await;
        if self.recovery != Recovery::None {
            assert!(orphans.is_empty() && surplus.is_empty(), "{case}: this provider can be searched");
        }
        assert_eq!(world.provider.violations(), Vec::<String>::new(), "{case}");
        if orphans.is_empty() { trace } else { Trace::PossibleOrphan }
    }

    /// The possible orphans; every client that nothing here stands for must be one.
    async fn report(&self, case: &str, surplus: &[RemoteClient]) -> Vec<PossibleOrphan> {
        let orphans = self.world.orphans().await;
        for client in surplus {
            let is_reported = orphans
                .iter()
                .any(|orphan| orphan.client_id.as_ref().map_or(orphan.name == client.name, |id| *id == client.client_id));
            assert!(is_reported, "{case}: never orphaned nor doubled without being reported: {surplus:?}");
        }
        orphans
    }

    /// Nothing of this case is left for the next one.
    async fn clean(&self, id: ApplicationId, operation: Operation) {
        let world = &self.world;
        if !matches!(operation, Operation::CreateThenDelete | Operation::Delete) {
            world.delete(id).await;
            world.settle().await;
        }
        self.report(&format!("{operation:?}, then deleted"), &world.provider.clients()).await;
        for orphan in world.orphans().await {
            dcr_clients::dismiss_orphan(&world.core, Actor::System, orphan.id).await.unwrap();
        }
        for client in world.provider.clients() {
            world.provider.tamper(Tampering::Delete(client.client_id));
        }
    }

    async fn case(&mut self, operation: Operation, point: Point) -> Trace {
        let id = self.prepare(operation).await;
        self.run_into(point).await;
        if operation == Operation::CreateThenDelete {
            self.world.delete(id).await;
        }
        self.world.settle().await;
        let trace = self.verdict(id, operation, point).await;
        self.clean(id, operation).await;
        trace
    }

    /// Every point of an operation, found by doing it undisturbed once.
    async fn points(&mut self, operation: Operation) -> (Vec<Point>, Vec<String>) {
        let id = self.prepare(operation).await;
        self.crash_at_write(-1).await;
        self.world.provider.trouble(|_, _| None);
        self.world.settle().await;
        let (writes, calls) = (self.writes().await, self.world.provider.calls());
        if operation == Operation::CreateThenDelete {
            self.world.delete(id).await;
        }
        self.world.settle().await;
        assert_eq!(self.verdict(id, operation, Point::Write(-1)).await, Trace::None, "{operation:?} undisturbed");
        self.clean(id, operation).await;
        let around = (0..calls.len()).flat_map(|call| [Point::BeforeCall(call), Point::AfterCall(call)]);
        ((1..=writes).map(Point::Write).chain(around).collect(), calls)
    }
}

/// A line of the table for each operation.
async fn matrix(provider_type: ProviderType) -> String {
    let mut scene = Scene::new(provider_type).await;
    let mut lines = String::new();
    for (operation, words) in OPERATIONS {
        let (points, calls) = scene.points(operation).await;
        let mut reported: BTreeMap<Trace, (usize, BTreeSet<String>)> = BTreeMap::new();
        for &point in &points {
            let trace = scene.case(operation, point).await;
            if trace != Trace::None {
                let place = match point {
                    Point::Write(_) => "before its answer is recorded".to_owned(),
                    Point::BeforeCall(call) => format!("before `{}` is done", without_ids(&calls[call])),
                    Point::AfterCall(call) => format!("after `{}`", without_ids(&calls[call])),
                };
                let (count, places) = reported.entry(trace).or_default();
                *count += 1;
                places.insert(place);
            }
        }
        let writes = points.iter().filter(|point| matches!(point, Point::Write(_))).count();
        let told: usize = reported.values().map(|(count, _)| count).sum();
        let expected = if matches!(operation, Operation::Delete | Operation::CreateThenDelete) { "none" } else { "one" };
        let reports = reported.into_iter().map(|(trace, (count, places))| {
            format!("{count} × {}: {}", trace.words(), places.into_iter().collect::<Vec<_>>().join(", "))
        });
        let reports: Vec<String> = reports.collect();
        lines.push_str(&format!(
            "| {} | {words} | {writes} | {} | {} × {expected} | {} |\n",
            provider_type.as_str(),
            calls.len(),
            points.len() - told,
            if reports.is_empty() { "–".to_owned() } else { reports.join("; ") },
        ));
    }
    lines
}

fn without_ids(call: &str) -> String {
    let is_id = |part: &str| {
        part.chars().any(|c| c.is_ascii_digit()) && part != "v2" && part != "v1" && part != "v1.0" && part != "oauth2"
    };
    let parts: Vec<&str> = call.split('/').map(|part| if is_id(part) { "…" } else { part }).collect();
    parts.join("/")
}

/// The table is kept in the docs: whoever changes what it says, changes it there.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_never_lost_doubled_or_orphaned_wherever_the_process_is_killed() {
    let providers: Vec<_> = ProviderType::ALL.iter().map(|provider_type| tokio::spawn(matrix(*provider_type))).collect();
    let mut table = String::new();
    for provider in providers {
        table.push_str(&provider.await.unwrap());
    }
    let kept = include_str!("../../../../../docs/dynamic-client-registration.md");
    assert!(kept.contains(&table), "docs/dynamic-client-registration.md should have:\n{table}");
}
