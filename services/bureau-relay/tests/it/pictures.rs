//! Pictures between the check and the upload: they stay in the object store.

use std::path::Path;

use icp_testkit::wait_until;
use uuid::Uuid;

use crate::fake_bureau::Fault;
use crate::sandbox::slip;
use crate::world::{BOUND, World, approved_of, rejected_of};

/// More than a test asks: the uploader cannot learn its counter as long as these last.
const MANY: usize = 10_000;

async fn world_whose_uploads_wait() -> World {
    World::with_bureau(|b| b.with(|b| b.query_faults.extend((0..MANY).map(|_| Fault::Code(901))))).await
}

async fn wait_checked(world: &World, orders: usize) {
    wait_until("the records to be checked", BOUND, || async {
        let states: Vec<String> = sqlx::query_scalar("select state from submissions")
            .fetch_all(&world.pool)
            .await
            .map_err(|error| error.to_string())?;
        if states.len() == orders && states.iter().all(|s| s == "waiting") {
            Ok(())
        } else {
            Err(format!("{states:?}"))
        }
    })
    .await
    .unwrap();
}

fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] }
        })
        .collect()
}

#[tokio::test]
async fn a_picture_that_is_lost_after_the_check_returns_its_own_order_alone() {
    let world = world_whose_uploads_wait().await;
    let lost = world.submit("丢失").await;
    let kept = world.submit("保留").await;
    wait_checked(&world, 2).await;
    std::fs::remove_file(world.materials_folder().join(format!("{lost}/service-principal-id"))).unwrap();
    world.bureau.with(|b| b.query_faults.clear());
    let events = world.wait_for_ends(2).await;
    let rejected = rejected_of(&events);
    assert_eq!((rejected.len(), rejected[0].order_id.as_str()), (1, lost.to_string().as_str()));
    assert_eq!(rejected[0].results[0].code, 5010);
    assert_eq!(approved_of(&events)[0].order_id, kept.to_string());
    world.assert_gapless_and_once();
}

