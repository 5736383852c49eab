//! Documents that need no service: configuration, plans, diagnosis, the program itself.

use serde::Serialize;

/// `config show` and `profile show`: one for each setting
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SettingLine<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    /// `default`, a flag, a variable, or a file with a line.
    pub(crate) origin: &'a str,
}

/// `config path`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConfigPath {
    pub(crate) file: String,
    pub(crate) exists: bool,
}

/// `config set`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SettingStored<'a> {
    pub(crate) key: &'a str,
    pub(crate) file: String,
}

/// `config trust`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProjectTrusted<'a> {
    pub(crate) file: String,
    pub(crate) confirmed: &'a [String],
}

/// `init` and `profile add`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProfileAdded<'a> {
    pub(crate) profile: &'a str,
    pub(crate) file: String,
    /// The service has accepted the key.
    pub(crate) checked: bool,
}

/// `report`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ReportWritten {
    pub(crate) batch: i64,
    /// Absolute path of the page.
    pub(crate) report: String,
    pub(crate) inputs: usize,
    /// Size of the page.
    pub(crate) bytes: usize,
}

/// `open`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OpenedPath {
    pub(crate) path: String,
    /// False without a display.
    pub(crate) opened: bool,
}

/// `run --dry-run`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlanDocument<'a> {
    pub(crate) dry_run: bool,
    pub(crate) profile: &'a str,
    pub(crate) base_url: &'a str,
    pub(crate) model: &'static str,
    pub(crate) format: &'static str,
    pub(crate) background: String,
    pub(crate) todo: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) rejected: usize,
    pub(crate) estimated_credits: f64,
    /// Inputs of unknown price.
    pub(crate) unpriced: usize,
}

/// `upload`: one line for each file
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum UploadLine<'a> {
    Uploaded { input: String, video_url: &'a str },
}

/// `explain`: one for each code
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CodeLine<'a> {
    pub(crate) code: &'a str,
    pub(crate) sort: &'a str,
    pub(crate) means: &'a str,
    pub(crate) action: &'a str,
}

/// `doctor`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DoctorDocument<'a> {
    pub(crate) version: &'static str,
    /// Number of problems.
    pub(crate) findings: usize,
    pub(crate) checks: Vec<DoctorCheck<'a>>,
    pub(crate) configuration: Vec<SettingLine<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DoctorCheck<'a> {
    pub(crate) check: &'a str,
    pub(crate) state: &'static str,
    pub(crate) says: &'a str,
    pub(crate) mend: Option<&'a str>,
}

/// `sandbox`: once it is ready
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SandboxReady<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) cdn_url: &'a str,
    pub(crate) api_key: &'a str,
    pub(crate) admin_token: &'a str,
    pub(crate) pid: u32,
}

/// `model list` and `model install`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(
    not(feature = "matting"),
    allow(dead_code, reason = "the command is there with the engine only")
)]
pub(crate) struct ModelState {
    pub(crate) model: &'static str,
    pub(crate) state: &'static str,
    /// After an installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
}

/// `version`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VersionDocument<'a> {
    pub(crate) version: &'static str,
    pub(crate) commit: Option<&'a str>,
    /// Machine and operating system.
    pub(crate) target: &'a str,
    pub(crate) features: &'a [&'static str],
    pub(crate) contract: &'static str,
}
