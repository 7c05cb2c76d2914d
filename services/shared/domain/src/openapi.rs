//! Schemas of the types that write themselves as text in a way of their own: their values with the Chinese names.

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::{OrderType, Province};

impl ToSchema for Province {}

impl PartialSchema for Province {
    fn schema() -> RefOr<Schema> {
        let values = Province::ALL.map(|province| (province.letters(), province.name_zh()));
        texts("Province whose bureau (管局) decides, by its letters", &values)
    }
}

impl ToSchema for OrderType {}

impl PartialSchema for OrderType {
    fn schema() -> RefOr<Schema> {
        let values = OrderType::ALL.map(|order_type| (order_type.as_str(), order_type.description().name_zh));
        texts("What a filing order asks for (备案订单类型)", &values)
    }
}

/// One of these texts, each with its name.
fn texts(what: &str, values: &[(&str, &str)]) -> RefOr<Schema> {
    let names: Vec<String> = values.iter().map(|(text, name)| format!("`{text}` {name}")).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("{what}: {}.", names.join(", "))))
        .enum_values(Some(values.iter().map(|(text, _)| *text)))
        .into()
}
