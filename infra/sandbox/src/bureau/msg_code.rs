//! The call-level answer codes (interface document notes §6).

/// `msg_code` of an answer. It only says what happened to the call, not to the records in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgCode(pub u16);

impl MsgCode {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// Done, and nothing more is waiting.
    pub const ALL_DOWNLOADED: Self = Self(1);
    /// Nothing to download.
    pub const NOTHING_TO_DOWNLOAD: Self = Self(2);
    /// Done, and more is waiting.
    pub const MORE_TO_DOWNLOAD: Self = Self(3);
    /// The user name is wrong.
    pub const USER_NAME: Self = Self(4);
    /// The password is wrong.
    pub const PASSWORD: Self = Self(5);
    /// Decryption failed.
    pub const DECRYPTION: Self = Self(6);
    /// The hash is another one.
    pub const HASH: Self = Self(7);
    /// Unpacking failed.
    pub const UNZIP: Self = Self(8);
    /// Unknown encryption algorithm.
    pub const ENCRYPTION_ALGORITHM: Self = Self(9);
    /// Unknown hash algorithm.
    pub const HASH_ALGORITHM: Self = Self(10);
    /// Unknown compression format.
    pub const COMPRESSION_FORMAT: Self = Self(11);
    /// The provider is unknown.
    pub const AUTHENTICATION: Self = Self(12);
    /// The provider belongs to another province.
    pub const OTHER_PROVINCE: Self = Self(13);
    /// Earlier numbers are missing.
    pub const SEQUENCE_GAP: Self = Self(14);
    /// Too many files wait.
    pub const QUEUE_FULL: Self = Self(15);
    /// The random text is shorter than 20 characters.
    pub const RANDOM_TOO_SHORT: Self = Self(16);
    /// Not exactly one file.
    pub const ONE_FILE: Self = Self(17);
    /// The file is larger than 50 MB.
    pub const FILE_TOO_LARGE: Self = Self(18);
    /// The right to report is closed.
    pub const RIGHT_CLOSED: Self = Self(19);
    /// Outside of the reporting period.
    pub const OUTSIDE_PERIOD: Self = Self(20);
    /// The receipt names no file.
    pub const EMPTY_FILE_NAME: Self = Self(21);
    /// Maintenance of uploads.
    pub const UPLOAD_MAINTENANCE: Self = Self(901);
    /// Maintenance of downloads.
    pub const DOWNLOAD_MAINTENANCE: Self = Self(902);
    /// Anything else.
    pub const OTHER: Self = Self(999);

    /// The text that goes with the code.
    pub fn text(self) -> &'static str {
        match self.0 {
            0 => "成功",
            1 => "成功，数据已全部下载完",
            2 => "暂无可下载数据",
            3 => "成功，还有数据，请继续下载",
            4 => "用户名错误",
            5 => "密码错误",
            6 => "解密失败",
            7 => "哈希校验未通过",
            8 => "解压缩失败",
            9 => "加密算法类型错误",
            10 => "Hash算法类型错误",
            11 => "压缩格式错误",
            12 => "认证信息错误，拒绝受理",
            13 => "非本省接入服务商，拒绝受理",
            14 => "有漏报的数据，请先补报",
            15 => "积压文件超过最大受理数，请稍后",
            16 => "随机数少于20个字符",
            17 => "每次必须且只能上报1个文件",
            18 => "文件超过50MB",
            19 => "报备权限未开放",
            20 => "不在规定的报备时段，报备时段为：",
            21 => "回执文件名为空",
            22 => "备案密码校验次数超限",
            901 => "系统维护中，未受理报备",
            902 => "系统维护中，未受理下载",
            _ => "其他错误",
        }
    }
}
