//! Screens as people see them, in terminals of tmux. Jobs run until the test ends, so that a screen
//! stays as it is while it is read; only times differ.

use std::time::{Duration, Instant};

use crate::support::{Home, RBGV, Sandbox};
use crate::terminal::Terminal;

/// A terminal in which the program runs.
struct Screen(Terminal);

impl Screen {
    fn open(home: &Home, sandbox: &Sandbox, size: (u16, u16), args: &str) -> Self {
        let line = format!("'{RBGV}' {args}; echo \"exit code $?\"; cat");
        Self(Terminal::open(home, &home.keyed(sandbox), size, &line))
    }

    /// The screen once `reached` holds for it, without what differs between runs.
    fn shows(&self, reached: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let (last, steady) = loop {
            let last = self.0.screen();
            let steady =
                last.trim_end().lines().map(without_figures).collect::<Vec<_>>().join("\n");
            if reached(&steady) {
                break (last, steady);
            }
            assert!(began.elapsed() < Duration::from_mins(1), "it stays at\n{steady}");
            std::thread::sleep(Duration::from_millis(20));
        };
        let width = |line: &str| line.chars().count();
        let size = self.0.tmux().args(["display", "-p", "#{pane_width}"]).output().unwrap();
        let columns: usize = String::from_utf8(size.stdout).unwrap().trim().parse().unwrap();
        assert!(last.lines().all(|line| width(line) <= columns), "{last}");
        steady
    }
}

