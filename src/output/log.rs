//! The log, on standard error and in a file. Everything is logged with `tracing`.
//!
//! Keys and signed links are redacted by their types ([`crate::model::secret`]). Other crates do not
//! have such types, and HTTP libraries log headers and URLs at finer levels, so only their warnings and
//! errors are kept, regardless of the filter.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::ValueEnum;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

use super::printer::Printer;
use super::style::{Painter, TextTone};
use crate::model::text::escaped;
use crate::model::{Clock, Failure};

/// Format of the log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Lines of text
    #[default]
    Text,
    /// One JSON object per line (docs/json.md)
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// `RBGV_LOG`: directives such as `rbgv=debug` instead of the default levels.
    pub filter: Option<String>,
    /// `--log-file`: appended to, and readable only by its owner.
    pub file: Option<PathBuf>,
    /// `--log-format`, for the file.
    pub format: LogFormat,
}

/// Starts logging for the process: to standard error (warnings; more with `-v`, only errors with `-q`),
/// and to a file at debug level, if one is named.
pub fn init(options: &LogOptions, printer: &Printer, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    let subscriber = subscriber(options, printer, clock)?;
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|error| Failure::local("starting the log", &error))
}

pub fn subscriber(
    options: &LogOptions,
    printer: &Printer,
    clock: Arc<dyn Clock>,
) -> Result<impl Subscriber + Send + Sync + use<>, Failure> {
    let style = printer.style();
    let usual = match style.verbose {
        0 if style.quiet => "error",
        0 => "warn",
        1 => "warn,rbgv=info",
        2 => "warn,rbgv=debug",
        _ => "warn,rbgv=trace",
    };
    let lines = Lines {
        clock: Arc::clone(&clock),
        paint: printer.paint(),
        dated: false,
        placed: style.verbose > 0,
    };
    let screen = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .event_format(lines)
        .with_writer(Stderr(printer.clone()))
        .with_filter(filter(options, usual)?);
    let file = options.file.as_deref().map(|path| file_layer(options, path, clock)).transpose()?;
    Ok(Registry::default().with(file).with(screen))
}

type FileLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn file_layer(
    options: &LogOptions,
    path: &Path,
    clock: Arc<dyn Clock>,
) -> Result<FileLayer, Failure> {
    let opened: io::Result<File> =
        OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let file = opened
        .map_err(|error| Failure::local(format!("opening log file {}", path.display()), &error))?;
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(file));
    let filter = filter(options, "warn,rbgv=debug")?;
    Ok(match options.format {
        LogFormat::Text => {
            let lines = Lines { clock, paint: Painter(false), dated: true, placed: true };
            layer.event_format(lines).with_filter(filter).boxed()
        }
        LogFormat::Json => {
            layer.json().flatten_event(true).with_timer(Wall(clock)).with_filter(filter).boxed()
        }
    })
}

/// The directives of the user or the default ones; only warnings of other crates.
fn filter<S: Subscriber + for<'a> LookupSpan<'a>>(
    options: &LogOptions,
    usual: &str,
) -> Result<impl Filter<S> + use<S>, Failure> {
    let directives = options.filter.as_deref().unwrap_or(usual);
    let wanted = EnvFilter::try_new(directives).map_err(|error| {
        let what = format!("invalid log filter '{directives}'");
        Failure::configuration(what, error.to_string())
            .with_next("use a filter such as RBGV_LOG=rbgv=debug")
    })?;
    Ok(wanted.and(filter_fn(is_harmless)))
}

fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target == "rbgv" || target.starts_with("rbgv::");
    ours || *metadata.level() <= Level::WARN
}

/// Wall time, as RFC 3339 in UTC.
struct Wall(Arc<dyn Clock>);

impl FormatTime for Wall {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0.wall().0) {
            Ok(time) => write!(writer, "{time:.3}"),
            // Keep the line even if the clock is thousands of years off.
            Err(_) => writer.write_str("(no time)"),
        }
    }
}

/// One escaped line per event.
struct Lines {
    clock: Arc<dyn Clock>,
    paint: Painter,
    /// Whether lines start with the time.
    dated: bool,
    /// Whether lines name their module.
    placed: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.dated {
            Wall(Arc::clone(&self.clock)).format_time(&mut writer)?;
            writer.write_char(' ')?;
        }
        let metadata = event.metadata();
        let (tone, level) = match *metadata.level() {
            Level::ERROR => (TextTone::Bad, "error"),
            Level::WARN => (TextTone::Warn, "warning"),
            Level::INFO => (TextTone::Good, "info"),
            Level::DEBUG => (TextTone::Busy, "debug"),
            Level::TRACE => (TextTone::Dim, "trace"),
        };
        let mut text = String::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>().map_or("", |f| f.fields.as_str());
            write!(text, "{}{{{fields}}}: ", span.name())?;
        }
        context.format_fields(Writer::new(&mut text), event)?;
        let level = self.paint.tone(tone, &format!("{level}:"));
        let place = if self.placed { metadata.target() } else { "" };
        let colon = if self.placed { ": " } else { "" };
        writeln!(writer, "{level} {place}{colon}{}", escaped(&text))
    }
}

