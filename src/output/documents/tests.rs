//! The JSON Schemas in `docs/schema/`: one file for each document, generated from its type.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::Schema;
use schemars::generate::SchemaSettings;

use super::account::{
    KeyLine, KeySwitch, NewKeyDocument, ProfileChecks, ProfileLine, RotationDocument,
    RotationStatus,
};
use super::local::{
    CodeLine, ConfigPath, DoctorDocument, ModelState, OpenedPath, PlanDocument, ProfileAdded,
    ProjectTrusted, ReportWritten, SandboxReady, SettingLine, SettingStored, UploadLine,
    VersionDocument,
};
use super::smoke::SmokeDocument;
use super::status::{AttemptHistory, LimitsDocument, ServiceJobLine, StatusDocument, StepLine};
use super::usage::{AuditDocument, GroupedUsage, UsageDocument};
use super::webhooks::{ListenLine, VerificationDocument, WebhookSent};
use crate::output::events::json::{FailedCommand, JsonLine};

macro_rules! schemas {
    ($($name:literal: $type:ty,)*) => {
        BTreeMap::from([$(($name, SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<$type>())),*])
    };
}

/// By file name, which is the command with its flag.
fn schemas() -> BTreeMap<&'static str, Schema> {
    schemas! {
        "config-get": SettingLine<'_>,
        "config-path": ConfigPath,
        "config-set": SettingStored<'_>,
        "config-show": Vec<SettingLine<'_>>,
        "config-trust": ProjectTrusted<'_>,
        "doctor": DoctorDocument<'_>,
        "error": FailedCommand<'_>,
        "explain": Vec<CodeLine<'_>>,
        "keys-create": NewKeyDocument<'_>,
        "keys-list": Vec<KeyLine<'_>>,
        "keys-switch": KeySwitch<'_>,
        "listen": ListenLine<'_>,
        "listen-verify": VerificationDocument<'_>,
        "logs": AttemptHistory<'_>,
        "logs-step": StepLine<'_>,
        "model": ModelState,
        "open": OpenedPath,
        "profile-add": ProfileAdded<'_>,
        "profile-check": ProfileChecks<'_>,
        "profile-list": Vec<ProfileLine>,
        "profile-rotate": RotationDocument<'_>,
        "profile-rotate-status": RotationStatus<'_>,
        "report": ReportWritten,
        "run": JsonLine<'_>,
        "run-dry-run": PlanDocument<'_>,
        "sandbox": SandboxReady<'_>,
        "smoke-test": SmokeDocument<'_>,
        "status": StatusDocument<'_>,
        "status-job": ServiceJobLine<'_>,
        "status-limits": LimitsDocument<'_>,
        "trigger": WebhookSent<'_>,
        "upload": UploadLine<'_>,
        "usage": UsageDocument<'_>,
        "usage-by": GroupedUsage<'_>,
        "usage-reconcile": AuditDocument<'_>,
        "version": VersionDocument<'_>,
    }
}

/// Compares the committed files with the types, and writes them anew if `WRITE_SCHEMAS` is set.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for the person who runs the test")]
fn the_committed_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let writes = std::env::var_os("WRITE_SCHEMAS").is_some();
    let schemas = schemas();
    for (name, schema) in &schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        let file = folder.join(format!("{name}.json"));
        if writes {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == text,
            "{name} differs: WRITE_SCHEMAS=1 cargo test --lib documents::tests"
        );
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, schemas.len(), "a file of docs/schema has no type");
}
