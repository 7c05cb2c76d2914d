//! The glossary's last column against the code.

use std::collections::BTreeMap;

use super::{Problem, SourceFile};

const GLOSSARY: &str = "GLOSSARY.md";
const NO_TYPE_YET: &str = "–";

/// Every type, variant and field that the glossary names is declared somewhere.
pub(crate) fn types_exist(files: &[SourceFile]) -> Vec<Problem> {
    let Some((file, text)) =
        files.iter().find(|file| file.path == GLOSSARY).and_then(|file| Some((file, file.text.as_deref()?)))
    else {
        return vec![Problem::of_file(GLOSSARY, "is missing")];
    };
    let declarations = declarations(files);
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(cell) = last_cell(line) else {
            continue;
        };
        for name in cell.split('`').skip(1).step_by(2) {
            if !is_declared(&declarations, name) {
                let message =
                    format!("`{name}` is declared nowhere; name what carries the term, or write {NO_TYPE_YET}");
                problems.push(Problem::of_line(file, index + 1, message));
            }
        }
    }
    problems
}

fn last_cell(line: &str) -> Option<&str> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    row.rsplit('|').next()
}

/// Each declared type with the bodies of its declarations (Rust and protobuf may both have one).
fn declarations(files: &[SourceFile]) -> BTreeMap<&str, Vec<&str>> {
    let mut bodies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let sources = files.iter().filter(|file| file.path.ends_with(".rs") || file.path.ends_with(".proto"));
    for text in sources.filter_map(|file| file.text.as_deref()) {
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let declaration = line.trim_start().trim_start_matches("pub ");
            let name = ["struct ", "enum ", "message "]
                .iter()
                .find_map(|keyword| declaration.strip_prefix(keyword))
                .map(leading_word);
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                bodies.entry(name).or_default().push(body(&text[offset..]));
            }
            offset += line.len();
        }
    }
    bodies
}

/// From a declaration to the closing brace at the beginning of a line, which is where formatted code has it.
fn body(declaration: &str) -> &str {
    let first_line_end = declaration.find('\n').unwrap_or(declaration.len());
    if declaration[..first_line_end].ends_with([';', '}']) {
        return &declaration[..first_line_end];
    }
    let end = declaration.find("\n}").unwrap_or(declaration.len());
    &declaration[..end]
}

fn leading_word(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len());
    &text[..end]
}

/// `Type`, `Type::Variant` or `Type.field`.
fn is_declared(declarations: &BTreeMap<&str, Vec<&str>>, name: &str) -> bool {
    let (owner, member) = match name.split_once("::").or_else(|| name.split_once('.')) {
        Some((owner, member)) => (owner, Some(member)),
        None => (name, None),
    };
    let Some(bodies) = declarations.get(owner) else {
        return false;
    };
    let Some(member) = member else { return true };
    bodies.iter().flat_map(|body| body.lines().skip(1)).any(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && leading_word(line.trim_start_matches("pub ")) == member
    })
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn what_the_glossary_names_must_be_declared() {
        let code = "\
/// A filing.
pub struct Filing {
    /// Lost: only a comment.
    pub order_type: OrderType,
}

pub struct Uscc(String);

pub enum Kind {
    Website,
    App(u8),
}
";
        let glossary = "\
| Chinese | English | in code |
|---|---|---|
| 甲 | `Nowhere` is not looked for here | `Filing` |
| 乙 | | `Filing.order_type`, `Kind::App`, `Uscc` |
| 丙 | | `Filing.lost` |
| 丁 | | `Kind::Lost` |
| 戊 | | `Gone` |
| 己 | | `Received` |
| 庚 | | – |
| 辛 | | `Uscc.Website` |
";
        let problems = types_exist(&[
            file(GLOSSARY, glossary),
            file("a.rs", code),
            file("b.proto", "message Received {\n  string order_id = 1;\n}\n"),
        ]);
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [5, 6, 7, 10], "{problems:?}");
    }

    #[test]
    fn a_repository_without_a_glossary_is_told_so() {
        assert_eq!(types_exist(&[]), [Problem::of_file(GLOSSARY, "is missing")]);
    }
}
