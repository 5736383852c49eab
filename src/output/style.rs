//! What output looks like, decided once from flags and terminal. Pure.

use std::collections::BTreeMap;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// If the terminal supports it and the environment does not disable it
    #[default]
    Auto,
    /// Also if the output is not a terminal
    Always,
    /// No colours
    Never,
}

// Flags about output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub struct OutputFlags {
    /// Print results as JSON: one document, or one object per line for streamed results
    #[arg(long, global = true)]
    pub json: bool,

    /// Print only results, warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Verbose output (-vv for debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,

    /// Disable progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// The terminal of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct TerminalInfo {
    /// Whether standard output is a terminal.
    pub stdout: bool,
    /// Whether standard error is a terminal.
    pub stderr: bool,
    /// Whether both are the same terminal, pipe or file.
    pub shared: bool,
    /// Columns of the terminal.
    pub width: Option<u16>,
    /// The choice of `NO_COLOR`, `CLICOLOR` or `CLICOLOR_FORCE`.
    pub color: Option<bool>,
    /// `TERM=dumb`: no colours and no cursor movement.
    pub dumb: bool,
    /// Whether it is known to show progress in its tab or task bar (OSC 9;4).
    pub progress_reports: bool,
    /// Whether it is known to show links (OSC 8).
    pub links: bool,
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
        let program = set("TERM_PROGRAM");
        let vte = set("VTE_VERSION").and_then(|version| version.parse::<u32>().ok()).unwrap_or(0);
        let windows = set("WT_SESSION").is_some();
        // Multiplexers pass neither on, and keep the variables of the terminal that started them.
        let direct = !self.dumb && set("TMUX").is_none() && set("STY").is_none();
        // Old versions of kitty and iTerm2 show reports as notifications. iTerm2 names the feature `P`.
        let reports = windows
            || set("ConEmuANSI") == Some("ON")
            || matches!(program, Some("ghostty" | "WezTerm"))
            || program == Some("iTerm.app")
                && set("TERM_FEATURES").is_some_and(|features| features.contains('P'))
            || vte >= 7_900;
        let links = windows
            || matches!(program, Some("ghostty" | "WezTerm" | "iTerm.app" | "vscode"))
            || set("TERM") == Some("xterm-kitty")
            || set("KONSOLE_VERSION").is_some()
            || vte >= 5_000;
        self.progress_reports = direct && reports;
        self.links = direct && links;
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
    /// Whether both streams are the same terminal, pipe or file.
    pub shared: bool,
    pub bars: bool,
    /// Whether bars also report progress to the terminal itself (OSC 9;4).
    pub progress_reports: bool,
    /// Whether paths on standard error are links (OSC 8).
    pub links: bool,
    /// Whether paths on standard output are links.
    pub stdout_links: bool,
    /// Whether standard error is a terminal, where long sentences are wrapped.
    pub stderr_terminal: bool,
    /// Columns of the terminal; without one, nothing is wrapped.
    pub width: Option<u16>,
    pub json: bool,
    /// Whether only results, warnings and errors are shown.
    pub quiet: bool,
    pub verbose: u8,
}

/// Minimum number of columns for bars.
pub(crate) const NARROWEST: u16 = 32;

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
        let bars = facts.stderr && !facts.dumb && roomy && calm;
        let links = facts.links && !flags.json;
        Self {
            color: colored(facts.stderr),
            stdout_color: colored(facts.stdout),
            stdout_terminal: facts.stdout,
            shared: facts.shared && facts.stdout == facts.stderr,
            bars,
            progress_reports: bars && facts.progress_reports,
            links: links && facts.stderr,
            stdout_links: links && facts.stdout,
            stderr_terminal: facts.stderr,
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
        progress_reports: false,
        links: false,
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
    fn reports_and_links_are_for_terminals_that_are_known_to_have_them() {
        // (variables, reports, links)
        let table = [
            ("", false, false),
            ("TERM_PROGRAM=ghostty", true, true),
            ("WT_SESSION=1", true, true),
            ("ConEmuANSI=ON", true, false),
            ("TERM_PROGRAM=iTerm.app", false, true),
            ("TERM_PROGRAM=iTerm.app TERM_FEATURES=T3LrMSc7UUw9Ts3BFGsSyHNoSxFP", true, true),
            ("TERM=xterm-kitty", false, true),
            ("VTE_VERSION=7600", false, true),
            ("VTE_VERSION=8001", true, true),
            ("VTE_VERSION=x", false, false),
            ("WT_SESSION=1 TMUX=/tmp/t,1,0", false, false),
            ("WT_SESSION=1 TERM=dumb", false, false),
        ];
        let calm = OutputFlags::default();
        for (vars, reports, links) in table {
            let set: Vec<_> = vars.split(' ').filter_map(|var| var.split_once('=')).collect();
            let style = Style::choose(&calm, &facts(&set));
            assert_eq!((style.progress_reports, style.links), (reports, links), "{vars}");
        }
        let known = facts(&[("WT_SESSION", "1")]);
        let piped = Style::choose(&calm, &TerminalInfo { stdout: false, stderr: false, ..known });
        assert!(!piped.progress_reports && !piped.links && !piped.stdout_links);
        let json = Style::choose(&OutputFlags { json: true, ..calm }, &known);
        assert!(!json.progress_reports && !json.links && !json.stdout_links);
    }

    #[test]
    fn paint_leaves_text_alone_when_it_is_off() {
        assert_eq!(Painter(false).tone(TextTone::Bad, "x"), "x");
        assert_eq!(Painter(true).tone(TextTone::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Painter(true).tone(TextTone::Plain, "x"), "x");
    }
}
