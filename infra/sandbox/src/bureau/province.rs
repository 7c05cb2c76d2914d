//! The provinces: code of GB/T 2260, letters in file names, abbreviation in filing numbers
//! (interface document notes §11.10).

/// One province, autonomous region or municipality.
#[derive(Debug, PartialEq, Eq)]
pub struct Province {
    /// Six digits of GB/T 2260.
    pub code: u32,
    /// Letters used in hosts and file names.
    pub letters: &'static str,
    /// Character that begins a filing number.
    pub abbreviation: &'static str,
}

const fn province(code: u32, letters: &'static str, abbreviation: &'static str) -> Province {
    Province { code, letters, abbreviation }
}

const PROVINCES: [Province; 31] = [
    province(110_000, "bj", "京"),
    province(120_000, "tj", "津"),
    province(130_000, "he", "冀"),
    province(140_000, "sx", "晋"),
    province(150_000, "nm", "蒙"),
    province(210_000, "ln", "辽"),
    province(220_000, "jl", "吉"),
    province(230_000, "hl", "黑"),
    province(310_000, "sh", "沪"),
    province(320_000, "js", "苏"),
    province(330_000, "zj", "浙"),
    province(340_000, "ah", "皖"),
    province(350_000, "fj", "闽"),
    province(360_000, "jx", "赣"),
    province(370_000, "sd", "鲁"),
    province(410_000, "ha", "豫"),
    province(420_000, "hb", "鄂"),
    province(430_000, "hn", "湘"),
    province(440_000, "gd", "粤"),
    province(450_000, "gx", "桂"),
    province(460_000, "hi", "琼"),
    province(500_000, "cq", "渝"),
    province(510_000, "sc", "蜀"),
    province(520_000, "gz", "黔"),
    province(530_000, "yn", "滇"),
    province(540_000, "xz", "藏"),
    province(610_000, "sn", "陕"),
    province(620_000, "gs", "陇"),
    province(630_000, "qh", "青"),
    province(640_000, "nx", "宁"),
    province(650_000, "xj", "新"),
];

/// The province with these letters.
pub fn by_letters(letters: &str) -> Option<&'static Province> {
    PROVINCES.iter().find(|it| it.letters == letters)
}

/// The province with this code of GB/T 2260.
pub fn by_code(code: u32) -> Option<&'static Province> {
    PROVINCES.iter().find(|it| it.code == code)
}
