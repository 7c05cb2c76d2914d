//! What people call the fields of the form, from their paths.

/// Parts of paths and their names.
const NAMES: [(&str, &str); 38] = [
    ("organiser", "主体"),
    ("principal", "负责人"),
    ("legal_representative", "法定代表人"),
    ("certificate", "证件"),
    ("id", "证件"),
    ("kind", "类型"),
    ("valid_to", "有效期"),
    ("nature", "单位性质"),
    ("investor", "投资人"),
    ("address", "地址"),
    ("province_code", "省"),
    ("city_code", "市"),
    ("county_code", "区县"),
    ("detail", "详细地址"),
    ("mobile", "手机号码"),
    ("emergency_phone", "应急电话"),
    ("office_phone", "办公电话"),
    ("email", "电子邮箱"),
    ("domains", "域名"),
    ("home_url", "首页地址"),
    ("contents", "服务内容"),
    ("languages", "语种"),
    ("pre_approvals", "前置审批"),
    ("category", "类别"),
    ("access", "接入"),
    ("methods", "方式"),
    ("server_places", "服务器放置地"),
    ("addresses", "IP地址"),
    ("app_platforms", "APP平台"),
    ("mini_program_platforms", "小程序平台"),
    ("package", "包名"),
    ("remark", "备注"),
    ("services", "服务"),
    ("materials", "材料"),
    ("cancellation", "注销"),
    ("reason", "理由"),
    ("order_type", "订单类型"),
    ("province", "备案省份"),
];

/// The name of a path, e.g. `第1个服务的负责人的手机号码`; of an empty one, the whole order.
pub fn in_chinese(path: &str) -> String {
    if path.is_empty() {
        return "整个订单".to_owned();
    }
    let mut names: Vec<String> = Vec::new();
    let mut before = "";
    for part in path.split('.') {
        let (part, place) = match part.split_once('[') {
            Some((part, place)) => (part, place.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let name = match (before, part) {
            ("principal" | "legal_representative", "name") => "姓名",
            (_, "name") => "名称",
            ("organiser" | "services", "number") => "备案号",
            (_, "number") => "号码",
            _ => NAMES.iter().find(|(known, _)| *known == part).map_or(part, |(_, name)| name),
        };
        names.push(place.map_or_else(|| name.to_owned(), |place| format!("第{}个{name}", place + 1)));
        before = part;
    }
    names.join("的")
}

#[cfg(test)]
mod tests {
    use super::in_chinese;

    #[test]
    fn paths_read_as_people_say_them() {
        for (path, name) in [
            ("services[0].name", "第1个服务的名称"),
            ("services[1].principal.mobile", "第2个服务的负责人的手机号码"),
            ("organiser.principal.name", "主体的负责人的姓名"),
            ("organiser.certificate.number", "主体的证件的号码"),
            ("organiser.number", "主体的备案号"),
            ("services[0].domains[2]", "第1个服务的第3个域名"),
            ("materials.commitment", "材料的commitment"),
            ("", "整个订单"),
        ] {
            assert_eq!(in_chinese(path), name);
        }
    }
}
