//! The document as one page of HTML without scripts: operations by tag, schemas, codes of errors.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{Components, OpenApi, RefOr, Required, Response, Schema};

use super::super::problem::Kind;
use super::type_words::{Word, words};

const TEMPLATE: &str = include_str!("page.html");

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    description: &'a str,
    sections: Vec<Section>,
    schemas: Vec<SchemaView>,
    errors: Vec<ErrorRow>,
}

#[derive(Serialize)]
struct Section {
    name: String,
    description: String,
    operations: Vec<OperationView>,
}

#[derive(Serialize)]
struct OperationView {
    id: String,
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    roles: Option<Value>,
    parameters: Vec<Row>,
    body: Vec<ContentView>,
    answers: Vec<Answer>,
}

/// A parameter, a header or a field.
#[derive(Serialize)]
struct Row {
    name: String,
    place: &'static str,
    r#type: Vec<Word>,
    is_required: bool,
    description: String,
}

#[derive(Serialize)]
struct ContentView {
    media_type: String,
    r#type: Vec<Word>,
    example: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    status: String,
    description: String,
    headers: Vec<Row>,
    contents: Vec<ContentView>,
}

#[derive(Serialize)]
struct SchemaView {
    name: String,
    description: String,
    r#type: Vec<Word>,
    /// Each alternative of an enum has fields of its own.
    groups: Vec<Group>,
    example: Option<String>,
}

#[derive(Serialize)]
struct Group {
    description: String,
    fields: Vec<Row>,
}

#[derive(Serialize)]
struct ErrorRow {
    code: &'static str,
    status: u16,
    title: &'static str,
}

/// The page.
pub fn render(document: &OpenApi) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("page.html", TEMPLATE)?;
    let errors = Kind::ALL.map(|kind| {
        let (code, status, title) = kind.describe();
        ErrorRow { code, status: status.as_u16(), title }
    });
    let page = Page {
        title: &document.info.title,
        description: document.info.description.as_deref().unwrap_or_default(),
        sections: sections(document),
        schemas: document.components.as_ref().map(schemas).unwrap_or_default(),
        errors: errors.into(),
    };
    environment.get_template("page.html")?.render(Serde(page))
}

fn sections(document: &OpenApi) -> Vec<Section> {
    let tags = document.tags.iter().flatten().map(|tag| Section {
        name: tag.name.clone(),
        description: tag.description.clone().unwrap_or_default(),
        operations: operations(document, &tag.name),
    });
    tags.collect()
}

fn operations(document: &OpenApi, tag: &str) -> Vec<OperationView> {
    let items = document.paths.paths.iter().flat_map(|(path, item)| {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        methods.into_iter().filter_map(move |(method, operation)| Some((method, path, operation.as_ref()?)))
    });
    items
        .filter(|(_, _, operation)| operation.tags.iter().flatten().any(|name| name == tag))
        .map(|(method, path, operation)| view(method, path, operation))
        .collect()
}

fn view(method: &'static str, path: &str, operation: &Operation) -> OperationView {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter_row(parameter)),
        RefOr::Ref(_) => None,
    });
    let body = match &operation.request_body {
        Some(RefOr::T(body)) => contents(&body.content),
        _ => Vec::new(),
    };
    let answers = operation.responses.responses.iter().filter_map(|(status, response)| match response {
        RefOr::T(response) => Some(answer(status, response)),
        RefOr::Ref(_) => None,
    });
    let extensions = serde_json::to_value(&operation.extensions).unwrap_or_default();
    OperationView {
        id: operation.operation_id.clone().unwrap_or_default(),
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        description: operation.description.clone().unwrap_or_default(),
        roles: extensions.get("x-roles").cloned(),
        parameters: parameters.collect(),
        body,
        answers: answers.collect(),
    }
}

fn parameter_row(parameter: &Parameter) -> Row {
    Row {
        name: parameter.name.clone(),
        place: match parameter.parameter_in {
            ParameterIn::Path => "path",
            ParameterIn::Header => "header",
            _ => "query",
        },
        r#type: parameter.schema.as_ref().map(words).unwrap_or_default(),
        is_required: parameter.required == Required::True,
        description: parameter.description.clone().unwrap_or_default(),
    }
}

