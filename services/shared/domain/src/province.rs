//! The 31 provinces whose communications bureaus (管局) decide on filings.
//!
//! Codes are GB/T 2260; letters are the bureaus' host and file letters; abbreviations are those that the
//! bureaus print in filing numbers (bureau-interface §11.10). Some provinces have two abbreviations in use;
//! [`Province::parse_abbreviation`] reads both, [`Province::abbreviation`] gives the one that bureaus print.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A province, autonomous region or municipality with a communications bureau of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Province {
    /// 北京
    Beijing,
    /// 天津
    Tianjin,
    /// 河北
    Hebei,
    /// 山西
    Shanxi,
    /// 内蒙古
    InnerMongolia,
    /// 辽宁
    Liaoning,
    /// 吉林
    Jilin,
    /// 黑龙江
    Heilongjiang,
    /// 上海
    Shanghai,
    /// 江苏
    Jiangsu,
    /// 浙江
    Zhejiang,
    /// 安徽
    Anhui,
    /// 福建
    Fujian,
    /// 江西
    Jiangxi,
    /// 山东
    Shandong,
    /// 河南
    Henan,
    /// 湖北
    Hubei,
    /// 湖南
    Hunan,
    /// 广东
    Guangdong,
    /// 广西
    Guangxi,
    /// 海南
    Hainan,
    /// 重庆
    Chongqing,
    /// 四川
    Sichuan,
    /// 贵州
    Guizhou,
    /// 云南
    Yunnan,
    /// 西藏
    Tibet,
    /// 陕西
    Shaanxi,
    /// 甘肃
    Gansu,
    /// 青海
    Qinghai,
    /// 宁夏
    Ningxia,
    /// 新疆
    Xinjiang,
}

/// One row of the table.
struct Facts {
    code: u32,
    letters: &'static str,
    abbreviation: char,
    /// The other abbreviation in use, if there is one.
    also: Option<char>,
    name_zh: &'static str,
}

const fn facts(code: u32, letters: &'static str, abbreviation: char, name_zh: &'static str) -> Facts {
    Facts { code, letters, abbreviation, also: None, name_zh }
}

const fn also(other: char, facts: Facts) -> Facts {
    Facts { also: Some(other), ..facts }
}

impl Province {
    /// All provinces in the order of their codes.
    pub const ALL: [Self; 31] = [
        Self::Beijing,
        Self::Tianjin,
        Self::Hebei,
        Self::Shanxi,
        Self::InnerMongolia,
        Self::Liaoning,
        Self::Jilin,
        Self::Heilongjiang,
        Self::Shanghai,
        Self::Jiangsu,
        Self::Zhejiang,
        Self::Anhui,
        Self::Fujian,
        Self::Jiangxi,
        Self::Shandong,
        Self::Henan,
        Self::Hubei,
        Self::Hunan,
        Self::Guangdong,
        Self::Guangxi,
        Self::Hainan,
        Self::Chongqing,
        Self::Sichuan,
        Self::Guizhou,
        Self::Yunnan,
        Self::Tibet,
        Self::Shaanxi,
        Self::Gansu,
        Self::Qinghai,
        Self::Ningxia,
        Self::Xinjiang,
    ];

    const fn facts(self) -> Facts {
        match self {
            Self::Beijing => facts(110_000, "bj", '京', "北京"),
            Self::Tianjin => facts(120_000, "tj", '津', "天津"),
            Self::Hebei => facts(130_000, "he", '冀', "河北"),
            Self::Shanxi => facts(140_000, "sx", '晋', "山西"),
            Self::InnerMongolia => facts(150_000, "nm", '蒙', "内蒙古"),
            Self::Liaoning => facts(210_000, "ln", '辽', "辽宁"),
            Self::Jilin => facts(220_000, "jl", '吉', "吉林"),
            Self::Heilongjiang => facts(230_000, "hl", '黑', "黑龙江"),
            Self::Shanghai => facts(310_000, "sh", '沪', "上海"),
            Self::Jiangsu => facts(320_000, "js", '苏', "江苏"),
            Self::Zhejiang => facts(330_000, "zj", '浙', "浙江"),
            Self::Anhui => facts(340_000, "ah", '皖', "安徽"),
            Self::Fujian => facts(350_000, "fj", '闽', "福建"),
            Self::Jiangxi => facts(360_000, "jx", '赣', "江西"),
            Self::Shandong => facts(370_000, "sd", '鲁', "山东"),
            Self::Henan => facts(410_000, "ha", '豫', "河南"),
            Self::Hubei => facts(420_000, "hb", '鄂', "湖北"),
            Self::Hunan => facts(430_000, "hn", '湘', "湖南"),
            Self::Guangdong => facts(440_000, "gd", '粤', "广东"),
            Self::Guangxi => facts(450_000, "gx", '桂', "广西"),
            Self::Hainan => facts(460_000, "hi", '琼', "海南"),
            Self::Chongqing => facts(500_000, "cq", '渝', "重庆"),
            Self::Sichuan => also('川', facts(510_000, "sc", '蜀', "四川")),
            Self::Guizhou => also('贵', facts(520_000, "gz", '黔', "贵州")),
            Self::Yunnan => also('云', facts(530_000, "yn", '滇', "云南")),
            Self::Tibet => facts(540_000, "xz", '藏', "西藏"),
            Self::Shaanxi => also('秦', facts(610_000, "sn", '陕', "陕西")),
            Self::Gansu => also('甘', facts(620_000, "gs", '陇', "甘肃")),
            Self::Qinghai => facts(630_000, "qh", '青', "青海"),
            Self::Ningxia => facts(640_000, "nx", '宁', "宁夏"),
            Self::Xinjiang => facts(650_000, "xj", '新', "新疆"),
        }
    }

