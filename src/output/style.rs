//! What output looks like, decided once from flags and terminal. Pure.

use std::collections::BTreeMap;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// If the terminal supports it and the environment does not disable it
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Flags about output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputFlags {
    pub color: ColorChoice,
    pub no_progress: bool,
    pub json: bool,
    pub quiet: bool,
    /// Number of `-v` flags.
    pub verbose: u8,
}

/// The terminal of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct TerminalInfo {
    /// Whether standard output is a terminal.
    pub stdout: bool,
    /// Whether standard error is a terminal.
    pub stderr: bool,
    /// Whether both are the same terminal.
    pub shared: bool,
    /// Columns of the terminal.
    pub width: Option<u16>,
    /// The choice of `NO_COLOR`, `CLICOLOR` or `CLICOLOR_FORCE`.
    pub color: Option<bool>,
    /// `TERM=dumb`: no colours and no cursor movement.
    pub dumb: bool,
}

impl TerminalInfo {
    /// Adds the information of environment variables.
    #[must_use]
    pub fn with_variables(mut self, vars: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| vars.get(name).map(String::as_str).filter(|value| !value.is_empty());
        self.dumb = set("TERM") == Some("dumb");
        self.color = if set("NO_COLOR").is_some() {
            Some(false)
        } else if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            Some(true)
        } else if set("CLICOLOR") == Some("0") {
            Some(false)
        } else {
            None
        };
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a decision of its own")]
pub struct Style {
    /// Whether standard error is coloured.
    pub color: bool,
    /// Whether standard output is coloured.
    pub stdout_color: bool,
    /// Whether standard output is a terminal, where foreign text must be escaped. Elsewhere, paths are
    /// written byte for byte.
    pub stdout_terminal: bool,
    /// Whether both streams are the same terminal.
    pub shared: bool,
    pub bars: bool,
    /// Columns of the terminal; without one, nothing is wrapped.
    pub width: Option<u16>,
    pub json: bool,
    /// Whether only results, warnings and errors are shown.
    pub quiet: bool,
    pub verbose: u8,
}

/// Minimum number of columns for bars.
pub(crate) const NARROWEST: u16 = 20;

impl Style {
    /// Flags override variables, and variables override the terminal. Bars need a capable terminal and
    /// are not drawn beside a verbose log.
    #[must_use]
    pub fn choose(flags: &OutputFlags, facts: &TerminalInfo) -> Self {
        let colored = |terminal: bool| match (flags.color, facts.color) {
            (ColorChoice::Always, _) => true,
            (ColorChoice::Never, _) => false,
            (ColorChoice::Auto, Some(asked)) => asked,
            (ColorChoice::Auto, None) => terminal && !facts.dumb,
        };
        let roomy = facts.width.is_none_or(|columns| columns >= NARROWEST);
        let calm = !flags.no_progress && !flags.quiet && !flags.json && flags.verbose == 0;
        Self {
            color: colored(facts.stderr),
            stdout_color: colored(facts.stdout),
            stdout_terminal: facts.stdout,
            shared: facts.shared && facts.stdout && facts.stderr,
            bars: facts.stderr && !facts.dumb && roomy && calm,
            width: facts.width,
            json: flags.json,
            quiet: flags.quiet,
            verbose: flags.verbose,
        }
    }
}

/// The meaning of text, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTone {
    Plain,
    Good,
    Warn,
    Bad,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
    /// In progress.
    Busy,
}

impl TextTone {
    pub(crate) const ALL: [Self; 7] =
        [Self::Plain, Self::Good, Self::Warn, Self::Bad, Self::Dim, Self::Strong, Self::Busy];

    /// The escape sequence that starts the tone; empty for plain text.
    pub(crate) fn start(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Bad => "\x1b[31m",
            Self::Dim => "\x1b[2m",
            Self::Strong => "\x1b[1m",
            Self::Busy => "\x1b[36m",
        }
    }
}

/// The escape sequence that ends every tone.
pub(crate) const END: &str = "\x1b[0m";

/// Colours text, if enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Painter(pub bool);

impl Painter {
    /// `text` in the colour of `tone`, if colours are on.
    #[must_use]
    pub fn tone(self, tone: TextTone, text: &str) -> String {
        if self.0 && tone != TextTone::Plain && !text.is_empty() {
            format!("{}{text}{END}", tone.start())
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: TerminalInfo = TerminalInfo {
        stdout: true,
        stderr: true,
        shared: true,
        width: Some(80),
        color: None,
        dumb: false,
    };

    fn facts(vars: &[(&str, &str)]) -> TerminalInfo {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        SCREEN.with_variables(&vars)
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_variable_over_the_terminal() {
        use ColorChoice::{Always, Auto, Never};
        let piped = TerminalInfo { stderr: false, stdout: false, ..SCREEN };
        let table = [
            (Auto, facts(&[]), true),
            (Auto, piped, false),
            (Always, piped, true),
            (Never, facts(&[("CLICOLOR_FORCE", "1")]), false),
            (Auto, facts(&[("NO_COLOR", "1")]), false),
            (Auto, facts(&[("NO_COLOR", "")]), true),
            (Auto, facts(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), false),
            (Always, facts(&[("NO_COLOR", "1")]), true),
            (Auto, TerminalInfo { stderr: false, ..facts(&[("CLICOLOR_FORCE", "1")]) }, true),
            (Auto, facts(&[("CLICOLOR_FORCE", "0")]), true),
            (Auto, facts(&[("CLICOLOR", "0")]), false),
            (Auto, facts(&[("TERM", "dumb")]), false),
        ];
        for (color, facts, expected) in table {
            let style = Style::choose(&OutputFlags { color, ..OutputFlags::default() }, &facts);
            assert_eq!(style.color, expected, "{color:?} {facts:?}");
        }
    }

    #[test]
    fn each_stream_is_coloured_for_itself() {
        let style =
            Style::choose(&OutputFlags::default(), &TerminalInfo { stdout: false, ..SCREEN });
        assert!(style.color && !style.stdout_color && !style.shared && !style.stdout_terminal);
    }

    #[test]
    fn bars_need_a_screen_and_calm() {
        let calm = OutputFlags::default();
        let table = [
            (calm, SCREEN, true),
            (calm, TerminalInfo { stdout: false, shared: false, ..SCREEN }, true),
            (calm, TerminalInfo { stderr: false, ..SCREEN }, false),
            (calm, TerminalInfo { dumb: true, ..SCREEN }, false),
            (calm, TerminalInfo { width: Some(19), ..SCREEN }, false),
            (OutputFlags { no_progress: true, ..calm }, SCREEN, false),
            (OutputFlags { quiet: true, ..calm }, SCREEN, false),
            (OutputFlags { json: true, ..calm }, SCREEN, false),
            (OutputFlags { verbose: 1, ..calm }, SCREEN, false),
        ];
        for (flags, facts, expected) in table {
            assert_eq!(Style::choose(&flags, &facts).bars, expected, "{flags:?} {facts:?}");
        }
    }

    #[test]
    fn paint_leaves_text_alone_when_it_is_off() {
        assert_eq!(Painter(false).tone(TextTone::Bad, "x"), "x");
        assert_eq!(Painter(true).tone(TextTone::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Painter(true).tone(TextTone::Plain, "x"), "x");
    }
}
