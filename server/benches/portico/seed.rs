//! Many rows, made by SQL: through the operations it would take hours.

use portico_core::{Core, portals::Portal};
use portico_model::ids::{AuthStrategyId, VersionId};

/// So many developers of a portal, with so many applications, registered for a version, and keys each.
pub struct Crowd {
    pub developers: i64,
    pub applications: i64,
    pub credentials: i64,
}

pub async fn crowd(core: &Core, portal: &Portal, strategy: AuthStrategyId, version: VersionId, crowd: &Crowd) {
    let Crowd { developers, applications, credentials } = crowd;
    let mut tx = core.pool.begin().await.unwrap();
    // The gateway is told by loading everything afterwards.
    sqlx::query("set local session_replication_role = replica").execute(&mut *tx).await.unwrap();
    sqlx::query(
        "insert into developer (id, portal_id, email, full_name, status, status_reason, confirmed_at, created_at, updated_at)
         select gen_random_uuid(), $1, 'dev' || n || '@example.com', 'Developer ' || md5(n::text), 'approved', '', at, at, at
         from generate_series(1, $2) n, lateral (select now() - n * interval '1 minute' as at) times",
    )
    .bind(portal.id)
    .bind(developers)
    .execute(&mut *tx)
    .await
    .unwrap();
    sqlx::query(
        "insert into application (id, portal_id, developer_id, auth_strategy_id, name, description, created_at, updated_at)
         select gen_random_uuid(), $1, developer.ids[1 + n % cardinality(developer.ids)], $2, 'App ' || n, '', at, at
         from generate_series(1, $3) n, lateral (select now() - n * interval '30 seconds' as at) times,
             (select array_agg(id) as ids from developer where email like 'dev%') developer",
    )
    .bind(portal.id)
    .bind(strategy)
    .bind(applications)
    .execute(&mut *tx)
    .await
    .unwrap();
    sqlx::query(
        "insert into registration
             (id, portal_id, application_id, developer_id, version_id, status, status_reason, created_at, updated_at)
         select gen_random_uuid(), $1, id, developer_id, $2, case when random() < 0.9 then 'approved' else 'pending' end, '',
             created_at, created_at
         from application where name like 'App %'",
    )
    .bind(portal.id)
    .bind(version)
    .execute(&mut *tx)
    .await
    .unwrap();
    sqlx::query(
        "insert into credential (id, application_id, display_name, key_id, secret_digest, created_at)
         select gen_random_uuid(), application.ids[1 + n % cardinality(application.ids)], 'key ' || n,
             'ptk_test_' || lpad(n::text, 12, '0'), decode(md5(n::text) || md5('x' || n), 'hex'), now()
         from generate_series(1, $1) n, (select array_agg(id) as ids from application where name like 'App %') application",
    )
    .bind(credentials)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    sqlx::query("vacuum analyze").execute(&core.pool).await.unwrap();
}
