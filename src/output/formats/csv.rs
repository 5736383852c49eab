//! CSV records, one line each. Pure.

use csv::{Terminator, WriterBuilder};

use crate::model::text::escaped;

/// One record without a line break. Foreign text is escaped, and formulas are quoted as text.
#[must_use]
pub fn record<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(fields.into_iter().map(harmless));
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
}

fn harmless(field: &str) -> String {
    let field = escaped(field);
    let formula = field.starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err();
    if formula { format!("'{field}") } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_and_runs_nothing() {
        let fields = ["2026-01-01", "-2.5", "a,b", "say \"x\"", "two\nlines", "=1+1", "", "-x"];
        assert_eq!(
            record(fields),
            "2026-01-01,-2.5,\"a,b\",\"say \"\"x\"\"\",two\\nlines,'=1+1,,'-x"
        );
        assert_eq!(record([""]), "\"\"");
    }
}
