//! Arguments that name inputs and outputs.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::env::Env;
use crate::flow::{Destination, FileSelection, InputList, InputSpec, NameTemplate};
use crate::model::{Failure, ObjectUrl};
use crate::output::events::messages::argument;

#[derive(Debug, Clone, Args)]
pub(crate) struct InputArgs {
    /// Videos: files, directories, http(s) URLs, objects (s3://, gs://, az://), or - for a list on
    /// standard input
    #[arg(value_name = "INPUT", required_unless_present = "from_file")]
    inputs: Vec<PathBuf>,

    /// Read more inputs from a file, one per line; may be repeated
    #[arg(long, value_name = "LIST")]
    from_file: Vec<PathBuf>,

    /// Lists are NUL-separated, as written by find -print0
    #[arg(short = '0', long)]
    null: bool,

    /// Recurse into subdirectories
    #[arg(short, long)]
    recursive: bool,

    /// Only include matching files of directories; may be repeated
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Exclude matching files and subdirectories of directories; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Identify objects by their content, which reads each one once
    #[arg(long)]
    hash: bool,

    /// Output directory or s3:// prefix, output file (for one input), or - for standard output [default:
    /// next to each input]
    #[arg(short, long, value_name = "OUT")]
    output: Option<OsString>,

    /// Output filename template, with {stem} {ending} {folder} {ext} {model} {format}
    #[arg(long, value_name = "TEMPLATE", value_parser = NameTemplate::parse, default_value = "{stem}-nobg.{ext}")]
    name: NameTemplate,
}

/// The resolved arguments.
pub(crate) struct Inputs {
    pub(crate) named: Vec<InputSpec>,
    pub(crate) lists: Vec<InputList>,
    pub(crate) selection: FileSelection,
    pub(crate) destination: Destination,
    pub(crate) template: NameTemplate,
    /// Objects are identified by their content.
    pub(crate) hash: bool,
}

impl Inputs {
    /// A copy without the lists, which can only be read once.
    pub(crate) fn again(&self) -> Self {
        Self {
            named: self.named.clone(),
            lists: Vec::new(),
            selection: self.selection.clone(),
            destination: self.destination.clone(),
            template: self.template.clone(),
            hash: self.hash,
        }
    }
}

impl InputArgs {
    /// Opens the lists and decides where outputs go.
    pub(crate) fn resolve(self, env: &Env) -> Result<Inputs, Failure> {
        let selection = FileSelection::new(self.recursive, &self.include, &self.exclude)?;
        let mut lists = Vec::new();
        for path in &self.from_file {
            lists.push(open_list(&env.current_dir.join(path), self.null)?);
        }
        let mut named = Vec::new();
        for input in self.inputs {
            if input.as_os_str() == "-" {
                let reader = Box::new(std::io::stdin());
                lists.push(InputList { path: None, reader, nul: self.null });
            } else {
                named.push(InputSpec::read(input));
            }
        }
        let several = named.len() > 1 || !lists.is_empty() || has_directory(&named, env);
        let destination = destination(self.output, several, env)?;
        let selection = match &destination {
            Destination::Directory(outputs) => {
                selection.without_outputs_in(env.current_dir.join(outputs))
            }
            Destination::Prefix(prefix) => selection.without_objects_below(prefix.clone()),
            _ => selection,
        };
        let (template, hash) = (self.name, self.hash);
        Ok(Inputs { named, lists, selection, destination, template, hash })
    }
}

fn has_directory(named: &[InputSpec], env: &Env) -> bool {
    named.iter().any(|input| match input {
        InputSpec::Path(path) => env.current_dir.join(path).is_dir(),
        InputSpec::Url(_) => false,
        InputSpec::Object(url) => url.is_prefix() || url.glob_start().is_some(),
    })
}

fn open_list(path: &Path, nul: bool) -> Result<InputList, Failure> {
    let refused = |why: String, next: &str| {
        let shown = argument(&path.to_string_lossy());
        Failure::usage(format!("--from-file {shown}"), why).with_next(format!("{next} {shown}"))
    };
    let file = File::open(path).map_err(|error| refused(error.to_string(), "ls -l"))?;
    if path.is_dir() {
        return Err(refused("this is a directory, not a list of inputs".to_owned(), "rbgv run"));
    }
    Ok(InputList { path: Some(path.to_owned()), reader: Box::new(file), nul })
}

/// The destination of `-o` with the URL of an object: a prefix if it ends with a slash, or for several inputs.
pub(crate) fn object_destination(
    url: Result<ObjectUrl, String>,
    several: bool,
) -> Result<Destination, Failure> {
    let url =
        url.map_err(|why| Failure::usage("-o", why).with_next("use -o s3://BUCKET/PREFIX/"))?;
    if url.is_prefix() {
        return Ok(Destination::Prefix(url));
    }
    if several {
        return Ok(Destination::Prefix(url.with_key(format!("{}/", url.key))));
    }
    Ok(Destination::Object(url))
}

/// `-o` is a directory if it exists as one, ends with a slash, or there are several inputs or a
/// directory of them.
fn destination(output: Option<OsString>, several: bool, env: &Env) -> Result<Destination, Failure> {
    let Some(output) = output else { return Ok(Destination::Beside) };
    let usage = |why: &str, next: &str| Err(Failure::usage("-o", why).with_next(next));
    if output == "-" {
        if several {
            return usage("standard output can take only one output", "use -o DIR/");
        }
        if env.terminal.stdout {
            return usage(
                "standard output is a terminal, which cannot show a video",
                "use -o FILE, or redirect: -o - > FILE",
            );
        }
        return Ok(Destination::Stdout);
    }
    if let Some(url) = output.to_str().and_then(ObjectUrl::parse) {
        return object_destination(url, several);
    }
    let slash = output.as_encoded_bytes().ends_with(b"/");
    let path = PathBuf::from(output);
    let absolute = env.current_dir.join(&path);
    if slash || several || absolute.is_dir() {
        if absolute.exists() && !absolute.is_dir() {
            return usage("this is a file, but several outputs need a directory", "use -o DIR/");
        }
        return Ok(Destination::Directory(path));
    }
    Ok(Destination::File(path))
}
