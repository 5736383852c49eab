//! Help on topics, as text and as manual pages. Tests compare the texts with the code: exit codes,
//! variables, formats and commands.

/// A topic of `rbgv help`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// Plain text of at most 80 columns: headings at the margin in capitals, commands indented.
    parts: &'static [&'static str],
}

pub(crate) const TOPICS: [Topic; 6] = [
    Topic {
        name: "exit-codes",
        summary: "exit codes of all commands",
        parts: &[include_str!("exit-codes.txt")],
    },
    Topic {
        name: "environment",
        summary: "environment variables that rbgv reads",
        parts: &[include_str!("environment.txt")],
    },
    Topic {
        name: "config",
        summary: "configuration file with every setting",
        parts: &[include_str!("config.txt"), include_str!("../../../../config.example.toml")],
    },
    Topic {
        name: "formats",
        summary: "input and output formats, and output names",
        parts: &[include_str!("formats.txt")],
    },
    Topic {
        name: "storage",
        summary: "inputs and outputs in S3, Google Cloud Storage and Azure",
        parts: &[include_str!("storage.txt")],
    },
    Topic {
        name: "scripting",
        summary: "rbgv in scripts and in CI",
        parts: &[include_str!("scripting.txt")],
    },
];

impl Topic {
    pub(crate) fn find(name: &str) -> Option<Self> {
        TOPICS.into_iter().find(|topic| topic.name == name)
    }

    pub(crate) fn text(self) -> String {
        self.parts.concat()
    }

    /// The file name of the manual page.
    pub(crate) fn page_name(self) -> String {
        format!("rbgv-{}.7", self.name)
    }

    /// The manual page, in roff.
    pub(crate) fn page(self) -> String {
        let mut page = vec![
            format!(
                ".TH RBGV-{} 7 \"\" \"rbgv {}\"",
                self.name.to_uppercase(),
                env!("CARGO_PKG_VERSION")
            ),
            ".SH NAME".to_owned(),
            format!("rbgv\\-{} \\- {}", escaped(self.name), self.summary),
        ];
        let mut is_verbatim = false;
        for (number, part) in self.parts.iter().enumerate() {
            for line in part.lines() {
                let is_example = number > 0 || line.starts_with(' ');
                if is_example != is_verbatim {
                    page.push(if is_example { ".nf" } else { ".fi" }.to_owned());
                    is_verbatim = is_example;
                }
                page.push(match line {
                    line if is_example => escaped(line),
                    "" => ".PP".to_owned(),
                    line if is_heading(line) => format!(".SH \"{}\"", escaped(line)),
                    line => escaped(line),
                });
            }
        }
        if is_verbatim {
            page.push(".fi".to_owned());
        }
        page.join("\n") + "\n"
    }
}

fn is_heading(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_uppercase())
        && !line.contains(|c: char| c.is_ascii_lowercase())
}

/// `text` as lines of roff text.
pub(crate) fn roff_text(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// `line` as roff text: no character in it is a command.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_text_for_a_terminal_and_a_page_of_roff() {
        for topic in TOPICS {
            let text = topic.text();
            let lines: Vec<&str> = text.lines().collect();
            assert!(is_heading(lines[0]), "{}", lines[0]);
            assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", topic.name);
            assert!(text.is_ascii(), "{}", topic.name);
            let page = topic.page();
            assert!(page.lines().all(|line| {
                let commands = [".TH ", ".SH ", ".PP", ".nf", ".fi"];
                !line.starts_with(['.', '\'']) || commands.iter().any(|c| line.starts_with(c))
            }));
            assert_eq!(page.matches(".nf\n").count(), page.matches(".fi\n").count());
        }
    }

    #[test]
    fn headings_are_in_capitals() {
        for heading in ["EXIT CODES", "COMMANDS OF A LISTENER", "KEYS"] {
            assert!(is_heading(heading), "{heading}");
        }
        for text in ["MP4, QuickTime (mov), WebM and AVI, up", "Set RBGV_API_KEY, or", "  KEYS", ""]
        {
            assert!(!is_heading(text), "{text}");
        }
    }
}
