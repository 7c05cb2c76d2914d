//! Microseconds of one core per order: reading it, judging it, writing the answer; natively.
//!
//! `cargo run --profile rules -p icp-rules-sdk --example judge_speed`
//!
//! With a folder as argument the batches are written there, to give them to modules. The orders are complete: the clean ones of the vectors with the register's whole answer, materials with their
//! forms and dates, and the same with what applicants usually get wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use icp_rules_sdk::book::ProvinceBook;
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, MaterialForm, Order, batch, judge};

/// Orders of one batch.
const BATCH: usize = 1000;
/// Batches of one measurement; the fastest quarter counts, the machine's other work does not.
const ROUNDS: usize = 60;

type Case = (Order, Context);

fn main() {
    println!("{:<28} {:>8} {:>8} {:>8} {:>8} {:>8}", "µs per order", "read", "judge", "encoded", "bytes", "findings");
    for book in [&icp_rules_gd::BOOK, &icp_rules_zj::BOOK] {
        let letters = book.province.letters();
        let clean = [complete(book, "company-clean"), complete(book, "person-clean"), complete(book, "access-clean")];
        let wrong: Vec<Case> = clean.iter().cloned().map(with_mistakes).collect();
        for (index, name) in ["company", "person", "access"].into_iter().enumerate() {
            measure(&format!("{letters} {name}"), book, &clean[index..=index]);
            measure(&format!("{letters} {name} with mistakes"), book, &wrong[index..=index]);
        }
        // Of filed services nearly all are clean: one mistaken order in ten.
        let stock: Vec<Case> = (0..30)
            .map(|index| if index % 10 == 9 { wrong[index % 3].clone() } else { clean[index % 3].clone() })
            .collect();
        measure(&format!("{letters} stock"), book, &stock);
    }
}

fn measure(name: &str, book: &'static ProvinceBook, cases: &[Case]) {
    let mut bytes = Vec::new();
    let batch: Vec<&Case> = cases.iter().cycle().take(BATCH).collect();
    for (order, context) in &batch {
        bytes = batch::encode(bytes, order, context).unwrap();
    }
    if let Some(folder) = std::env::args().nth(1) {
        std::fs::write(Path::new(&folder).join(format!("{}.cases", name.replace(' ', "-"))), &bytes).unwrap();
    }
    let findings: usize = batch.iter().map(|(order, context)| judge::judge(book, order, context).len()).sum();
    let judge = per_order(|| {
        for (order, context) in &batch {
            black_box(judge::judge(book, black_box(order), context));
        }
    });
    let read = per_order(|| {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (case, after) = postcard::take_from_bytes::<Case>(rest).unwrap();
            black_box(case);
            rest = after;
        }
    });
    let whole = per_order(|| {
        black_box(batch::judge_encoded(book, black_box(&bytes)).unwrap());
    });
    println!(
        "{name:<28} {read:>8.2} {judge:>8.2} {whole:>8.2} {:>8} {:>8.1}",
        bytes.len() / BATCH,
        findings as f64 / BATCH as f64
    );
}

/// Microseconds, the mean of the fastest quarter of the rounds.
fn per_order(work: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6 / BATCH as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let fastest = &times[..ROUNDS / 4];
    fastest.iter().sum::<f64>() / fastest.len() as f64
}

/// A clean order of the vectors with everything that a platform knows when it submits.
fn complete(book: &ProvinceBook, name: &str) -> Case {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors"));
    let vectors = Vector::read_edition(root, book.province.letters(), book.version).unwrap();
    let vector = vectors.into_iter().find(|vector| vector.name == format!("national/{name}")).unwrap();
    let (order, mut context) = (vector.order, vector.context);
    if let Some(answer) = context.enterprise.as_mut() {
        answer.address = order.organiser.certificate.address.clone();
        answer.business_scope = Some(SCOPE.to_owned());
    }
    for answer in &mut context.domains {
        answer.registrable = Some(answer.domain.clone());
        answer.registrar_approved = Some(true);
        answer.open = Some(false);
        answer.resolves_to = Some(Vec::new());
    }
    for material in context.materials.iter_mut().flatten() {
        material.form = Some(MaterialForm::Live);
        (material.width_px, material.height_px) = (Some(1600), Some(1200));
    }
    assert_eq!(judge::judge(book, &order, &context), [], "{name} is not clean");
    (order, context)
}

/// 经营范围 as long as they usually are.
const SCOPE: &str = "一般项目：软件开发；软件销售；信息系统集成服务；信息技术咨询服务；技术服务、技术开发、技术咨询、技术交流、\
技术转让、技术推广；计算机软硬件及辅助设备零售；计算机软硬件及辅助设备批发；电子产品销售；办公用品销售；广告设计、代理；\
广告制作；广告发布；企业管理咨询；会议及展览服务；市场营销策划；组织文化艺术交流活动；数据处理和存储支持服务；\
互联网数据服务；货物进出口；技术进出口。（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）";

/// A name that is not allowed, a domain that expires, a paper too few.
fn with_mistakes((mut order, mut context): Case) -> Case {
    for service in &mut order.services {
        service.name = "中国灯塔交易平台论坛".to_owned();
        service.principal.emergency_phone = Some(service.principal.mobile.clone());
    }
    for answer in &mut context.domains {
        answer.expires = Some(context.today);
    }
    if let Some(materials) = context.materials.as_mut() {
        materials.pop();
    }
    (order, context)
}
