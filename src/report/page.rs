//! The HTML of the page.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::charts::{histogram, histogram_text, timeline};
use super::data::{BatchFacts, Clip, Cost, Report, ReportRow, RowState, Side};
use crate::output::formats::amounts;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Rows of a section. Only the sections on the screen are laid out.
const SECTION_ROWS: usize = 100;

/// Begin of the title of every page.
const TITLE: &str = "rbgv batch ";

/// Bytes from the start of a page that contain its title.
pub const PAGE_HEAD: u64 = 4_096;

/// Whether a file that starts with `head` is a page of [`render`].
#[must_use]
pub fn is_page(head: &[u8]) -> bool {
    let title = format!("<title>{TITLE}");
    head.starts_with(b"<!DOCTYPE html>")
        && head.windows(title.len()).any(|part| part == title.as_bytes())
}

/// The whole page.
#[must_use]
pub fn render(report: &Report) -> String {
    let batch = &report.batch;
    let title = format!("{TITLE}{}", batch.number);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Batch " (batch.number) }
                    (batch_facts(batch, report.rows.len()))
                }
                main {
                    (charts(report))
                    (filters(&report.rows))
                    (table(&report.rows))
                }
                (data(&report.rows))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// Nothing is loaded but clips beside the page and what it embeds; only its own script and style
/// apply. `file:` is for browsers in which a local page has no origin of its own.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; img-src 'self' file: data:; media-src 'self' file: data:; \
         style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn batch_facts(batch: &BatchFacts, inputs: usize) -> Markup {
    let state = match batch.finished_at {
        Some(at) => format!("finished {}", amounts::time(at)),
        None => format!("not finished; as of {}", amounts::time(batch.written_at)),
    };
    html! {
        p .batch {
            (amounts::counted(inputs as u64, "input", "inputs")) " · profile " (batch.profile)
            @if let Some(machine) = &batch.machine { " · machine " (machine) }
            " · " (batch.service) " · created " (amounts::time(batch.created_at)) " · " (state)
            " · " (cost(&batch.cost))
        }
    }
}

fn cost(cost: &Cost) -> String {
    let about = if cost.is_estimate { "about " } else { "" };
    format!("{about}{}", amounts::credits(cost.credits))
}

fn charts(report: &Report) -> Markup {
    html! {
        div .charts {
            @if let Some(drawn) = timeline(&report.timeline) {
                figure {
                    figcaption {
                        "Timeline "
                        span .key.submitted { "submitted" } " "
                        span .key.finished { "finished" } " "
                        span .key.active { "in progress" } " "
                        span .key.refusal { "refused" } " "
                        span .key.pause { "paused" }
                    }
                    (drawn)
                }
            }
            @if let Some(drawn) = histogram(&report.job_times) {
                figure {
                    figcaption { "Job times: " (histogram_text(&report.job_times)) }
                    (drawn)
                }
            }
        }
    }
}

fn filters(rows: &[ReportRow]) -> Markup {
    let number = |state: RowState| rows.iter().filter(|row| row.state == state).count() as u64;
    html! {
        form .filters role="search" {
            fieldset {
                legend .hidden { "Filter by state" }
                label { input type="radio" name="state" value="" checked; span {
                    "all " (amounts::count(rows.len() as u64))
                } }
                @for state in RowState::ALL.iter().filter(|state| number(**state) > 0) {
                    label { input type="radio" name="state" value=(state.as_str()); span {
                        (state.label()) " " (amounts::count(number(*state)))
                    } }
                }
            }
            input #search type="search" aria-label="Search by name, job, ID or reason"
                placeholder="Search" autocomplete="off";
            output #shown aria-live="polite" {}
        }
        noscript { p { "Without scripts, the page shows no clips and has no filter." } }
    }
}

fn table(rows: &[ReportRow]) -> Markup {
    let headings = ["State", "Input", "Upload", "Queue", "Processing", "Download", "Credits"];
    html! {
        div #inputs role="table" aria-label="Inputs" aria-rowcount=(rows.len() + 1) {
            div role="rowgroup" {
                div .row.head role="row" {
                    @for heading in headings { div role="columnheader" { (heading) } }
                }
            }
            @for (number, section) in rows.chunks(SECTION_ROWS).enumerate() {
                div .section role="rowgroup" {
                    @for (place, row) in section.iter().enumerate() {
                        (table_row(row, number * SECTION_ROWS + place))
                    }
                }
            }
        }
    }
}

fn table_row(row: &ReportRow, number: usize) -> Markup {
    let times = row.times;
    let phases = [times.upload, times.queue, times.processing, times.download];
    html! {
        div #{"r" (number)} class={"row " (row.state.as_str())} role="row" {
            div role="cell" { (row.state.label()) }
            div role="cell" {
                button aria-expanded="false" { (row.name) }
                @if let Some(reason) = &row.reason { p { (reason) } }
            }
            @for phase in phases {
                div role="cell" { @if let Some(took) = phase { (amounts::duration(took)) } }
            }
            div role="cell" {
                @if let Some(amount) = &row.cost {
                    @if amount.is_estimate { "≈ " }
                    (amount.credits)
                }
            }
        }
    }
}