fn answer(status: &str, response: &Response) -> Answer {
    let headers = response.headers.iter().filter_map(|(name, header)| match header {
        RefOr::T(header) => Some(Row {
            name: name.clone(),
            place: "header",
            r#type: header.schema.as_ref().map(words).unwrap_or_default(),
            is_required: true,
            description: header.description.clone().unwrap_or_default(),
        }),
        RefOr::Ref(_) => None,
    });
    Answer {
        status: status.to_owned(),
        description: response.description.clone(),
        headers: headers.collect(),
        contents: contents(&response.content),
    }
}

fn contents<'a>(contents: impl IntoIterator<Item = (&'a String, &'a RefOr<Content>)>) -> Vec<ContentView> {
    let views = contents.into_iter().filter_map(|(media_type, content)| match content {
        RefOr::T(content) => Some(ContentView {
            media_type: media_type.clone(),
            r#type: content.schema.as_ref().map(words).unwrap_or_default(),
            example: content.example.as_ref().map(pretty),
        }),
        RefOr::Ref(_) => None,
    });
    views.collect()
}

fn schemas(components: &Components) -> Vec<SchemaView> {
    components.schemas.iter().map(|(name, schema)| schema_view(name, schema)).collect()
}

fn schema_view(name: &str, schema: &RefOr<Schema>) -> SchemaView {
    let mut view = SchemaView {
        name: name.to_owned(),
        description: String::new(),
        r#type: Vec::new(),
        groups: Vec::new(),
        example: None,
    };
    match schema {
        RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => {
            view.example = object.examples.first().map(pretty);
            view.groups = groups(schema).map(|group| Group { description: String::new(), ..group }).collect();
            view.description = object.description.clone().unwrap_or_default();
        }
        RefOr::T(Schema::Object(object)) => {
            view.description = object.description.clone().unwrap_or_default();
            view.r#type = words(schema);
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            view.description = one_of.description.clone().unwrap_or_default();
            view.groups = one_of.items.iter().flat_map(groups).collect();
            view.r#type = one_of.items.iter().filter(|item| fields(item).is_empty()).flat_map(words).collect();
        }
        RefOr::T(Schema::AllOf(all_of)) => {
            view.description = all_of.description.clone().unwrap_or_default();
            view.groups = groups(schema).map(|group| Group { description: String::new(), ..group }).collect();
            view.r#type = all_of.items.iter().filter(|item| fields(item).is_empty()).flat_map(words).collect();
        }
        _ => view.r#type = words(schema),
    }
    view
}

/// The fields of an alternative, where it has any.
fn groups(schema: &RefOr<Schema>) -> impl Iterator<Item = Group> + use<> {
    let group = Group { description: description(schema), fields: fields(schema) };
    Some(group).filter(|group| !group.fields.is_empty()).into_iter()
}

/// The fields of an object, also of one that is put together from several.
fn fields(schema: &RefOr<Schema>) -> Vec<Row> {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let fields = object.properties.iter().map(|(name, field)| Row {
                name: name.clone(),
                place: "",
                r#type: words(field),
                is_required: object.required.contains(name),
                description: description(field),
            });
            fields.collect()
        }
        RefOr::T(Schema::AllOf(all_of)) => all_of.items.iter().flat_map(fields).collect(),
        _ => Vec::new(),
    }
}

fn description(schema: &RefOr<Schema>) -> String {
    let text = match schema {
        RefOr::Ref(reference) => Some(reference.description.clone()),
        RefOr::T(Schema::Object(object)) => object.description.clone(),
        RefOr::T(Schema::Array(array)) => array.description.clone(),
        RefOr::T(Schema::OneOf(one_of)) => one_of.description.clone(),
        RefOr::T(Schema::AllOf(all_of)) => all_of.description.clone(),
        RefOr::T(_) => None,
    };
    text.unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
