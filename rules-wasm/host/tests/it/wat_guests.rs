//! Hostile modules in WebAssembly text: each function does exactly what a test says, down to the bytes of its answer.

use std::fmt::Write as _;

use crate::guests::encode;

/// Zeros: an answer that requires nothing.
const NOTHING: usize = 512;
/// Where the description lies in the memory.
const DESCRIPTION: usize = 2048;
/// Where the answers of judging lie in the memory: pointer and length of a list.
const ANSWER: usize = 3072;
/// An area for what a test puts in.
pub const DATA: usize = 4096;
/// The first byte that arguments may be written to.
const HEAP: usize = 1 << 20;

/// The parts of a module. Each body is WebAssembly text that leaves its result on the stack.
pub struct Module {
    /// Version of the contract.
    pub contract: &'static str,
    pub province: &'static str,
    pub version: &'static str,
    pub effective_to: Option<(u16, u8, u8)>,
    pub describe: String,
    pub judge: String,
    pub judge_batch: String,
    /// Body of `judge-encoded`.
    pub judge_encoded: String,
    pub allocate: String,
    /// Memory in pages of 64 KiB.
    pub pages: usize,
    pub table: usize,
    /// More definitions of the module.
    pub more: String,
    /// Bytes at [`DATA`].
    pub data: Vec<u8>,
    /// Pointer and length that lie at [`ANSWER`].
    pub answer: (u32, u32),
}

/// Beijing's module, which finds nothing.
pub fn honest() -> Module {
    Module {
        contract: "1.1.0",
        province: "bj",
        version: "1.0.0",
        effective_to: None,
        describe: format!("i32.const {DESCRIPTION}"),
        judge: format!("i32.const {ANSWER}"),
        judge_batch: String::from("unreachable"),
        judge_encoded: String::from("unreachable"),
        allocate: String::from(
            "(local $at i32)
             (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
             (global.set $next (i32.add (local.get $at) (local.get 3)))
             local.get $at",
        ),
        pages: 18,
        table: 1,
        more: String::new(),
        data: Vec::new(),
        answer: (u32::try_from(DATA).unwrap(), 0),
    }
}

/// A module that judges like this.
pub fn judging(judge: &str) -> Module {
    Module { judge: judge.to_owned(), ..honest() }
}

impl Module {
    /// The component.
    pub fn build(&self) -> Vec<u8> {
        use wit_component::{StringEncoding, embed_component_metadata};
        let mut core = wat::parse_str(self.text()).unwrap();
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_path(contract(self.contract)).unwrap();
        let world = resolve.select_world(&[package], Some("bureau")).unwrap();
        embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
        encode(&core)
    }

    fn text(&self) -> String {
        let interface = format!("icp:bureau-rules/rules@{}#", self.contract);
        let Self { describe, judge, judge_batch, judge_encoded, allocate, pages, table, more, .. } = self;
        let mut text = format!(
            r#"(module
  (memory (export "memory") {pages})
  (table $t {table} funcref)
  (global $next (mut i32) (i32.const {HEAP}))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {allocate})
  (func (export "{interface}describe") (result i32) {describe})
  (func (export "{interface}requirements") (param i32) (result i32) i32.const {NOTHING})
  (func (export "{interface}judge") (param i32) (result i32) {judge})
  (func (export "{interface}judge-batch") (param i32 i32) (result i32) {judge_batch})
  (func (export "{interface}judge-encoded") (param i32 i32) (result i32) {judge_encoded})
  {more}
"#
        );
        for (at, bytes) in [
            (1024, self.province.as_bytes().to_vec()),
            (1100, self.version.as_bytes().to_vec()),
            (DESCRIPTION, self.description()),
            (ANSWER, words(&[self.answer.0, self.answer.1])),
            (DATA, self.data.clone()),
        ] {
            let escaped = bytes.iter().fold(String::new(), |mut escaped, byte| {
                write!(escaped, "\\{byte:02x}").unwrap();
                escaped
            });
            writeln!(text, "  (data (i32.const {at}) \"{escaped}\")").unwrap();
        }
        text + ")"
    }

    /// The record `description` as it lies in the memory.
    fn description(&self) -> Vec<u8> {
        let length = |text: &str| u32::try_from(text.len()).unwrap();
        let mut bytes = words(&[1024, length(self.province), 1024, length(self.province), 1100, length(self.version)]);
        let mut date = |flag: Option<u8>, (year, month, day): (u16, u8, u8)| {
            if let Some(flag) = flag {
                bytes.extend([flag, 0]);
            }
            bytes.extend(year.to_le_bytes());
            bytes.extend([month, day]);
        };
        date(None, (2020, 1, 1));
        date(Some(u8::from(self.effective_to.is_some())), self.effective_to.unwrap_or_default());
        bytes.extend([0, 0]);
        bytes.extend(words(&[u32::try_from(DATA).unwrap(), 0]));
        bytes
    }
}

/// 32-bit numbers as they lie in a memory.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The record `finding` with the same text in all its strings.
pub fn finding(text: (u32, u32)) -> Vec<u8> {
    let (at, length) = text;
    let pair = [at, length];
    let mut numbers = Vec::new();
    numbers.extend(pair.repeat(2));
    numbers.push(0);
    numbers.extend(pair.repeat(7));
    numbers.push(0);
    words(&numbers)
}

/// The text of a contract.
pub fn contract(version: &str) -> std::path::PathBuf {
    let current = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let released = current.join("released").join(version);
    if released.is_dir() { released } else { current }
}