#[tokio::test]
async fn a_picture_that_was_made_smaller_is_kept_until_the_outcome() {
    let world = world_whose_uploads_wait().await;
    let order_id = Uuid::now_v7();
    let task = world.task_with_picture(order_id, large_jpeg()).await;
    world.publish(Uuid::now_v7(), &task).await;
    wait_checked(&world, 1).await;
    let own = world.materials_folder().join("relay");
    let fitted = files_below(&own);
    assert_eq!(fitted.len(), 1, "{fitted:?}");
    let size = std::fs::metadata(&fitted[0]).unwrap().len();
    assert!(size < 101 * 1024, "{size} bytes");
    world.bureau.with(|b| b.query_faults.clear());
    let events = world.wait_for_ends(1).await;
    assert_eq!(approved_of(&events).len(), 1);
    wait_until("the picture to be removed", BOUND, || async {
        let left = files_below(&own);
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await
    .unwrap();
}

async fn publish_with_slip(world: &World) {
    let task = world.task(Uuid::now_v7(), 1, |filing| filing.slips.push(slip(0))).await;
    world.publish(Uuid::now_v7(), &task).await;
}

async fn wait_asked(world: &World, times: usize) {
    let asked = world.materials_folder().with_file_name("asked");
    wait_until("the press to be asked", BOUND, || async {
        let lines = std::fs::read_to_string(&asked).map_or(0, |lines| lines.lines().count());
        if lines >= times { Ok(()) } else { Err(format!("asked {lines} times")) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_slip_is_printed_again_until_the_font_has_every_name() {
    let world = world_whose_uploads_wait().await;
    world.press(r#"echo x >> asked; echo '{"refusal":"no_glyph","character":"𠮷"}' >&2; exit 4"#);
    publish_with_slip(&world).await;
    wait_asked(&world, 2).await;
    world.press("cat picture");
    wait_checked(&world, 1).await;
    let own = world.materials_folder().join("relay");
    assert_eq!(files_below(&own).len(), 1, "the slip waits for its upload");
    world.bureau.with(|b| b.query_faults.clear());
    assert_eq!(approved_of(&world.wait_for_ends(1).await).len(), 1);
    wait_until("the slip to be removed", BOUND, || async {
        let left = files_below(&own);
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn two_processes_that_print_the_same_slip_do_not_spoil_each_others_picture() {
    let world = world_whose_uploads_wait().await;
    // The first lease runs out while its process prints, so that the other one prints too.
    world.press("echo x >> asked; while [ ! -e may-print ]; do sleep 0.05; done; cat picture");
    let another = world.another().await;
    publish_with_slip(&world).await;
    wait_asked(&world, 2).await;
    std::fs::write(world.materials_folder().with_file_name("may-print"), "").unwrap();
    wait_checked(&world, 1).await;
    wait_until("the second answer to be dropped", BOUND, || async {
        let jobs: i64 =
            sqlx::query_scalar("select count(*) from jobs").fetch_one(&world.pool).await.map_err(|e| e.to_string())?;
        if jobs == 0 { Ok(()) } else { Err(format!("{jobs} jobs")) }
    })
    .await
    .unwrap();
    let own = world.materials_folder().join("relay");
    assert_eq!(files_below(&own).len(), 1, "both have stored the same");
    world.bureau.with(|b| b.query_faults.clear());
    assert_eq!(approved_of(&world.wait_for_ends(1).await).len(), 1);
    another.shutdown_background();
}

#[tokio::test]
async fn a_slip_that_fits_on_no_page_returns_its_order() {
    let world = World::start().await;
    world.press(r#"echo '{"refusal":"too_long","pages":2}' >&2; exit 4"#);
    publish_with_slip(&world).await;
    let events = world.wait_for_ends(1).await;
    let rejected = rejected_of(&events);
    let result = &rejected[0].results[0];
    assert_eq!((result.code, result.field.as_str()), (5010, "services[0]"));
    let words = world.words_of(rejected[0]);
    assert!(words[0].contains("one page"), "{words:?}");
}

#[tokio::test]
async fn an_upload_lies_in_the_object_store_until_its_retention_is_over() {
    let world = World::start().await;
    world.submit("留存").await;
    assert_eq!(approved_of(&world.wait_for_ends(1).await).len(), 1);
    let uploads = world.materials_folder().join("uploads");
    let kept = files_below(&uploads);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let on_disk = std::fs::read(&kept[0]).unwrap();
    assert!(!on_disk.starts_with(b"PK"), "the archive is encrypted");
    // As if it were also one of those from before, whose content is in the row.
    sqlx::query("update upload_files set created_at = created_at - interval '101 days', container_cipher = '\\x00'")
        .execute(&world.pool)
        .await
        .unwrap();
    wait_until("the upload to be erased", BOUND, || async {
        let rows: i64 = sqlx::query_scalar(
            "select count(*) from upload_files where wrapped_key is not null or container_cipher is not null",
        )
        .fetch_one(&world.pool)
        .await
        .map_err(|error| error.to_string())?;
        let left = files_below(&uploads);
        if left.is_empty() && rows == 0 { Ok(()) } else { Err(format!("{left:?}, {rows} rows")) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_upload_whose_content_is_gone_stops_the_queue_and_calls_a_person() {
    let world = World::with_bureau(|b| b.with(|b| b.upload_faults.extend((0..MANY).map(|_| Fault::Code(901))))).await;
    world.submit("失物").await;
    let uploads = world.materials_folder().join("uploads");
    wait_until("the file to be written down", BOUND, || async {
        let kept = files_below(&uploads);
        if kept.len() == 1 { Ok(()) } else { Err(format!("{kept:?}")) }
    })
    .await
    .unwrap();
    std::fs::remove_dir_all(&uploads).unwrap();
    let reason = world.wait_for_stop().await;
    assert!(reason.contains("gone from the object store"), "{reason}");
}

/// A photo of more than the 100 KB that the interface takes.
fn large_jpeg() -> Vec<u8> {
    let noise = image::RgbImage::from_fn(900, 600, |x, y| {
        let value = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).wrapping_mul(x ^ y);
        let [a, b, c, _] = value.to_le_bytes();
        image::Rgb([a & 0x3f, b & 0x3f, c & 0x3f])
    });
    let mut bytes = Vec::new();
    image::DynamicImage::ImageRgb8(noise)
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
        .unwrap();
    assert!(bytes.len() > 100 * 1024, "{} bytes", bytes.len());
    bytes
}
