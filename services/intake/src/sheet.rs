//! Lines of CSV for spreadsheets: what a stranger wrote is never reckoned with as a formula.

/// The mark by which spreadsheets know UTF-8; it stands before the first line.
pub const MARK: &str = "\u{feff}";

/// Whether a spreadsheet would take a cell for a formula.
pub fn is_risky(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A line with these cells; it ends with CR LF. A risky cell begins with `'`.
pub fn line<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let guarded = cells.into_iter().map(|cell| {
        let cell = cell.as_ref();
        if is_risky(cell) { format!("'{cell}") } else { cell.to_owned() }
    });
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Memory takes every write, and what was text stays text.
    let _ = writer.write_record(guarded.map(String::into_bytes));
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_formulas_disarmed() {
        assert_eq!(line(["a", "b c", "d,e", "f\"g", "h\ni"]), "a,b c,\"d,e\",\"f\"\"g\",\"h\ni\"\r\n");
        assert_eq!(line(["=1+1", "+86", "-2", "@x", "\t=1", "1-2"]), "'=1+1,'+86,'-2,'@x,'\t=1,1-2\r\n");
        assert_eq!(line(["=a,b"]), "\"'=a,b\"\r\n");
        assert_eq!(line(["", "", "x"]), ",,x\r\n");
    }
}
