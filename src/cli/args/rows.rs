//! `--fields` and `--template`: the rows of a list for scripts.

use serde::Serialize;
use serde_json::Value;

use crate::model::Failure;
use crate::model::text::escaped;
use crate::output::Printer;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RowArgs {
    /// Print only these fields, separated by tabs: the names are those of --json
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with_all = ["template", "json"])]
    fields: Vec<String>,

    /// Print each row in this form, such as '{job} is {phase}'
    #[arg(long, value_name = "TEXT", conflicts_with = "json", value_parser = parse_template)]
    template: Option<RowTemplate>,
}

/// The parts of `--template`.
#[derive(Debug, Clone, PartialEq)]
struct RowTemplate(Vec<TemplatePart>);

#[derive(Debug, Clone, PartialEq)]
enum TemplatePart {
    Text(String),
    Field(String),
}

impl RowArgs {
    pub(crate) fn is_given(&self) -> bool {
        !self.fields.is_empty() || self.template.is_some()
    }

    /// Prints the rows that have all wanted fields. A list may have rows of several kinds, such as
    /// batches and jobs.
    ///
    /// # Errors
    /// No row has these fields: the message names those that there are.
    pub(crate) fn print(&self, printer: &Printer, rows: &[Value]) -> Result<(), Failure> {
        let parts = self.parts();
        let wanted: Vec<&str> = parts.iter().filter_map(TemplatePart::field).collect();
        let has_all = |row: &&Value| wanted.iter().all(|name| field(row, name).is_some());
        let chosen: Vec<&Value> = rows.iter().filter(has_all).collect();
        if chosen.is_empty() && !rows.is_empty() {
            return Err(unknown(&wanted, rows));
        }
        for row in chosen {
            let mut line = String::new();
            for part in &parts {
                match part {
                    TemplatePart::Text(text) => line.push_str(text),
                    TemplatePart::Field(name) => line.push_str(&shown(field(row, name))),
                }
            }
            printer.record(&line);
        }
        Ok(())
    }

    fn parts(&self) -> Vec<TemplatePart> {
        if let Some(RowTemplate(parts)) = &self.template {
            return parts.clone();
        }
        let mut parts = Vec::new();
        for name in &self.fields {
            if !parts.is_empty() {
                parts.push(TemplatePart::Text("\t".to_owned()));
            }
            parts.push(TemplatePart::Field(name.clone()));
        }
        parts
    }
}

/// The rows of a document.
pub(crate) fn rows<T: Serialize>(of: impl IntoIterator<Item = T>) -> Vec<Value> {
    of.into_iter().map(|row| serde_json::json!(row)).collect()
}

impl TemplatePart {
    fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

/// The value of `name`, which may be dotted: `failure.why`. Below `null` everything is `null`.
fn field<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(row, |value, key| match value {
        Value::Null => Some(value),
        _ => value.get(key),
    })
}

/// A value on one line; nothing for `null`.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => escaped(text),
        Some(other) => escaped(&other.to_string()),
    }
}

fn unknown(wanted: &[&str], rows: &[Value]) -> Failure {
    let mut known: Vec<&str> = Vec::new();
    for key in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if !known.contains(&key.as_str()) {
            known.push(key);
        }
    }
    let what = format!("fields {}", wanted.join(","));
    let why = format!("no row has all of them; known: {}", known.join(", "));
    Failure::usage(what, why)
}

/// `{name}` is a field, `{{` and `}}` are braces, `\t` and `\n` as in printf.
fn parse_template(text: &str) -> Result<RowTemplate, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.peek() == Some(&c) => {
                rest.next();
                literal.push(c);
            }
            '{' => {
                let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
                if name.is_empty() || !text.contains(&format!("{{{name}}}")) {
                    return Err("every { needs a name and a }; write {{ for a brace".to_owned());
                }
                if !literal.is_empty() {
                    parts.push(TemplatePart::Text(std::mem::take(&mut literal)));
                }
                parts.push(TemplatePart::Field(name));
            }
            '}' => return Err("} without {; write }} for a brace".to_owned()),
            '\\' => match rest.next() {
                Some('t') => literal.push('\t'),
                Some('n') => literal.push('\n'),
                Some(other) => literal.push(other),
                None => literal.push('\\'),
            },
            other => literal.push(other),
        }
    }
    if !literal.is_empty() {
        parts.push(TemplatePart::Text(literal));
    }
    if parts.iter().all(|part| part.field().is_none()) {
        return Err("it names no field; write one as {name}".to_owned());
    }
    Ok(RowTemplate(parts))
}

#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_row_template(text: &str) {
    if let Ok(template) = parse_template(text) {
        let row = serde_json::json!({"job": text, "failure": null});
        for name in template.0.iter().filter_map(TemplatePart::field) {
            let shown = shown(field(&row, name));
            assert!(!shown.chars().any(char::is_control), "one line a row: {shown:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::{Streams, Style};

    fn printed(args: &RowArgs, rows: &[Value]) -> Result<String, Failure> {
        let (streams, stdout, _) = Streams::captured();
        args.print(&Printer::new(Style::default(), streams), rows)?;
        Ok(stdout.text())
    }

    #[test]
    fn a_template_is_text_and_fields() {
        let text = |text: &str| TemplatePart::Text(text.to_owned());
        let field = |name: &str| TemplatePart::Field(name.to_owned());
        let table = [
            ("{job}", vec![field("job")]),
            ("{a.b}\\t{{x}}{c}\\n", vec![field("a.b"), text("\t{x}"), field("c"), text("\n")]),
        ];
        for (given, parts) in table {
            assert_eq!(parse_template(given), Ok(RowTemplate(parts)), "{given}");
        }
        for given in ["", "plain", "{", "{}", "{a", "a}", "{{a}}"] {
            assert!(parse_template(given).is_err(), "{given}");
        }
    }

    #[test]
    fn rows_with_all_fields_are_printed_and_unknown_fields_are_named() {
        let rows = [
            json!({"batch": 1, "done": 2}),
            json!({"job": "j\t1", "failure": {"why": "no\nworker"}, "tags": {"a": 1}}),
            json!({"job": "j2", "failure": null, "tags": {}}),
        ];
        let fields = |names: &str| RowArgs {
            fields: names.split(',').map(str::to_owned).collect(),
            template: None,
        };
        assert_eq!(printed(&fields("batch,done"), &rows).unwrap(), "1\t2\n");
        assert_eq!(
            printed(&fields("job,failure.why,tags"), &rows).unwrap(),
            "j\\t1\tno\\nworker\t{\"a\":1}\nj2\t\t{}\n",
            "one line a row, whatever is in it"
        );
        let why = printed(&fields("jobs"), &rows).unwrap_err().why;
        assert!(why.ends_with("known: batch, done, job, failure, tags"), "{why}");
        assert_eq!(printed(&fields("jobs"), &[]).unwrap(), "", "without rows nothing is known");
        let template = RowArgs { fields: Vec::new(), template: parse_template("<{job}>").ok() };
        assert_eq!(printed(&template, &rows).unwrap(), "<j\\t1>\n<j2>\n");
    }
}