/// What the script shows when a row is opened.
#[derive(Serialize)]
struct RowDetails<'a> {
    #[serde(rename = "b")]
    before: &'a Side,
    #[serde(rename = "a")]
    after: &'a Side,
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    frame: Option<f64>,
    #[serde(rename = "i")]
    facts: &'a [(&'static str, String)],
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// Data blocks, which are not scripts: one of JSON, and one for each embedded file.
fn data(rows: &[ReportRow]) -> Markup {
    let details: Vec<RowDetails<'_>> = rows
        .iter()
        .map(|row| RowDetails {
            before: &row.before,
            after: &row.after,
            frame: row.frame,
            facts: &row.facts,
            next: row.next.as_deref(),
        })
        .collect();
    let details = serde_json::to_string(&details).unwrap_or_else(|_| "[]".to_owned());
    // Ends no element and begins no comment.
    let details = details.replace('<', "\\u003c");
    html! {
        script #details type="application/json" { (PreEscaped(details)) }
        @for (number, row) in rows.iter().enumerate() {
            (embedded("b", number, &row.before))
            (embedded("a", number, &row.after))
        }
    }
}

fn embedded(side: &str, number: usize, clip: &Side) -> Markup {
    let Side::File(Clip { poster, embedded, .. }) = clip else { return html! {} };
    html! {
        @for (kind, url) in [("p", poster), ("e", embedded)] {
            @if let Some(url) = url {
                // A data URL in Base64 has no character that means anything in HTML.
                script id={ (kind) (side) (number) } type="text/plain" { (PreEscaped(url)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Credits, Timestamp};
    use crate::report::{BatchFacts, ClipKind, Histogram, PhaseTimes, Timeline};

    const HOSTILE: &str = "\"><img src=x onerror=alert(1)></script><!--";

    fn report() -> Report {
        let clip = |link: &str, kind| {
            Side::File(Clip { link: link.into(), kind, poster: None, embedded: None, note: None })
        };
        let row = |state, name: &str, after| ReportRow {
            name: name.into(),
            state,
            reason: (state == RowState::Failed).then(|| HOSTILE.into()),
            next: Some(HOSTILE.into()),
            job: Some("j-1".into()),
            times: PhaseTimes::default(),
            cost: Some(Cost { credits: Credits(2.5), is_estimate: true }),
            facts: vec![("job", HOSTILE.into())],
            before: clip("a.mp4", ClipKind::Video),
            after,
            frame: Some(0.04),
        };
        let embedded = Side::File(Clip {
            link: "a.webm".into(),
            kind: ClipKind::Video,
            poster: Some("data:image/png;base64,AA==".into()),
            embedded: None,
            note: None,
        });
        Report {
            batch: BatchFacts {
                number: 7,
                profile: HOSTILE.into(),
                machine: Some(HOSTILE.into()),
                service: "https://api.example".into(),
                created_at: Timestamp(0),
                finished_at: None,
                written_at: Timestamp(60_000),
                cost: Cost { credits: Credits(5.0), is_estimate: true },
            },
            rows: vec![
                row(RowState::Failed, HOSTILE, Side::Missing { why: HOSTILE.into() }),
                row(RowState::Done, "a.mp4", embedded),
            ],
            timeline: Timeline::default(),
            job_times: Histogram::default(),
        }
    }

    #[test]
    fn foreign_text_is_never_markup() {
        let page = render(&report());
        assert!(!page.contains("<img") && !page.contains("<!--"), "{page}");
        assert!(page.contains("&gt;&lt;img src=x onerror=alert(1)&gt;"));
        // Of the details, of the poster, and of the script of the page itself.
        assert_eq!(page.matches("</script>").count(), 3);
        let details = page.split_once("type=\"application/json\">").unwrap().1;
        let details = details.split_once("</script>").unwrap().0;
        let read: serde_json::Value = serde_json::from_str(details).unwrap();
        assert_eq!(read[0]["a"]["t"], HOSTILE);
        assert_eq!(read[1]["b"]["h"], "a.mp4");
        // What is embedded has a block of its own.
        assert_eq!(read[1]["a"], serde_json::json!({"h": "a.webm", "k": "v"}));
        assert!(page.contains("<script id=\"pa1\" type=\"text/plain\">data:image/png;base64,AA=="));
    }

    #[test]
    fn the_policy_allows_this_style_and_script_only() {
        let page = render(&report());
        for (start, end, kind) in
            [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
        {
            let text = page.split_once(start).unwrap().1.split_once(end).unwrap().0;
            let hash = BASE64_STANDARD.encode(Sha256::digest(text));
            assert!(
                page.contains(&format!("{kind} &#39;sha256-{hash}&#39;"))
                    || page.contains(&format!("{kind} 'sha256-{hash}'")),
                "{kind}"
            );
        }
        assert!(page.contains("default-src 'none'") || page.contains("default-src &#39;none&#39;"));
        // An attribute with style or script would be refused by the policy.
        assert!(!page.contains(" style=") && !page.contains(" onclick="));
        assert!(!page.contains("http://") && page.matches("https://").count() == 1, "the service");
    }

    #[test]
    fn rows_are_in_sections_and_counted_by_state() {
        let mut report = report();
        let row = report.rows[1].clone();
        report.rows.resize(201, row);
        let page = render(&report);
        assert_eq!(page.matches("class=\"section\"").count(), 3);
        assert!(page.contains("all 201") && page.contains("failed 1") && page.contains("done 200"));
        assert!(page.contains("aria-rowcount=\"202\"") && page.contains("id=\"r200\""));
        let head = usize::try_from(PAGE_HEAD).unwrap();
        assert!(is_page(&page.as_bytes()[..head]) && !is_page(b"<!DOCTYPE html><title>other"));
        assert!(page.contains("not finished; as of 1970-01-01 00:01:00Z"));
    }
}