/// `line` with `T` for each time, such as `1 min 5 s` or `0.3 s`, and `N` for the number of a clip.
fn without_figures(line: &str) -> String {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let is_unit = |word: &str| matches!(word, "ms" | "s" | "s," | "s." | "min" | "min," | "h");
    let mut words: Vec<&str> = Vec::new();
    for word in line.trim_end().split(' ') {
        if is_unit(word) && words.last().is_some_and(|last| is_number(last)) {
            words.pop();
            // Right-aligned times are wide or narrow.
            while words.len() > 1 && words.last() == Some(&"") {
                words.pop();
            }
            if words.last() != Some(&"T") {
                words.push("T");
            }
        } else {
            words.push(word);
        }
    }
    let line = words.join(" ");
    let line = match line.split_once("job_") {
        Some((before, after)) => {
            format!("{before}job_X{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
        }
        None => line,
    };
    match line.split_once("clip-") {
        Some((before, after)) => {
            format!("{before}clip-N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line,
    }
}

/// Twelve clips, of which four are processed until the test ends: their options have never succeeded.
fn endless() -> (Home, Sandbox) {
    let sandbox = Sandbox::start(&["--timer", "100h", "--workers", "64"]);
    let home = Home::with(&sandbox);
    home.clips(12);
    (home, sandbox)
}

/// Whether all jobs run that start, for long enough that their rows say so.
fn is_steady(screen: &str) -> bool {
    let message = |line: &&str| line.starts_with("clip-N.mp4  processing") && line.ends_with(" T");
    screen.contains("0 of 12 done, 4 processing, 8 queued, T")
        && screen.lines().filter(message).count() == 4
}

#[test]
fn a_run_of_many_clips() {
    let (home, sandbox) = endless();
    let wide = Screen::open(&home, &sandbox, (200, 50), "run . -o out/");
    insta::assert_snapshot!(wide.shows(is_steady), @"
    12 clips, about 24.00 credits
    clip-N.mp4  processing   ────────────────────────────────────────   0%  job job_X T
    clip-N.mp4  processing   ────────────────────────────────────────   0%  job job_X T
    clip-N.mp4  processing   ────────────────────────────────────────   0%  job job_X T
    clip-N.mp4  processing   ────────────────────────────────────────   0%  job job_X T
    0 of 12 done, 4 processing, 8 queued, T
    ");
    drop(wide);
    let (home, sandbox) = endless();
    let usual = Screen::open(&home, &sandbox, (80, 24), "run . -o out/");
    insta::assert_snapshot!(usual.shows(is_steady), @"
    12 clips, about 24.00 credits
    clip-N.mp4  processing   ───────────────────────   0% T
    clip-N.mp4  processing   ───────────────────────   0% T
    clip-N.mp4  processing   ───────────────────────   0% T
    clip-N.mp4  processing   ───────────────────────   0% T
    0 of 12 done, 4 processing, 8 queued, T
    ");
    usual.0.press("C-c");
    insta::assert_snapshot!(usual.shows(|screen| screen.contains("exit code")), @"
    12 clips, about 24.00 credits
    note: stopping; press Ctrl-C again to quit now
    Stopped after T 4 jobs still running, 8 not started, about 8.00 credits.
      next: rbgv resume 1
    exit code 130
    ");
    for columns in [80, 40] {
        let status = Screen::open(&home, &sandbox, (columns, 50), "status");
        let screen = status.shows(|screen| screen.contains("exit code 0"));
        assert!(screen.contains("next: rbgv resume 1\n"), "{screen}");
        assert!(screen.contains("clip-N.mp4") && screen.contains("running 0%"), "{screen}");
        assert_eq!(screen.contains("estimated cost"), columns == 80, "{screen}");
    }
    let (home, sandbox) = endless();
    let narrow = Screen::open(&home, &sandbox, (40, 7), "run . -o out/");
    let screen = narrow.shows(|screen| {
        screen.contains("+1 more\n0 of 12 done, 4 processing, 8 queued")
            && screen.lines().filter(|line| line.ends_with("0% processing")).count() == 3
    });
    insta::assert_snapshot!(screen, @"
    12 clips, about 24.00 credits
    clip-N.mp4   0% processing
    clip-N.mp4   0% processing
    clip-N.mp4   0% processing
    +1 more
    0 of 12 done, 4 processing, 8 queued
    ");
}

#[test]
fn a_finished_run_names_outputs_by_relative_paths() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let terminal = Screen::open(&home, &sandbox, (80, 24), "run ./a.mp4 -o out/");
    insta::assert_snapshot!(terminal.shows(|screen| screen.contains("exit code")), @"
    1 clip, about 2.00 credits
    a.mp4: done in T about 2.00 credits -> out/a-nobg.webm
    1 done in T about 2.00 credits
    exit code 0
    ");
}

#[test]
fn stages_are_shown_as_they_end_with_a_spinner_on_the_running_one() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"GET /api/pricing\"\nnth = 1\ndo = { delay_answer = \"4s\" }\n",
    );
    let home = Home::with(&sandbox);
    let terminal = Screen::open(&home, &sandbox, (80, 24), "smoke-test");
    let screen =
        terminal.shows(|screen| screen.lines().last().is_some_and(|l| l.ends_with(" pricing")));
    assert!(screen.contains("ok    health "), "{screen}");
    let screen = terminal.shows(|screen| screen.contains("exit code"));
    let rows = screen.lines().skip_while(|line| !line.starts_with("ok "));
    let rows: Vec<&str> = rows.filter(|line| !line.starts_with("note: waiting for")).collect();
    insta::assert_snapshot!(rows.join("\n"), @"
    ok    name T  127.0.0.1
    ok    health T  healthy
    FAIL  pricing T  took T limit 3.0 s; original 60, light
                                         45, pro 180, human 45 per minute
    ok    authentication T  key accepted; missing and invalid keys are
                                         rejected
    ok    isolation T  other accounts' jobs return 404
    ok    listing T  0 of 0 jobs listed
    ok    usage T  0.00 credits in 7 days, 0 recent events
    not run: tls (plain http has no certificate)
    not run: success, output, credits, not-a-video, invalid-option, dead-link,
    no-credits (may spend credits; add --budget CREDITS)
    result: the service is slow: pricing
    next: rbgv smoke-test  # if it is still slow, report it to the vendor
    exit code 10
    ");
}
