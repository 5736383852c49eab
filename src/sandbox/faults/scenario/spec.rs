//! One-line faults for the command line: `METHOD PATH [WORD=VALUE | WORD]...`, rewritten as the
//! TOML of a `[[fault]]`, so that both have one meaning.

/// The keys that select calls; all others are actions.
const SELECTORS: [&str; 8] =
    ["name", "key", "after", "until", "nth", "every", "times", "probability"];

/// `POST /v1/jobs nth=2 reset=after` as
/// `on = "POST /v1/jobs"`, `nth = 2`, `do = [{ reset = "after" }]`.
pub(crate) fn as_toml(spec: &str) -> Result<String, String> {
    let mut words = split(spec).into_iter();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(format!("`{spec}` is not a fault such as \"POST /v1/jobs nth=2 reset=after\""));
    };
    let mut lines = vec![format!("on = {}", quoted(&format!("{method} {path}")))];
    let mut actions = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) if SELECTORS.contains(&name) => {
                lines.push(format!("{name} = {}", literal(value)));
            }
            Some((name, value)) => actions.push(format!("{{ {name} = {} }}", literal(value))),
            None if word == "per_path" => lines.push("per_path = true".to_owned()),
            None => actions.push(quoted(&word)),
        }
    }
    lines.push(format!("do = [{}]", actions.join(", ")));
    Ok(lines.join("\n"))
}

/// Splits at white space outside quotes, brackets and braces.
fn split(spec: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut depth, mut quoted) = (0_u32, false);
    for c in spec.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A valid TOML value is kept; anything else becomes a string.
fn literal(value: &str) -> String {
    if toml::from_str::<toml::Table>(&format!("v = {value}")).is_ok() {
        value.to_owned()
    } else {
        quoted(value)
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use crate::sandbox::faults::scenario::FaultRule;

    #[test]
    fn one_line_and_file_mean_the_same() {
        let table = [
            (
                "POST /v1/jobs nth=2 reset=after",
                "on = \"POST /v1/jobs\"\nnth = 2\ndo = { reset = \"after\" }",
            ),
            (
                "GET /v1/jobs/* probability=0.05 per_path garble drop=[\"status\"]",
                "on = \"GET /v1/jobs/*\"\nprobability = 0.05\nper_path = true\ndo = [\"garble\", { drop = [\"status\"] }]",
            ),
            (
                "* /v1/** after=10s answer={ status = 503, body = \"html\" } name=\"an outage\"",
                "on = \"* /v1/**\"\nafter = \"10s\"\nname = \"an outage\"\ndo = { answer = { status = 503, body = \"html\" } }",
            ),
            (
                "POST /v1/jobs/*/start delay=5s",
                "on = \"POST /v1/jobs/*/start\"\ndo = { delay = \"5s\" }",
            ),
        ];
        for (line, file) in table {
            assert_eq!(FaultRule::parse(line).unwrap(), toml::from_str(file).unwrap(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_causes_no_panic(line in "[a-zA-Z/*= \"{}\\[\\],0-9.]{0,60}") {
            let _ = FaultRule::parse(&line);
            let _ = crate::sandbox::faults::scenario::Scenario::parse(&line);
        }
    }

    #[test]
    fn errors_name_the_fault() {
        for line in [
            "",
            "POST",
            "POST /v1/jobs",
            "POST /v1/jobs explode",
            "FETCH /x garble",
            "GET /x probability=2 garble",
        ] {
            let error = FaultRule::parse(line).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
    }
}
