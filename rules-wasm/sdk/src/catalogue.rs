//! The catalogue of finding codes: stable names with what they mean and what usually helps.

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable name, e.g. `N01`.
    pub id: &'static str,
    /// What usually helps, in Chinese.
    pub remedy_zh: &'static str,
    /// What usually helps, in English.
    pub remedy_en: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $zh:literal, $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code { id: stringify!($name), remedy_zh: $zh, remedy_en: $en };)*

        /// Every code.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// Domain unknown to the registrars' database or without real name.
    D01: "完成域名实名认证，3–5 个工作日后再提交", "complete the domain's real-name registration and submit 3 to 5 working days later";
    /// Domain held by somebody else.
    D02: "将域名过户到主办者名下", "transfer the domain to the organiser";
    /// Registrar or top-level domain not approved.
    D03: "转入已获批复的境内注册商，或更换域名", "transfer the domain to an approved registrar in the mainland, or use another domain";
    /// Domain expired or about to.
    D04: "续费域名", "renew the domain";
    /// Domain or suffix not acceptable.
    D05: "改填可备案的域名", "enter a domain that can be filed";
    /// Domain used twice.
    D06: "删除重复的域名", "remove the duplicate domain";
    /// More than one domain for a website.
    D07: "每个网站只保留一个域名，其余域名另行备案", "keep one domain per website and file the others on their own";
    /// Name not acceptable.
    N01: "更换网站名称", "choose another name";
    /// Name unrelated to the organiser.
    N02: "改用与单位相关的名称，或在备注中说明", "use a name related to the unit or explain it in the remark";
    /// Open before the filing.
    C01: "备案通过前关闭网站并停止解析", "close the site and stop its resolution until the filing is approved";
    /// Filed and not open.
    C02: "恢复网站访问后再提交", "open the site again, then submit";
    /// Number missing or wrong in the footer.
    C03: "在页脚正确悬挂备案号并链接至 beian.miit.gov.cn", "show the filing number in the footer with a link to beian.miit.gov.cn";
    /// Content not allowed or not what was filed.
    C04: "改选允许的服务内容，或以单位名义备案", "choose content that is allowed, or file as a unit";
    /// Licence missing (前置审批).
    C05: "提交前置审批文件，或修改名称与内容", "hand in the licence, or change name and content";
    /// Certificate not acceptable.
    S01: "更换有效的证件并更正证件信息", "use a valid certificate and correct its data";
    /// Person in charge is not who it must be.
    S02: "将主体负责人改为法定代表人（个人备案为本人）", "name the legal representative (for persons: the person) as person in charge";
    /// Wrong province.
    S03: "在证件所在省备案，或提供居住证等证明", "file in the province of the certificate, or prove residence";
    /// Does not agree with the enterprise register.
    S04: "按国家企业信用信息公示系统更正，或先消除异常", "correct it to what the enterprise register says, or have the entry cleared first";
    /// Already on record, under an old number.
    S05: "先变更备案中的证件号码，再新增或接入", "change the number on record first, then add or access";
    /// Another order in flight.
    S06: "先完成或撤销进行中的订单", "finish or withdraw the order in flight";
    /// Order of a kind that cannot be judged.
    S07: "重新验证备案类型", "determine the order type again";
    /// Organiser deregistered or without services (空壳主体).
    S08: "先注销空壳主体，再办理首次备案", "cancel the empty record first, then file as new";
    /// Organiser on the list of those refused.
    S09: "联系接入商核实", "ask the access provider";
    /// Too many services.
    S10: "拆分订单或提交网站建设方案书", "split the order or hand in a site plan";
    /// Age outside the limits.
    S11: "更换符合年龄要求的负责人，或提供收入证明", "name a person of sufficient age, or prove an income";
    /// Address incomplete or in the wrong place.
    S12: "填写详细到门牌号的通信地址", "give the postal address down to the door number";
    /// Phone not answered.
    T01: "保持电话畅通", "keep the phone reachable";
    /// Phone not acceptable.
    T02: "更换可接收短信的大陆手机号码", "give a mainland mobile that can receive SMS";
    /// Phone or mail shared.
    T03: "不同负责人请填写各自的手机与邮箱", "give each person an own mobile and e-mail";
    /// Emergency phone or mail not acceptable.
    T04: "更正应急电话或电子邮箱", "correct the emergency phone or e-mail";
    /// Face differs from document or register.
    V01: "本人重新进行人脸核验", "repeat the face check in person";
    /// Liveness check failed.
    V02: "在光线均匀、背景纯白处重新核验", "repeat it before a white background in even light";
    /// Photographed from a screen.
    V03: "拍摄证件原件", "photograph the original";
    /// Material missing, too old or not acceptable.
    V04: "上传要求的材料", "upload the material that is asked for";
    /// Ministry's SMS.
    V05: "按短信核验页面的提示填写", "follow the notes of the SMS verification page";
    /// Access data.
    A01: "更正接入信息", "correct the access data";
    /// Remark.
    R01: "按要求填写备注", "write the remark that is asked for";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_unique_and_explained() {
        for (index, code) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(index + 1).all(|other| other.id != code.id), "{} twice", code.id);
            assert!(!code.remedy_zh.is_empty() && !code.remedy_en.is_empty());
        }
    }
}
