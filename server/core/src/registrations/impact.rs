//! Who would stop working, before somebody makes it so.

use crate::{Actor, Result};
use portico_model::{
    access::Permission,
    ids::{AuthStrategyId, PortalId, VersionId},
    problem::{Impact, Problem, Rule},
};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

/// The form field by which an admin confirms.
const FIELD: &str = "confirmed";

#[derive(FromRow)]
struct Row {
    names: Vec<String>,
    applications: i64,
    registrations: i64,
    credentials: i64,
}

/// What a change would stop, as far as it stops anything.
pub(crate) struct Stops(Impact);

impl Stops {
    /// # Errors
    ///
    /// `Invalid` with [`Rule::WouldStop`] when it is something; with names for whoever may see people.
    pub fn must_be_nothing(self, actor: Actor) -> Result<()> {
        if self.0.registrations == 0 {
            return Ok(());
        }
        let names = if actor.require(Permission::ReadPeople).is_ok() { self.0.names } else { Vec::new() };
        Err(Problem::field(FIELD, Rule::WouldStop(Impact { names, ..self.0 })).into())
    }
}

/// Whoever calls with a strategy.
pub(crate) async fn of_strategy(connection: &mut PgConnection, strategy: AuthStrategyId) -> Result<Stops> {
    let mut query = begin();
    query.push(" join publication on publication.version_id = registration.version_id");
    query.push(" and publication.portal_id = registration.portal_id and publication.auth_strategy_id = ");
    query.push_bind(strategy);
    query.push(" where application.auth_strategy_id = ").push_bind(strategy);
    finish(connection, query).await
}

/// Whoever calls a version from one portal, with a strategy or because anybody may, and would not with the next one.
pub(crate) async fn of_publication(
    connection: &mut PgConnection,
    version: VersionId,
    portal: PortalId,
    before: Option<AuthStrategyId>,
    next: Option<AuthStrategyId>,
) -> Result<Stops> {
    let mut query = begin();
    query.push(" where application.auth_strategy_id is distinct from ").push_bind(next);
    if let Some(before) = before {
        query.push(" and application.auth_strategy_id = ").push_bind(before);
    }
    query.push(" and registration.version_id = ").push_bind(version);
    query.push(" and registration.portal_id = ").push_bind(portal);
    finish(connection, query).await
}

fn begin() -> QueryBuilder<Postgres> {
    QueryBuilder::new(
        "with stopped as (select application.id, application.name, application.developer_id
         from registration join application on application.id = registration.application_id",
    )
}

async fn finish(connection: &mut PgConnection, mut query: QueryBuilder<Postgres>) -> Result<Stops> {
    query.push(
        " and registration.status = 'approved')
         select array(select distinct stopped.name || ' (' || email || ')'
                      from stopped join developer on developer.id = developer_id order by 1 limit 10) as names,
             count(distinct id) as applications, count(*) as registrations,
             (select count(*) from credential where application_id in (select id from stopped)) as credentials
         from stopped",
    );
    let Row { names, applications, registrations, credentials } = query.build_query_as().fetch_one(connection).await?;
    Ok(Stops(Impact { names, applications, registrations, credentials }))
}