/// Writes through the printer, which suspends bars.
struct Stderr(Printer);

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl io::Write for &Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The layer writes whole lines.
        let text = String::from_utf8_lossy(bytes);
        self.0.stderr_line(text.trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{ApiKey, FailureKind, ManualClock, OutputLink};
    use crate::output::streams::{Capture, Streams};
    use crate::output::style::Style;

    fn logged(options: &LogOptions, style: Style, work: impl FnOnce()) -> Capture {
        let (streams, _, stderr) = Streams::captured();
        let printer = Printer::new(style, streams);
        let clock = Arc::new(ManualClock::default());
        tracing::subscriber::with_default(subscriber(options, &printer, clock).unwrap(), work);
        stderr
    }

    fn verbose(verbose: u8) -> Style {
        Style { verbose, ..Style::default() }
    }

    fn every_level() {
        tracing::error!(target: "rbgv::api", "e");
        tracing::warn!(target: "rbgv::api", "w");
        tracing::info!(target: "rbgv::api", "i");
        tracing::debug!(target: "rbgv::api", "d");
        tracing::trace!(target: "rbgv::api", "t");
    }

    #[test]
    fn each_v_tells_more() {
        let count =
            |style| logged(&LogOptions::default(), style, every_level).text().lines().count();
        assert_eq!([0, 1, 2, 3].map(|v| count(verbose(v))), [2, 3, 4, 5]);
        assert_eq!(count(Style { quiet: true, ..Style::default() }), 1);
    }

    #[test]
    fn a_line_has_spans_and_fields_and_is_escaped() {
        let stderr = logged(&LogOptions::default(), verbose(1), || {
            let _span = tracing::info_span!(target: "rbgv", "item", id = 3).entered();
            tracing::info!(target: "rbgv::api", status = 200, path = %"/v1/a\x1b[2J\nb", "got");
        });
        assert_eq!(
            stderr.text(),
            "info: rbgv::api: item{id=3}: got status=200 path=/v1/a\\u{1b}[2J\\nb\n"
        );
    }

    #[test]
    fn the_filter_is_obeyed_but_other_crates_stay_at_warnings() {
        let options = LogOptions { filter: Some("trace".into()), ..LogOptions::default() };
        let stderr = logged(&options, Style::default(), || {
            every_level();
            tracing::trace!(target: "h2::codec", "x-api-key: planted");
            tracing::warn!(target: "hyper", "odd");
        });
        let text = stderr.text();
        assert_eq!(text.lines().count(), 6, "{text}");
        assert!(!text.contains("planted") && text.contains("warning: odd"));
    }

    #[test]
    fn a_bad_filter_is_a_matter_of_configuration() {
        let (streams, ..) = Streams::captured();
        let printer = Printer::new(Style::default(), streams);
        let options = LogOptions { filter: Some("rbgv=loud".into()), ..LogOptions::default() };
        let clock = Arc::new(ManualClock::default());
        let failure = subscriber(&options, &printer, clock).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.what.contains("rbgv=loud"));
    }

    #[test]
    fn secrets_are_in_no_log() {
        let directory = tempfile::tempdir().unwrap();
        let key = ApiKey::new("sk-planted-key");
        let link = OutputLink::new("https://cdn.example/a.webm?signature=planted-link");
        let mut seen = String::new();
        for format in [LogFormat::Text, LogFormat::Json] {
            let file = directory.path().join(format!("{format:?}"));
            let options = LogOptions { filter: None, file: Some(file.clone()), format };
            let stderr = logged(&options, verbose(2), || {
                let _span = tracing::info_span!(target: "rbgv", "call", ?key, ?link).entered();
                tracing::info!(target: "rbgv::api", ?key, ?link, "asked {key:?} for {link:?}");
            });
            seen += &stderr.text();
            seen += &fs::read_to_string(&file).unwrap();
        }
        assert_eq!(seen.matches("asked").count(), 4, "{seen}");
        assert!(seen.contains(&key.fingerprint().0) && seen.contains("cdn.example/…"));
        assert!(!seen.contains("planted"), "{seen}");
    }

    #[test]
    fn a_file_is_added_to_and_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("log");
        let options = LogOptions { file: Some(file.clone()), ..LogOptions::default() };
        for _ in 0..2 {
            logged(&options, Style::default(), || {
                tracing::debug!(target: "rbgv::api", job = "j-1", "got");
            });
        }
        let line = "2026-01-01T00:00:00.000Z debug: rbgv::api: got job=\"j-1\"\n";
        assert_eq!(fs::read_to_string(&file).unwrap(), line.repeat(2));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn json_lines_have_their_fields_at_the_top() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("log");
        let format = LogFormat::Json;
        let options = LogOptions { file: Some(file.clone()), format, ..LogOptions::default() };
        logged(&options, Style::default(), || {
            tracing::info!(target: "rbgv::api", status = 200, job = "j\x1b-1", "got");
        });
        let text = fs::read_to_string(&file).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["timestamp"], "2026-01-01T00:00:00.000Z");
        assert_eq!((&value["level"], &value["target"]), (&"INFO".into(), &"rbgv::api".into()));
        assert_eq!((&value["status"], &value["message"]), (&200.into(), &"got".into()));
        assert!(!text.trim_end().chars().any(char::is_control));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_told() {
        let (streams, ..) = Streams::captured();
        let printer = Printer::new(Style::default(), streams);
        let options = LogOptions { file: Some("/nonexistent/log".into()), ..LogOptions::default() };
        let failure =
            subscriber(&options, &printer, Arc::new(ManualClock::default())).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Local);
    }
}
