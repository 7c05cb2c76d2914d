//! A database with first filings on their way goes on under the tables of every operation.

use icp_relay::store::{self, SubjectKeys};
use icp_testkit::shared;
use sqlx::{Connection as _, PgConnection};

const BEFORE: i64 = 103;

/// One attempt that the bureau passed and whose numbers are awaited, and one that has its end.
const ON_THEIR_WAY: &str = "
    insert into accounts (name) values ('main');
    insert into submissions (order_id, attempt, province, account, state, service_ids, reply, created_at, received_told)
    values (gen_random_uuid(), 1, 'zj', 'main', 'at_bureau', '{2001,2002}',
            '{\"passed\": true, \"organiser_number\": null, \"service_numbers\": [null, null], \"refusals\": []}', now(), true),
           (gen_random_uuid(), 1, 'zj', 'main', 'approved', '{2003}', null, now(), true);
    insert into parts (isp_id, submission_id, kind, service_index, bureau_id, filing_number)
    values (1001, 1, 'organiser', 0, null, null), (2001, 1, 'service', 0, null, null), (4001, 1, 'access', 0, null, null),
           (2002, 1, 'service', 1, null, null), (4002, 1, 'access', 1, null, null),
           (1003, 2, 'organiser', 0, 90, '浙ICP备1号'), (2003, 2, 'service', 0, 91, '浙ICP备1号-1'),
           (4003, 2, 'access', 0, 92, null);
";

#[tokio::test]
async fn what_was_on_its_way_is_still_awaited() {
    let database = shared().await.unwrap().fresh_database("relay").await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let (before, after): (Vec<_>, Vec<_>) = icp_relay::MIGRATIONS.iter().partition(|it| it.version <= BEFORE);
    let run = async |connection: &mut PgConnection, sql: &str| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
    };
    for migration in before {
        run(&mut connection, migration.sql.as_str()).await;
    }
    run(&mut connection, ON_THEIR_WAY).await;
    for migration in after {
        run(&mut connection, migration.sql.as_str()).await;
    }

    let keys = SubjectKeys { requests: vec![(1, "1001".into())], ..SubjectKeys::default() };
    let of_another = store::submissions_for_results(&mut connection, "another", &keys).await.unwrap();
    assert_eq!(of_another.len(), 0, "the same key is another request's at another bureau");
    let found = store::submissions_for_results(&mut connection, "main", &keys).await.unwrap();
    assert_eq!(found.len(), 1);
    let (expected, reply) = (&found[0].expected, &found[0].reply);
    assert_eq!(expected.organiser.isp_id, Some(1001));
    let services: Vec<_> = expected.services.iter().map(|it| (it.service.isp_id, it.access.isp_id)).collect();
    assert_eq!(services, [(Some(2001), Some(4001)), (Some(2002), Some(4002))]);
    assert_eq!((expected.requests.len(), reply.passed_requests.contains(&0)), (1, true));

    let known: Vec<(String, i64, Option<String>)> =
        sqlx::query_as("select kind, bureau_id, filing_number from bureau_records order by bureau_id")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let number = |text: &str| Some(text.to_owned());
    assert_eq!(
        known,
        [
            ("organiser".to_owned(), 90, number("浙ICP备1号")),
            ("service".to_owned(), 91, number("浙ICP备1号-1")),
            ("access".to_owned(), 92, None),
        ]
    );
}
