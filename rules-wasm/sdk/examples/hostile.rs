//! A rule module that misbehaves: the organiser's name says how. The host's tests run it.
#![allow(unsafe_code, missing_docs, unconditional_recursion, clippy::panic)]

use icp_rules_sdk::contract::Guest;
use icp_rules_sdk::national::NATIONAL;
use icp_rules_sdk::{Context, Description, Finding, Order, RequirementsAnswer, describe, judge, requirements};

/// The hostile module.
pub struct Hostile;

impl Guest for Hostile {
    fn describe() -> Description {
        // It says Beijing (the baseline's province) whatever it is offered for.
        describe::describe(&NATIONAL)
    }

    fn requirements(order: Order, context: Context) -> RequirementsAnswer {
        requirements::requirements(&NATIONAL, &order, &context)
    }

    fn judge(order: Order, context: Context) -> Vec<Finding> {
        match order.organiser.name.as_str() {
            "endless loop" => endless(),
            "memory bomb" => memory_bomb(),
            "recursion" => vec![finding(&recursion(order.services.len() as u64).to_string())],
            "trap" => panic!("示例 personal data in a panic"),
            "huge answer" => (0..1_000).map(|_| finding(&"长".repeat(500))).collect(),
            _ => judge::judge(&NATIONAL, &order, &context),
        }
    }

    fn judge_batch(_cases: Vec<u8>) -> Result<Vec<Vec<Finding>>, String> {
        Ok(Vec::new())
    }

    fn judge_encoded(_cases: Vec<u8>) -> Result<Vec<u8>, String> {
        Ok(vec![255; 9])
    }
}

fn endless() -> ! {
    let mut counter = 0_u64;
    loop {
        counter = std::hint::black_box(counter.wrapping_add(1));
    }
}

fn memory_bomb() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

fn recursion(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 4]);
    1 + recursion(std::hint::black_box(depth + 1)) + room[0]
}

fn finding(text: &str) -> Finding {
    Finding {
        code: String::from("X00"),
        rule: String::from("hostile"),
        severity: icp_rules_sdk::Severity::Advise,
        field: String::new(),
        message_zh: text.to_owned(),
        message_en: String::new(),
        remedy_zh: String::new(),
        remedy_en: String::new(),
        source: NATIONAL.name_not_own.cite.into(),
    }
}

#[cfg(target_arch = "wasm32")]
icp_rules_sdk::bindings::export_component!(Hostile with_types_in icp_rules_sdk::bindings);