    /// Administrative division code (GB/T 2260), e.g. 440000.
    pub const fn code(self) -> u32 {
        self.facts().code
    }

    /// The two letters in host names, file names, subjects and module names, e.g. `gd`.
    pub const fn letters(self) -> &'static str {
        self.facts().letters
    }

    /// Short name, e.g. `广东`.
    pub const fn name_zh(self) -> &'static str {
        self.facts().name_zh
    }

    /// The character that bureaus print in filing numbers, e.g. `粤`.
    pub const fn abbreviation(self) -> char {
        self.facts().abbreviation
    }

    /// Every abbreviation in use, the printed one first.
    pub fn abbreviations(self) -> impl Iterator<Item = char> {
        let facts = self.facts();
        std::iter::once(facts.abbreviation).chain(facts.also)
    }

    /// The province with these two lower-case letters.
    pub fn parse(letters: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|province| province.letters() == letters)
    }

    /// The province with this abbreviation, either the printed one (蜀) or its alternative (川).
    pub fn parse_abbreviation(abbreviation: char) -> Option<Self> {
        Self::ALL.into_iter().find(|province| province.abbreviations().any(|known| known == abbreviation))
    }

    /// The province that a division code of any level belongs to (440305 → 广东).
    pub fn of_division(code: u32) -> Option<Self> {
        if !(100_000..=999_999).contains(&code) {
            return None;
        }
        Self::try_from(code / 10_000 * 10_000).ok()
    }
}

/// No province has this code or these letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no province is known as `{given}`; use the two letters (gd) or the six-digit code (440000)")]
pub struct UnknownProvince {
    /// What was given.
    pub given: String,
}

impl TryFrom<u32> for Province {
    type Error = UnknownProvince;

    /// From the six-digit code of the province itself (440000, not 440300).
    fn try_from(code: u32) -> Result<Self, Self::Error> {
        Self::ALL
            .into_iter()
            .find(|province| province.code() == code)
            .ok_or_else(|| UnknownProvince { given: code.to_string() })
    }
}

impl FromStr for Province {
    type Err = UnknownProvince;

    fn from_str(letters: &str) -> Result<Self, Self::Err> {
        Self::parse(letters).ok_or_else(|| UnknownProvince { given: letters.chars().take(32).collect() })
    }
}

impl fmt::Display for Province {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.letters())
    }
}

impl Serialize for Province {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.letters())
    }
}

impl<'de> Deserialize<'de> for Province {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let letters = String::deserialize(deserializer)?;
        letters.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_province_is_found_by_each_of_its_names() {
        for province in Province::ALL {
            assert_eq!(Province::parse(province.letters()), Some(province));
            assert_eq!(Province::try_from(province.code()), Ok(province));
            assert_eq!(Province::parse_abbreviation(province.abbreviation()), Some(province));
            assert_eq!(Province::of_division(province.code() + 305), Some(province));
            let json = serde_json::to_string(&province).unwrap();
            assert_eq!(json, format!("\"{}\"", province.letters()));
            assert_eq!(serde_json::from_str::<Province>(&json).unwrap(), province);
        }
    }

    #[test]
    fn no_two_provinces_share_a_name() {
        let letters: BTreeSet<_> = Province::ALL.iter().map(|p| p.letters()).collect();
        let codes: BTreeSet<_> = Province::ALL.iter().map(|p| p.code()).collect();
        let names: BTreeSet<_> = Province::ALL.iter().map(|p| p.name_zh()).collect();
        let mut abbreviations = BTreeSet::new();
        for province in Province::ALL {
            let facts = province.facts();
            assert!(abbreviations.insert(facts.abbreviation));
            assert!(facts.also.is_none_or(|other| abbreviations.insert(other)));
        }
        assert_eq!((letters.len(), codes.len(), names.len()), (31, 31, 31));
    }

    #[test]
    fn alternative_abbreviations_are_read() {
        for (text, province) in [
            ('甘', Province::Gansu),
            ('陇', Province::Gansu),
            ('川', Province::Sichuan),
            ('蜀', Province::Sichuan),
            ('贵', Province::Guizhou),
            ('黔', Province::Guizhou),
            ('云', Province::Yunnan),
            ('滇', Province::Yunnan),
        ] {
            assert_eq!(Province::parse_abbreviation(text), Some(province));
        }
        assert_eq!(Province::parse_abbreviation('港'), None);
    }

    #[test]
    fn what_is_unknown_is_named_in_the_error() {
        assert_eq!(Province::parse("GD"), None);
        assert!(Province::try_from(440_300).unwrap_err().to_string().contains("440300"));
        assert!(serde_json::from_str::<Province>("\"xx\"").unwrap_err().to_string().contains("`xx`"));
        assert_eq!(Province::of_division(810_000), None);
        assert_eq!(Province::of_division(44), None);
    }
}
