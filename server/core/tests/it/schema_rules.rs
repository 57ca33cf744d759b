//! Rules that every table keeps.

use portico_testing::TestCore;

#[tokio::test]
async fn every_foreign_key_is_indexed() {
    let core = TestCore::new().await;
    let missing: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint
         where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
             select from pg_index where indrelid = conrelid and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey)",
    )
    .fetch_all(&core.pool)
    .await
    .unwrap();
    assert_eq!(missing, [] as [String; 0]);
}

#[tokio::test]
async fn every_time_has_a_zone() {
    let core = TestCore::new().await;
    let wrong: Vec<String> = sqlx::query_scalar(
        "select table_name || '.' || column_name from information_schema.columns
         where table_schema = 'public' and data_type = 'timestamp without time zone'",
    )
    .fetch_all(&core.pool)
    .await
    .unwrap();
    assert_eq!(wrong, [] as [String; 0]);
}
