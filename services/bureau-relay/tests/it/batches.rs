//! Records that are stored together.

use chrono::Utc;
use icp_relay::expectation::{Expectation, Request};
use icp_relay::filing::{FilingIds, PartId};
use icp_relay::store::{self, NewSubmission, OrderRef, PreparedRecord, Stored, StoredReply, SubjectKeys};
use icp_testkit::{FreshDatabase, shared};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

const CHANGE: u32 = 7;

fn new_submission() -> NewSubmission {
    let order = OrderRef { order_id: Uuid::now_v7(), attempt: 1, province: "gd".to_owned(), traceparent: None };
    NewSubmission { order, sealed: vec![1] }
}

/// A record whose results come under these keys.
fn record(isp_id: i64, keys: &[&str]) -> PreparedRecord {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    PreparedRecord {
        ids: FilingIds { organiser: PartId { isp: isp_id, bureau: None }, services: Vec::new() },
        expected: Expectation { requests: vec![Request { operation: CHANGE, keys }], ..Expectation::default() },
        records: 1,
        wrapped_key: vec![1],
        record_cipher: vec![2],
        record_bytes: 3,
        own_objects: vec![format!("relay/{isp_id}")],
    }
}

async fn open_keys(connection: &mut PgConnection) -> Vec<(i64, String)> {
    sqlx::query_as("select submission_id, key from request_keys where is_open order by submission_id, key")
        .fetch_all(connection)
        .await
        .unwrap()
}

/// So many submissions in a database of their own, oldest first.
async fn submissions(count: usize) -> (FreshDatabase, PgConnection, Vec<i64>) {
    let database = shared().await.unwrap().fresh_database("relay").await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    icp_relay::MIGRATIONS.run(&mut connection).await.unwrap();
    sqlx::query("insert into accounts (name) values ('main')").execute(&mut connection).await.unwrap();
    let new: Vec<NewSubmission> = (0..count).map(|_| new_submission()).collect();
    let inserted = store::insert_submissions(&mut connection, "main", &new, Utc::now()).await.unwrap();
    let mut ids: Vec<i64> = inserted.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    (database, connection, ids)
}

#[tokio::test]
async fn of_two_records_with_one_key_the_first_waits_and_the_second_is_told() {
    let (_database, mut connection, ids) = submissions(6).await;
    let [before, taken, beside, twin, alone, gone] = ids[..] else { panic!("{ids:?}") };

    let stored = store::store_records(&mut connection, &[(before, &record(10, &["x"]))], Utc::now()).await.unwrap();
    assert_eq!(stored, [Stored::Waits]);
    let ended = StoredReply::rejected(gone, Default::default(), Utc::now());
    assert_eq!(store::store_replies(&mut connection, std::slice::from_ref(&ended)).await.unwrap(), [gone]);
    assert_eq!(store::store_replies(&mut connection, &[ended]).await.unwrap(), [] as [i64; 0]);

    // `taken` wants what `before` holds, and what `beside` wants too: it gets nothing and holds nothing up.
    let records = [
        (taken, record(20, &["x", "y"])),
        (beside, record(30, &["y", "z"])),
        (twin, record(40, &["z"])),
        (alone, record(50, &["w"])),
        (gone, record(60, &["v"])),
    ];
    let given: Vec<(i64, &PreparedRecord)> = records.iter().map(|(id, record)| (*id, record)).collect();
    let stored = store::store_records(&mut connection, &given, Utc::now()).await.unwrap();
    assert_eq!(stored, [Stored::Occupied, Stored::Waits, Stored::Occupied, Stored::Waits, Stored::Already]);
    let key = |id: i64, key: &str| (id, key.to_owned());
    let open = [key(before, "x"), key(beside, "y"), key(beside, "z"), key(alone, "w")];
    assert_eq!(open_keys(&mut connection).await, open);
    let parts: Vec<(i64, i64)> = sqlx::query_as("select submission_id, isp_id from parts order by isp_id")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(parts, [(before, 10), (beside, 30), (alone, 50)]);
    let own: Vec<String> = sqlx::query_scalar("select own_objects from submissions where id = $1")
        .bind(alone)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(own, ["relay/50"]);
    assert_eq!(store::store_records(&mut connection, &given[3..4], Utc::now()).await.unwrap(), [Stored::Already]);
}

#[tokio::test]
async fn results_find_their_filings_by_every_name() {
    let (_database, mut connection, ids) = submissions(3).await;
    let [first, second, third] = ids[..] else { panic!("{ids:?}") };
    let records = [(first, record(10, &["x"])), (second, record(20, &["y"])), (third, record(30, &["z"]))];
    let given: Vec<(i64, &PreparedRecord)> = records.iter().map(|(id, record)| (*id, record)).collect();
    store::store_records(&mut connection, &given, Utc::now()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "insert into upload_files (account, sequence, entry_name, container_hash, document_sha256, filings, wrapped_key, object, state, created_at)
         values ('main', 1, 'file-1', 'h', '', 1, '', 'o', 'accepted', now());
         update submissions set file_id = (select id from upload_files), state = 'at_bureau' where id = {third}"
    )))
    .execute(&mut connection)
    .await
    .unwrap();

    let mut found = async |account: &str, keys: SubjectKeys| -> Vec<i64> {
        let rows = store::submissions_for_results(&mut connection, account, &keys).await.unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    let all = SubjectKeys {
        requests: vec![(7, "x".into())],
        isp_ids: vec![20, 99],
        names: vec!["nobody's".into()],
        entry_names: vec!["file-1".into()],
    };
    assert_eq!(found("main", all.clone()).await, [first, second, third]);
    assert_eq!(found("another", all).await, [] as [i64; 0]);
    let by_name = SubjectKeys { names: vec!["y".into()], ..SubjectKeys::default() };
    assert_eq!(found("main", by_name).await, [second]);
    let of_another_operation = SubjectKeys { requests: vec![(8, "x".into())], ..SubjectKeys::default() };
    assert_eq!(found("main", of_another_operation).await, [] as [i64; 0]);
}
