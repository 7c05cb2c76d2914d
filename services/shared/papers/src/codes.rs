//! The names of the ministry's codes, as papers print them (bureau-interface §11).

use icp_domain::{Platform, ServiceKind};

/// Name of an organiser's nature (单位性质, Dwxz).
pub fn nature(code: u16) -> Option<&'static str> {
    find(NATURES, code)
}

/// Name of a kind of certificate (证件类型, Zjlx).
pub fn certificate(code: u16) -> Option<&'static str> {
    find(CERTIFICATES, code)
}

/// Name of a category of pre-approval (前置审批, Nrlx_id).
pub fn pre_approval(code: u16) -> Option<&'static str> {
    find(PRE_APPROVALS, code)
}

/// Name of a service content of websites (服务内容, Fwnr).
pub fn content(code: u16) -> Option<&'static str> {
    find(CONTENTS, code)
}

/// Name of an access method (接入方式, Jrfs).
pub fn access_method(code: u16) -> Option<&'static str> {
    find(ACCESS_METHODS, code)
}

/// Name of a place of servers (服务器放置地, Fbdd).
pub fn server_place(code: u16) -> Option<&'static str> {
    SERVER_PLACES.get(usize::from(code).checked_sub(1)?).copied()
}

/// Name of a kind of service.
pub fn service_kind(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Website => "网站",
        ServiceKind::App => "APP",
        ServiceKind::MiniProgram => "小程序",
        ServiceKind::QuickApp => "快应用",
    }
}

/// Name of a platform of apps.
pub fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Android => "安卓",
        Platform::Ios => "iOS",
        Platform::HarmonyOs => "鸿蒙",
    }
}

fn find(table: &[(u16, &'static str)], code: u16) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

const NATURES: &[(u16, &str)] = &[
    (1, "国防机构"),
    (2, "政府机关"),
    (3, "事业单位"),
    (4, "企业"),
    (5, "个人"),
    (6, "社会团体"),
    (9, "民办非企业单位"),
    (10, "基金会"),
    (11, "律师执业机构"),
    (12, "外国在华文化中心"),
    (13, "群众性团体组织"),
    (14, "司法鉴定机构"),
    (15, "宗教团体"),
    (16, "境外机构"),
    (17, "医疗机构"),
    (18, "公证机构"),
    (19, "集体经济"),
    (20, "仲裁机构"),
];

const CERTIFICATES: &[(u16, &str)] = &[
    (1, "营业执照"),
    (2, "居民身份证"),
    (3, "组织机构代码证"),
    (4, "事业单位法人证书"),
    (5, "部队代号"),
    (6, "社会团体法人登记证书"),
    (7, "护照"),
    (8, "军官证"),
    (9, "组织机构代码证"),
    (10, "组织机构代码证"),
    (11, "台湾居民来往大陆通行证"),
    (12, "组织机构代码证"),
    (13, "统一社会信用代码证书"),
    (14, "港澳居民来往内地通行证"),
    (15, "统一社会信用代码证书"),
    (16, "组织机构代码证"),
    (17, "民办非企业单位登记证书"),
    (18, "组织机构代码证"),
    (19, "基金会法人登记证书"),
    (20, "组织机构代码证"),
    (21, "律师事务所执业许可证"),
    (22, "外国在华文化中心登记证"),
    (23, "军队单位对外有偿服务许可证"),
    (24, "统一社会信用代码证书"),
    (25, "宗教活动场所登记证"),
    (27, "外国企业常驻代表机构登记证"),
    (28, "司法鉴定许可证"),
    (30, "外国人永久居留身份证"),
    (34, "外国政府旅游部门常驻代表机构批准登记证"),
    (35, "境外机构证件"),
    (36, "社会服务机构登记证书"),
    (37, "民办学校办学许可证"),
    (38, "医疗机构执业许可证"),
    (39, "公证机构执业证"),
    (40, "北京市外国驻华使馆人员子女学校办学许可证"),
    (41, "港澳居民居住证"),
    (42, "台湾居民居住证"),
    (43, "农村集体经济组织登记证"),
    (44, "仲裁委员会登记证"),
];

const PRE_APPROVALS: &[(u16, &str)] = &[
    (1, "新闻"),
    (2, "出版"),
    (3, "教育"),
    (4, "医疗保健"),
    (5, "药品和医疗器械"),
    (6, "电子公告服务"),
    (9, "文化"),
    (10, "广播电影电视节目"),
    (11, "网络预约车"),
    (13, "互联网金融"),
    (14, "校外培训（高中及以下）"),
    (15, "宗教"),
];

const CONTENTS: &[(u16, &str)] = &[
    (1, "即时通信"),
    (2, "搜索引擎"),
    (3, "综合门户"),
    (4, "网上邮局"),
    (5, "网络新闻"),
    (6, "博客/个人空间"),
    (7, "网络广告/信息"),
    (8, "单位门户网站"),
    (9, "网络购物"),
    (10, "网上支付"),
    (11, "网上银行"),
    (12, "网上炒股/股票基金"),
    (13, "网络游戏"),
    (14, "网络音乐"),
    (15, "网络影视"),
    (16, "网络图片"),
    (17, "网络软件/下载"),
    (18, "网上求职"),
    (19, "网上交友/婚介"),
    (20, "网上房产"),
    (21, "网络教育"),
    (22, "网站建设"),
    (23, "WAP"),
    (24, "其他"),
];

const ACCESS_METHODS: &[(u16, &str)] = &[(1, "专线"), (2, "主机托管"), (3, "虚拟主机"), (4, "其他方式"), (5, "云接入")];

/// By their codes, from 1.
const SERVER_PLACES: [&str; 34] = [
    "安徽",
    "北京",
    "重庆",
    "福建",
    "广东",
    "甘肃",
    "广西",
    "贵州",
    "河南",
    "湖北",
    "河北",
    "海南",
    "香港",
    "黑龙江",
    "湖南",
    "吉林",
    "江苏",
    "江西",
    "辽宁",
    "澳门",
    "内蒙古",
    "宁夏",
    "青海",
    "四川",
    "山东",
    "上海",
    "陕西",
    "山西",
    "天津",
    "台湾",
    "新疆",
    "西藏",
    "云南",
    "浙江",
];
